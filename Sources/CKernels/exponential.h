/* Arithmetic in Q formats (fixed-point specification, 6.2), shared by the softmaxes and division.
 */
#ifndef MARTLET_EXPONENTIAL_H
#define MARTLET_EXPONENTIAL_H

#include <stdint.h>

/* For what runs seldom: one copy of the code, as short as it gets. */
#define MARTLET_SMALL __attribute__((noinline, minsize))

/* round(a * b / 2^31) as the reference divides: truncation after a nudge by the sign. */
static inline int32_t high_mul(int32_t a, int32_t b) {
    if (a == b && a == INT32_MIN) return INT32_MAX;
    int64_t product = (int64_t)a * b;
    int64_t nudge = product >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30);
    return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

static inline int32_t saturate(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* exp(a) for a <= 0 in Q5.26, result Q0.31. */
int32_t martlet_exp_negative(int32_t a);

/* 1 / (1 + a) for a in [0, 1) of Q0.31. */
int32_t martlet_reciprocal(int32_t a);

#endif
