/* SPDX-License-Identifier: MIT
 *
 * The hashing threads: password jobs go in, come back run, and the loop hears of it by a descriptor. Two queues: first
 * come, first served for priority jobs, which also have a thread kept for them; round-robin by source for all others,
 * so that one noisy source makes nobody else wait. The slots serve both queues by turns. A job carries the token of who
 * wants it; what the token means is the caller's. Threads run at nice 10, with all signals blocked, and see nothing but
 * jobs.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "password.h"

enum { POOL_WAITING_MAX = 4096 };
#define POOL_WAIT_MAX_MS INT64_C(45000)
#define POOL_STALLED_MS INT64_C(120000) /* no hash within the bounds of rules/password takes this long */

struct pool;

/* Starts the threads: one a slot, and the kept one. -EAGAIN: no threads; -ENOMEM. */
int pool_new(unsigned slots, struct pool **ret) __attribute__((warn_unused_result));
/* Ends: jobs that wait are dropped, running ones are waited for. NULL does nothing. */
void pool_free(struct pool *p);

/* One a core, as many as fit into hash_memory beside the kept thread; at least one, so that with a hash_memory of less
 * than two hashes the two threads together may go above it. */
unsigned pool_slots(const struct config_authcd *c, long cores);
unsigned pool_threads(const struct pool *p); /* slots and the kept one */

/* Takes job over. -ENOBUFS: the waiting room is full (job stays the caller's). */
int pool_submit(struct pool *p, struct password_job *job, uint64_t token) __attribute__((warn_unused_result));

/* Drops the jobs of token that wait; one that runs comes back all the same. */
void pool_forget(struct pool *p, uint64_t token);

/* Readable while jobs have come back. */
int pool_fd(const struct pool *p);
/* The next job that came back, now the caller's; NULL if there is none. */
struct password_job *pool_take(struct pool *p, uint64_t *ret_token);

/* Would a job of this source be kept waiting too long, or find the waiting room full? */
bool pool_busy(struct pool *p, const char *source, bool priority);

uint32_t pool_waiting(struct pool *p);
/* Has a thread been at one job for more than POOL_STALLED_MS? */
bool pool_stalled(struct pool *p);

#endif
