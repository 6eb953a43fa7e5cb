/* Unix-domain listening and connecting, accept, send and receive. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

static const int stream_type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

static int32_t set_address(const uint8_t *path, struct sockaddr_un *address) {
    size_t length = strlen((const char *)path);
    if (length == 0) return -EINVAL;
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return 0;
}

static int32_t close_with(int32_t descriptor, int32_t error) {
    close(descriptor);
    return error;
}

int32_t platform_unix_connect(const uint8_t *path) {
    struct sockaddr_un address;
    int32_t status = set_address(path, &address);
    if (status < 0) return status;
    int descriptor = socket(AF_UNIX, stream_type, 0);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
        return close_with(descriptor, -errno);
    return descriptor;
}

/* Removes the socket file at `path` if no process listens on it. */
static int32_t remove_stale(const uint8_t *path) {
    struct stat s;
    if (lstat((const char *)path, &s) < 0) return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(s.st_mode)) return -ENOTSOCK;
    int32_t other = platform_unix_connect(path);
    if (other >= 0) return close_with(other, -EADDRINUSE);
    if (other != -ECONNREFUSED) return other == -EAGAIN ? -EADDRINUSE : other;
    return result(unlink((const char *)path));
}

/* The mode is narrowed before the name exists and made exact after, whatever the umask is. */
static int32_t bind_private(int32_t descriptor, const struct sockaddr_un *address) {
    if (fchmod(descriptor, 0660) < 0) return -errno;
    if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) < 0) return -errno;
    return result(chmod(address->sun_path, 0660));
}

int32_t platform_unix_listen(const uint8_t *path, int32_t backlog) {
    struct sockaddr_un address;
    int32_t status = set_address(path, &address);
    if (status == 0) status = remove_stale(path);
    if (status < 0) return status;
    int descriptor = socket(AF_UNIX, stream_type, 0);
    if (descriptor < 0) return -errno;
    status = bind_private(descriptor, &address);
    if (status < 0) return close_with(descriptor, status);
    if (listen(descriptor, backlog) < 0) return close_with(descriptor, -errno);
    return descriptor;
}

int32_t platform_accept(int32_t listener) {
    int descriptor;
    do descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    return result(descriptor);
}

int64_t platform_send(int32_t descriptor, const void *buffer, size_t size) {
    ssize_t sent;
    do sent = send(descriptor, buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int64_t platform_receive(int32_t descriptor, void *buffer, size_t size) {
    ssize_t received;
    do received = recv(descriptor, buffer, size, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

int32_t platform_finish_sending(int32_t descriptor) {
    return result(shutdown(descriptor, SHUT_WR));
}
