/* Clocks, waiting, randomness, arguments, standard output. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "CPlatform.h"
#include "result.h"

_Static_assert(sizeof(time_t) == 8, "times past 2038");
_Static_assert(POLLIN == 1 && POLLOUT == 4 && POLLERR == 8 && POLLHUP == 16 && POLLNVAL == 32, "");
_Static_assert(sizeof(struct pollfd) == sizeof(platform_poll_entry), "the same structure");
_Static_assert(offsetof(struct pollfd, events) == offsetof(platform_poll_entry, events), "");
_Static_assert(offsetof(struct pollfd, revents) == offsetof(platform_poll_entry, results), "");

static int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) < 0) return -errno;
    return nanoseconds(t.tv_sec, t.tv_nsec);
}

int64_t platform_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

int64_t platform_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

int32_t platform_wall_is_synchronized(void) {
    struct timex state = {.modes = 0};
    int status = adjtimex(&state);
    return status >= 0 && status != TIME_ERROR && !(state.status & STA_UNSYNC);
}

/* The end of a wait as a moment on the monotonic clock; for ever is INT64_MAX. */
static int64_t deadline_after(int64_t duration_ns) {
    int64_t end;
    if (duration_ns < 0) return INT64_MAX;
    if (__builtin_add_overflow(platform_monotonic_ns(), duration_ns, &end)) return INT64_MAX;
    return end;
}

int32_t platform_poll(platform_poll_entry *entries, size_t count, int64_t timeout_ns) {
    int64_t deadline = deadline_after(timeout_ns);
    for (;;) {
        int64_t rest = deadline == INT64_MAX ? 0 : deadline - platform_monotonic_ns();
        if (rest < 0) rest = 0;
        struct timespec t = {.tv_sec = rest / 1000000000, .tv_nsec = (long)(rest % 1000000000)};
        int status =
            ppoll((struct pollfd *)entries, count, deadline == INT64_MAX ? NULL : &t, NULL);
        if (status >= 0) return status;
        if (errno != EINTR) return -errno;
    }
}

void platform_sleep(int64_t duration_ns) {
    platform_poll_entry nothing = {-1, 0, 0};
    if (duration_ns > 0) platform_poll(&nothing, 0, duration_ns);
}

int32_t platform_random(void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = getrandom((uint8_t *)buffer + done, size - done, 0);
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) done += (size_t)n;
    }
    return 0;
}

int64_t platform_print(const void *bytes, size_t size) { return platform_write(1, bytes, size); }

int64_t platform_print_error(const void *bytes, size_t size) {
    return platform_write(2, bytes, size);
}

static int32_t argument_count;
static char **arguments;

#ifdef __GLIBC__
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}
#else
/* musl gives constructors no arguments. Linux starts every process with the words `argc, argv[0],
 * …, argv[argc - 1], NULL, environment …` on its stack, and `environ` points to that environment
 * until somebody changes it. Walking back from it, the first word that equals the number of words
 * passed is argc: an argument's address is never that small. */
__attribute__((constructor)) static void find_arguments(void) {
    uintptr_t *end = (uintptr_t *)environ - 1;
    ptrdiff_t count = 0;
    while (end[-1 - count] != (uintptr_t)count) count++;
    argument_count = (int32_t)count;
    arguments = (char **)(end - count);
}
#endif

int32_t platform_argument_count(void) { return argument_count; }

const uint8_t *platform_argument(int32_t index) {
    if (index < 0 || index >= argument_count) return NULL;
    return (const uint8_t *)arguments[index];
}

const uint8_t *platform_environment(const uint8_t *name) {
    return (const uint8_t *)getenv((const char *)name);
}

int32_t platform_process_id(void) { return getpid(); }

void platform_exit(int32_t code) { _exit(code); }
