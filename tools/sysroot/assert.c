/* A failed C assertion ends the process at once: the agent's crash handler records SIGABRT and the
 * pc. musl's own also prints the text, which brings stdio's formatting, 12 KB, into every agent. */
#include <stdlib.h>

_Noreturn void __assert_fail(const char *text, const char *file, int line, const char *function) {
    (void)text, (void)file, (void)line, (void)function;
    abort();
}
