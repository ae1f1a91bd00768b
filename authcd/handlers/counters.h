/* SPDX-License-Identifier: MIT
 *
 * What is counted since the start, in memory: by handlers as they decide, and by serve. Shown by status and metrics, to
 * root only: from them a guesser on this host could read whether an attempt was looked at. What the database knows by
 * itself is not counted here.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

/* How a conversation of phase auth or stepup ended: each in exactly one way. */
enum counters_login {
    COUNTERS_GRANTED,
    COUNTERS_WRONG,     /* password or code */
    COUNTERS_REPLAYED,  /* a code that had been used */
    COUNTERS_LIMITED,   /* not looked at */
    COUNTERS_UNKNOWN,   /* no such account */
    COUNTERS_REFUSED,   /* by policy: disabled, role, no code enrolled, changed meanwhile */
    COUNTERS_FAKE,      /* sshd had refused the user */
    COUNTERS_FAULT,     /* what is stored, the clock or the host's uid is not usable */
    COUNTERS_IGNORED,   /* an unknown name of a service that says unknown = ignore */
    COUNTERS_BUSY,      /* no memory for the hash; or had to leave for others */
    COUNTERS_ABANDONED, /* hung up, given up, or too slow */
    COUNTERS_LOGINS,
};

/* Whom authcd was too busy for. */
enum counters_turned_away {
    COUNTERS_QUEUE,       /* too many logins wait, or of this source */
    COUNTERS_ROOM,        /* had begun, but had to leave for others */
    COUNTERS_BUDGET,      /* this uid asks too often */
    COUNTERS_CONNECTIONS, /* too many, or of this uid */
    COUNTERS_TURNED_AWAY,
};

/* The hashing threads, as they were at the end of the last turn. Times in microseconds. */
struct counters_hashing {
    int64_t busy_us;                        /* spent at hashes, of all threads */
    int64_t waited, wait_us, wait_max_us;   /* jobs that a thread took, and how long these had waited */
    int64_t queued_slot_us, queued_idle_us; /* slots times the time in which jobs waited; and of these, idle ones */
    int64_t waiting, running;
};

struct counters {
    int64_t started_at;
    bool memory_locked;
    int64_t logins[COUNTERS_LOGINS];
    int64_t refused[BUCKET_COUNT]; /* attempts, by the bucket that refused */
    int64_t turned_away[COUNTERS_TURNED_AWAY];
    int64_t passwords_set, passwords_refused;
    int64_t sessions_opened;
    int64_t tokens_minted, tokens_refused;
    int64_t hashes;
    int64_t connected; /* connections ever */
    uint32_t connections, slots;
    struct counters_hashing hashing;
};

#endif
