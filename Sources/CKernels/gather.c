/* Slices of a tensor by indices that are computed or come from outside. */
#include <stddef.h>
#include <string.h>

#include "CKernels.h"

void x8_gather__scalar(
    const struct martlet_gather *p, const uint8_t *x, const void *indices, uint8_t *y) {
    const int32_t *narrow = indices;
    const int64_t *wide = indices;
    size_t size = (size_t)p->inner;
    for (int32_t outer = 0; outer < p->outer; outer++) {
        for (int32_t i = 0; i < p->count; i++, y += size) {
            int64_t index = p->index_size == 8 ? wide[i] : narrow[i];
            if (index < 0) index += p->extent;
            if (index < 0) index = 0;
            if (index >= p->extent) index = p->extent - 1;
            memcpy(y, x + (size_t)index * size, size);
        }
        x += (size_t)p->extent * size;
    }
}
