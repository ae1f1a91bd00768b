/* SPDX-License-Identifier: MIT
 *
 * Guess limits: one table of rules, a few pure functions. An attempt is charged BEFORE its password is looked at and
 * refunded by success alone, so parallel guesses get exactly as many looks as serial ones. A bucket is a row of the
 * table; what a row is stored under, and which buckets an attempt touches, is handlers/attempt's and store/buckets'.
 *
 *   delay(level) = level < free ? 0 : min(cap, base << (level - free))
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "config.h"

/* All but OTP are charged at the first answer, before anything is looked at; OTP when a code is looked at, which takes
 * a right password. The numbers stand in the database. */
enum bucket {
    BUCKET_ACCOUNT = 0, /* an account, or a name that is none */
    BUCKET_PAIR = 1,    /* account and source */
    BUCKET_SOURCE = 2,  /* whatever account */
    BUCKET_NET = 3,     /* /16, /48, all names together */
    BUCKET_OTP = 4,     /* an account's codes; known sources and strangers apart */
    BUCKET_COUNT = 5,
};

/* Whose attempt it is, from the account's point of view. */
enum limit_who { LIMIT_STRANGER, LIMIT_KNOWN, LIMIT_CONSOLE, LIMIT_WHO_COUNT };

enum { LIMIT_UNIT = 1000000 }; /* levels are kept in millionths of a failure, because they leak */

struct limit_rule {
    const char *name;
    uint32_t free; /* failures that cost nothing */
    int64_t base_ms;
    int64_t cap_ms;
    uint32_t leak_per_h;  /* failures forgotten in an hour */
    uint32_t consecutive; /* failures in a row after which only a known source (or an admin) helps; 0: never */
    uint32_t forfeit;     /* failures in a row after which a known source is a stranger again; 0: never */
};

/* What is stored of one bucket: all zero is a fresh one. level is as it was at the time of the last charge. */
struct limit_row {
    int64_t level;      /* LIMIT_UNITs, charges in flight included */
    int64_t share;      /* PAIR: the part of level that ACCOUNT was charged as well */
    uint32_t in_flight; /* charged, verdict still open */
    uint32_t consecutive;
    int64_t charged_boot_ms;
    int64_t charged_at; /* Unix seconds */
    char boot_id[37];
    int64_t failed_at; /* charged_at when the last failure was settled, for people; 0: none */
};

enum limit_answer {
    LIMIT_REFUSE, /* no look until *ret_wait_ms has passed */
    LIMIT_WAIT,   /* attempts in flight decide: ask again when one of them settles */
    LIMIT_ADMIT,
};

/* The row for such an attempt; NULL: it is not charged to that bucket, nor stopped by it. */
const struct limit_rule *limit_rule(enum config_limits preset, enum bucket bucket, enum limit_who who);

/* Time after which a row of this bucket has leaked to nothing, however full it was. */
int64_t limit_forgotten_ms(enum config_limits preset, enum bucket bucket);

/* May one more attempt look now? Changes nothing. *ret_wait_ms is set for LIMIT_REFUSE (INT64_MAX: consecutive). */
enum limit_answer limit_look(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now,
                             int64_t *ret_wait_ms);

/* Charges one attempt (in flight). shared: ACCOUNT is charged for it too, so PAIR notes the share. */
void limit_charge(const struct limit_rule *rule, struct limit_row *row, const struct clock *now, bool shared);

/* The verdict of one attempt in flight was no: its charge stays. */
void limit_fail(struct limit_row *row);

/* The verdict of one attempt in flight was yes, or there was none that counts (out of memory, shutdown): its charge
 * goes; shared as it was when charged. The moment of the charge stays: if the row has a wait, it begins anew. */
void limit_refund(struct limit_row *row, bool shared);

/* Takes share off an ACCOUNT's level (a success cleared the PAIR that it came from). Refund first: share must not count
 * the charge of the success itself. Charges in flight stay. */
void limit_take(struct limit_row *row, int64_t share);

/* Forgets all failures; charges in flight stay. */
void limit_forgive(struct limit_row *row);

/* Settled failures now, leaked: for people. */
uint32_t limit_failures(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now);

/* A wait as people are told it: whole seconds, never too few; -1: no end. */
int64_t limit_wait_s(int64_t wait_ms);

#endif
