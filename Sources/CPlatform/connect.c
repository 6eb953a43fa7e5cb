/* TCP connections out, to a number: a resolver of names would wait, and is 20 KB of libc. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

/* An address of either family; `size` is 0 when the text is no number. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in version4;
        struct sockaddr_in6 version6;
    } value;
    socklen_t size;
};

static struct address parse(const char *host, uint16_t port) {
    struct address address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, host, &address.value.version4.sin_addr) == 1) {
        address.value.version4.sin_family = AF_INET;
        address.value.version4.sin_port = htons(port);
        address.size = sizeof address.value.version4;
    } else if (inet_pton(AF_INET6, host, &address.value.version6.sin6_addr) == 1) {
        address.value.version6.sin6_family = AF_INET6;
        address.value.version6.sin6_port = htons(port);
        address.size = sizeof address.value.version6;
    }
    return address;
}

int32_t platform_tcp_begin(const uint8_t *host, uint16_t port) {
    const struct address address = parse((const char *)host, port);
    if (address.size == 0) return -EHOSTUNREACH;
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int descriptor = socket(address.value.any.sa_family, type, 0);
    if (descriptor < 0) return -errno;
    int on = 1; /* Requests are written whole: waiting to join small packets only adds delay. */
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, &address.value.any, address.size) < 0 && errno != EINPROGRESS
        && errno != EINTR) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int32_t platform_tcp_finish(int32_t descriptor) {
    platform_poll_entry entry = {descriptor, platform_poll_writable, 0};
    int32_t ready = platform_poll(&entry, 1, 0);
    if (ready <= 0) return ready < 0 ? ready : -EINPROGRESS;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
    return -error;
}
