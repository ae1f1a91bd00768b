/* SPDX-License-Identifier: MIT
 *
 * How an account stands with the guess limits, in sentences: who waits until when, and why.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdio.h>

#include "msg.h"

struct job;

/* One line for each limit that stops somebody now; none, if none does. */
void account_limits(FILE *out, const struct msg *row_user, int64_t now_s);

/* The same, below the record of user show. */
void account_more(const struct job *job, const struct msg *row);

/* Of row_limit: the longest wait first, then what has most failures. */
int64_t account_rank(const struct msg *row_limit);

#endif
