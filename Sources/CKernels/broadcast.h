/* The walk over two operands that broadcast: which elements meet at the next output. */
#ifndef MARTLET_BROADCAST_H
#define MARTLET_BROADCAST_H

#include <stddef.h>
#include <stdint.h>

/* Moves the offsets of both operands to the next index of `rank` extents, the last fastest; false
 * behind the last index. Strides count elements, 0 repeats one; `index` begins with zeros. */
static inline int martlet_next(
    int32_t rank, const int32_t *extents, const int32_t *a_strides, const int32_t *b_strides,
    int32_t *index, ptrdiff_t *a, ptrdiff_t *b) {
    for (int32_t d = rank - 1; d >= 0; d--) {
        *a += a_strides[d];
        *b += b_strides[d];
        if (++index[d] < extents[d]) return 1;
        *a -= (ptrdiff_t)a_strides[d] * extents[d];
        *b -= (ptrdiff_t)b_strides[d] * extents[d];
        index[d] = 0;
    }
    return 0;
}

#endif
