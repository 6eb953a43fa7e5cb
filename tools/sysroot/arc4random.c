/* arc4random_buf for musl, which lacks it: Swift seeds Dictionary and Set, and makes random
 * numbers, with it. It cannot report an error, so it ends the process when the kernel has none. */
#include <stddef.h>
#include <sys/random.h>

void arc4random_buf(void *buffer, size_t size) {
    unsigned char *next = buffer;
    while (size > 0) {
        ssize_t n = getrandom(next, size < 256 ? size : 256, 0);
        if (n < 0) __builtin_trap();
        next += n;
        size -= (size_t)n;
    }
}
