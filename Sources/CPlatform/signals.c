/* Signals that ask something of the process, as a descriptor to poll. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

_Static_assert(SIGHUP == 1 && SIGINT == 2 && SIGTERM == 15, "Linux");

int32_t platform_signals_ignore(void) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) < 0) return -errno;
    if (sigaction(SIGXFSZ, &ignore, NULL) < 0) return -errno;
    return 0;
}

int32_t platform_signals_open(void) {
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGHUP);
    sigaddset(&asked, SIGINT);
    sigaddset(&asked, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &asked, NULL) < 0) return -errno;
    return result(signalfd(-1, &asked, SFD_NONBLOCK | SFD_CLOEXEC));
}

int32_t platform_signals_next(int32_t descriptor) {
    struct signalfd_siginfo info;
    ssize_t size;
    do size = read(descriptor, &info, sizeof info);
    while (size < 0 && errno == EINTR);
    if (size < 0) return errno == EAGAIN ? 0 : -errno;
    return size == sizeof info ? (int32_t)info.ssi_signo : -EIO;
}
