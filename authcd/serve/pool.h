/* SPDX-License-Identifier: MIT
 *
 * The hashing threads: password jobs go in, come back run, and the loop hears of it by a descriptor. Their order is
 * line's; priority jobs also have a thread kept for them. A job carries the token of who wants it; what the token means
 * is the caller's. Threads run with all signals blocked, and see nothing but jobs; they ask for nice 10, which the
 * system call filter of the shipped unit does not grant.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "password.h"

enum { POOL_WAITING_MAX = 8192 }; /* more than have room: a bound, not a rule */
#define POOL_WAIT_MAX_MS INT64_C(45000)

/* Since the start; times in microseconds. */
struct pool_stats {
    uint64_t hash_us;                      /* what one hash takes, smoothed; 0: none was made yet */
    uint64_t hashes, busy_us;              /* busy_us: what these took, of all threads */
    uint64_t wait_us, waited, wait_max_us; /* from pool_submit to a thread: in all, of how many jobs, the longest */
    /* Slots times the time in which any job waited, and how much of that slots were idle which could have run it: the
     * second over the first is what is lost between a job and its thread. The kept thread counts in neither. */
    uint64_t slot_us, idle_waiting_us;
    uint32_t waiting, waiting_priority, running; /* now */
};

struct pool;

/* Starts the threads: one a slot, and the kept one. -EAGAIN: no threads; -ENOMEM. */
int pool_new(unsigned slots, struct pool **ret) __attribute__((warn_unused_result));
/* Ends: jobs that wait are dropped, running ones are waited for. NULL does nothing. */
void pool_free(struct pool *p);

/* One a core, as many as fit into hash_memory beside the kept thread; at least one, so that with a hash_memory of less
 * than two hashes the two threads together may go above it. */
unsigned pool_slots(const struct config_authcd *c, long cores);
unsigned pool_threads(const struct pool *p); /* slots and the kept one */

/* Takes job over. -ENOBUFS: too many wait (job stays the caller's). */
int pool_submit(struct pool *p, struct password_job *job, uint64_t token) __attribute__((warn_unused_result));

/* Drops the jobs of token that wait; one that runs comes back all the same. */
void pool_forget(struct pool *p, uint64_t token);

/* Readable while jobs have come back. */
int pool_fd(const struct pool *p);
/* The next job that came back, now the caller's; NULL if there is none. */
struct password_job *pool_take(struct pool *p, uint64_t *ret_token);

/* Would a job of this source be kept waiting too long? */
bool pool_busy(struct pool *p, const char *source, bool priority);

void pool_stats(struct pool *p, struct pool_stats *ret);
/* Has a thread been at one job for longer than that? */
bool pool_stalled(struct pool *p, int64_t limit_ms);

#endif
