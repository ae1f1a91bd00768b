/* SPDX-License-Identifier: MIT
 *
 * Where the rows of rules/limit are kept: under a keyed hash of what they are about. Also which (account, source) pairs
 * are known, because a pair's row is where that belongs. Works inside the caller's transaction.
 */
#ifdef _GCC_NEXT_LIMITS_H /* gcc's own <limits.h> is on its way to libc's and met this file: let it pass */
#pragma GCC system_header
#include_next <limits.h>
#elif !defined(LIMITS_H)
#define LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "limit.h"

enum {
    LIMITS_KNOWN_PER_ACCOUNT = 16,
    LIMITS_UNKNOWN_MAX = 65536, /* rows about names that are no account's; the lowest level goes first */
};
#define LIMITS_KNOWN_S INT64_C(2592000) /* 30 days */

/* Which row: the account (0: a name that is no account's, then subject is that name) and, for PAIR, the source. */
struct limits_key {
    enum bucket bucket;
    int64_t account_id;
    const char *subject;
    const char *source;
};

/* A row of zeros if there is none. */
int limits_load(struct db *db, const struct limits_key *key, struct limit_row *ret) __attribute__((warn_unused_result));
int limits_save(struct db *db, const struct limits_key *key, const struct limit_row *row) __attribute__((warn_unused_result));

/* Is this pair known at now_s? */
int limits_known(struct db *db, const struct limits_key *pair, int64_t now_s, bool *ret) __attribute__((warn_unused_result));
/* Remember it for LIMITS_KNOWN_S; the account's oldest beyond LIMITS_KNOWN_PER_ACCOUNT is forgotten. */
int limits_remember(struct db *db, const struct limits_key *pair, int64_t now_s) __attribute__((warn_unused_result));

/* Forgets every failure of an account (unlock): both buckets, all sources; what is known stays known. */
int limits_forgive(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

/* At start-up: attempts that were in flight when the last authcd died are settled failures. */
int limits_settle_all(struct db *db) __attribute__((warn_unused_result));

#endif
