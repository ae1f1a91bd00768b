/* SPDX-License-Identifier: MIT
 *
 * One attempt at an account's secrets, and the buckets it is charged to: a known source is charged to its own PAIR row
 * only, a stranger to ACCOUNT and PAIR. Reserved before anything is looked at, settled exactly once. Which rows there
 * are is rules/limit's table; this only knows which of them an attempt touches.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "db.h"
#include "limit.h"
#include "source.h"

struct attempt {
    int64_t account_id;          /* 0: a name that is no account's */
    const char *subject;         /* that name; not owned */
    const struct source *source; /* not owned */
    bool known;                  /* at the time of reserving */
    bool reserved;               /* charged, and not settled yet */
};

enum attempt_proof {
    ATTEMPT_PART,   /* the password of an account that has a code too: nothing else changes */
    ATTEMPT_STRONG, /* the code, or all of an account without one: the source is known from now on */
    ATTEMPT_ALL,    /* all that the account has: PAIR is cleared too, and PAIR's share comes off ACCOUNT */
};

/* Asks every bucket, and charges all of them only if all admit. *ret_wait_ms as limit_look's. */
int attempt_reserve(struct db *db, struct attempt *a, const struct clock *now, enum limit_answer *ret,
                    int64_t *ret_wait_ms) __attribute__((warn_unused_result));

/* Settles as a failure: the charge stays. *ret_failures: settled failures now held against this source or account,
 * the larger of them. Nothing to do, and 0 failures, if nothing is reserved. */
int attempt_fail(struct db *db, struct attempt *a, const struct clock *now, uint32_t *ret_failures)
    __attribute__((warn_unused_result));

/* Settles as no attempt at all: the charge goes, nothing else changes. */
int attempt_refund(struct db *db, struct attempt *a) __attribute__((warn_unused_result));

/* Settles as a success of all that the service asks. The charge goes in any case; the rest depends on what was proved:
 * whoever has the password and guesses at the code must get nothing where the password alone is asked. */
int attempt_succeed(struct db *db, struct attempt *a, enum attempt_proof proof, const struct clock *now)
    __attribute__((warn_unused_result));

#endif
