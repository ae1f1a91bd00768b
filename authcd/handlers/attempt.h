/* SPDX-License-Identifier: MIT
 *
 * One attempt at an account's secrets, and the buckets it is charged to. Reserved before anything is looked at, settled
 * exactly once; a code is reserved and settled in the one transaction that looks at it. Which buckets there are for
 * whom is rules/limit's table; this only knows which rows of them an attempt is about.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "db.h"
#include "limit.h"
#include "source.h"

enum { ATTEMPT_ROWS_MAX = BUCKET_OTP }; /* all but OTP, whose row is not held while people type */

struct attempt {
    enum config_limits preset;
    int64_t account_id;          /* 0: a name that is no account's */
    const char *subject;         /* that name; not owned */
    const struct source *source; /* not owned */
    const char *key;             /* fingerprint of a key that sshd verified: PAIR is its, not the source's; "": none */
    enum limit_who who;          /* at the time of reserving */
    bool recovered;              /* by a recovery code, which ends the stop of codes */
    bool reserved;               /* charged, and not settled yet */
    int64_t waits_for;           /* tag of the row whose attempts in flight decide; 0: does not wait */
    enum bucket refused_by;      /* where the last answer was LIMIT_REFUSE */
    size_t n_tags;               /* rows that were charged: whoever waits for one may look again once it is settled */
    int64_t tags[ATTEMPT_ROWS_MAX];
};

enum attempt_proof {
    ATTEMPT_PART,   /* the password of an account that has a code too: nothing else changes */
    ATTEMPT_STRONG, /* the code, or all of an account without one: the source is known from now on, and rows of failures
                       end (codes'; strangers' if the source was known) */
    ATTEMPT_ALL,    /* all that the account has: PAIR is cleared too, and PAIR's share comes off ACCOUNT and, from a
                       stranger, off SOURCE and NET */
};

/* Asks every bucket, and charges all of them only if all admit. *ret_wait_ms as limit_look's. */
int attempt_reserve(struct db *db, struct attempt *a, const struct clock *now, enum limit_answer *ret,
                    int64_t *ret_wait_ms) __attribute__((warn_unused_result));

/* Settles as a failure: the charge stays. *ret_failures: settled failures now held against this account or pair, the
 * larger of them. Nothing to do, and 0 failures, if nothing is reserved. */
int attempt_fail(struct db *db, struct attempt *a, const struct clock *now, uint32_t *ret_failures)
    __attribute__((warn_unused_result));

/* Settles as no attempt at all: the charge goes, nothing else changes. */
int attempt_refund(struct db *db, struct attempt *a) __attribute__((warn_unused_result));

/* Settles as a success of all that the service asks. The charge goes in any case; the rest depends on what was proved:
 * whoever has the password and guesses at the code must get nothing where the password alone is asked. */
int attempt_succeed(struct db *db, struct attempt *a, enum attempt_proof proof, const struct clock *now)
    __attribute__((warn_unused_result));

/* May a code of this account be looked at now, from such a source? The attempt must be reserved. */
int attempt_code_look(struct db *db, const struct attempt *a, const struct clock *now, bool *ret)
    __attribute__((warn_unused_result));
/* It was looked at, and was wrong: in the same transaction as the look, so that nothing is ever in flight. */
int attempt_code_failed(struct db *db, const struct attempt *a, const struct clock *now)
    __attribute__((warn_unused_result));

/* Do the limits keep everybody out of this account now, also who asks for no password (a key's session)? */
int attempt_locked(struct db *db, enum config_limits preset, int64_t account_id, const struct clock *now, bool *ret)
    __attribute__((warn_unused_result));

#endif
