/* SPDX-License-Identifier: MIT
 *
 * The newest N of a stream of rows, or all of them in another order, kept as packets, which are a tenth of a row's
 * struct.
 */
#ifndef TAIL_H
#define TAIL_H

#include "msg.h"

struct tail {
    struct tail_packet **packets; /* a ring */
    size_t room, first, n;
};

enum { TAIL_MAX = 1000000 };

/* Keeps row, letting go of the oldest if that makes more than most. -ENOMEM, or msg_encode's errors. */
int tail_push(struct tail *t, size_t most, const struct msg *row, int64_t rank) __attribute__((warn_unused_result));

/* From now on those of the highest rank come first; of the same rank, the oldest. */
void tail_sort(struct tail *t);

/* Gives each to row, oldest first (or as sorted), until row returns an error. */
int tail_each(const struct tail *t, int (*row)(void *arg, const struct msg *m), void *arg)
    __attribute__((warn_unused_result));

void tail_free(struct tail *t);

#endif
