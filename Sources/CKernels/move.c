/* Byte moves: table lookup, general strided copy, fill. */
#include <stddef.h>
#include <string.h>

#include "scalar.h"

void x8_lookup__scalar(
    const struct martlet_lookup *p, const uint8_t *x, const uint8_t *restrict table,
    uint8_t *y) {
    for (int32_t i = 0; i < p->count; i++) y[i] = table[x[i]];
}

void x8_fill__scalar(const struct martlet_fill *p, uint8_t *restrict y) {
    memset(y, p->value, (size_t)p->count);
}

/* Copies the innermost extent. */
static inline void copy_row(
    const struct martlet_copy *p, const uint8_t *restrict x, uint8_t *restrict y) {
    const int32_t last = MARTLET_RANK_MAX - 1;
    ptrdiff_t source = p->source_strides[last], target = p->target_strides[last];
    int32_t count = p->extents[last], size = p->element_size;
    if (source == size && target == size) {
        memcpy(y, x, (size_t)count * (size_t)size);
        return;
    }
    for (int32_t i = 0; i < count; i++, x += source, y += target) {
        if (size == 1)
            *y = *x;
        else if (size == 2)
            memcpy(y, x, 2);
        else
            memcpy(y, x, size == 4 ? 4 : 8);
    }
}

void x8_copy__scalar(
    const struct martlet_copy *p, const uint8_t *restrict x, uint8_t *restrict y) {
    int32_t index[MARTLET_RANK_MAX] = {0};
    ptrdiff_t source = p->source_offset, target = p->target_offset;
    for (;;) {
        copy_row(p, x + source, y + target);
        int32_t d = MARTLET_RANK_MAX - 2;
        for (; d >= 0; d--) {
            source += p->source_strides[d];
            target += p->target_strides[d];
            if (++index[d] < p->extents[d]) break;
            source -= (ptrdiff_t)p->source_strides[d] * p->extents[d];
            target -= (ptrdiff_t)p->target_strides[d] * p->extents[d];
            index[d] = 0;
        }
        if (d < 0) return;
    }
}
