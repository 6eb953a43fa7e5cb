/* TCP connections out, by number or by name. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

static int32_t resolve_error(int code) {
    switch (code) {
    case EAI_AGAIN: return -EAGAIN;
    case EAI_MEMORY: return -ENOMEM;
    case EAI_SYSTEM: return errno != 0 ? -errno : -EHOSTUNREACH;
    default: return -EHOSTUNREACH;
    }
}

/* Sets the port without a service name in decimal, which would need snprintf: 8 KB of libc. */
static void set_port(struct sockaddr *address, uint16_t port) {
    if (address->sa_family == AF_INET6) ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    else ((struct sockaddr_in *)address)->sin_port = htons(port);
}

/* Numbers first, so that an address never reaches a name server. */
static int32_t resolve(const uint8_t *host, uint16_t port, struct addrinfo **list) {
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST,
    };
    int code = getaddrinfo((const char *)host, NULL, &hints, list);
    if (code == EAI_NONAME) {
        hints.ai_flags = 0;
        code = getaddrinfo((const char *)host, NULL, &hints, list);
    }
    if (code != 0) return resolve_error(code);
    for (struct addrinfo *a = *list; a != NULL; a = a->ai_next) set_port(a->ai_addr, port);
    return 0;
}

static int32_t begin(const struct addrinfo *address) {
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int descriptor = socket(address->ai_family, type, address->ai_protocol);
    if (descriptor < 0) return -errno;
    int on = 1; /* Requests are written whole: waiting to join small packets only adds delay. */
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS
        && errno != EINTR) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int32_t platform_tcp_begin(const uint8_t *host, uint16_t port, int32_t attempt) {
    struct addrinfo *list;
    int32_t status = resolve(host, port, &list);
    if (status < 0) return status;
    const struct addrinfo *address = list;
    for (; address != NULL && attempt > 0; attempt--) address = address->ai_next;
    status = address == NULL || attempt < 0 ? -ENOENT : begin(address);
    freeaddrinfo(list);
    return status;
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

/* Waits for one started connection: its descriptor, or the error after closing it. */
static int32_t await(int32_t descriptor, int64_t timeout_ns) {
    platform_poll_entry entry = {descriptor, platform_poll_writable, 0};
    int32_t status = platform_poll(&entry, 1, timeout_ns);
    if (status == 0) status = -ETIMEDOUT;
    if (status > 0) status = platform_tcp_finish(descriptor);
    if (status == 0) return descriptor;
    close(descriptor);
    return status;
}

int32_t platform_tcp_connect(const uint8_t *host, uint16_t port, int64_t timeout_ns) {
    struct addrinfo *list;
    int32_t status = resolve(host, port, &list);
    if (status < 0) return status;
    int64_t start = platform_monotonic_ns();
    for (const struct addrinfo *address = list; address != NULL; address = address->ai_next) {
        int64_t rest = timeout_ns - (platform_monotonic_ns() - start);
        if (timeout_ns >= 0 && rest < 0) break;
        status = begin(address);
        if (status >= 0) status = await(status, timeout_ns < 0 ? -1 : rest);
        if (status >= 0) break;
    }
    freeaddrinfo(list);
    return status;
}
