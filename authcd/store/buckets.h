/* SPDX-License-Identifier: MIT
 *
 * Where the rows of rules/limit are kept: under a keyed hash of what they are about. Also which (account, source) pairs
 * are known, because a pair's row is where that belongs. Works inside the caller's transaction.
 */
#ifndef BUCKETS_H
#define BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "limit.h"

enum {
    BUCKETS_KNOWN_PER_ACCOUNT = 16,
    BUCKETS_UNKNOWN_MAX = 65536, /* rows about names that are no account's; the lowest level goes first */
};
#define BUCKETS_KNOWN_S INT64_C(2592000) /* 30 days */

/* Which row: the account (0: a name that is no account's, then subject is that name) and, for PAIR, the source. */
struct buckets_key {
    enum bucket bucket;
    int64_t account_id;
    const char *subject;
    const char *source;
};

/* A row of zeros if there is none. */
int buckets_load(struct db *db, const struct buckets_key *key, struct limit_row *ret)
    __attribute__((warn_unused_result));
int buckets_save(struct db *db, const struct buckets_key *key, const struct limit_row *row)
    __attribute__((warn_unused_result));

/* Is this pair known at now_s? */
int buckets_known(struct db *db, const struct buckets_key *pair, int64_t now_s, bool *ret)
    __attribute__((warn_unused_result));
/* Remember it for BUCKETS_KNOWN_S; the account's oldest beyond BUCKETS_KNOWN_PER_ACCOUNT is forgotten. */
int buckets_remember(struct db *db, const struct buckets_key *pair, int64_t now_s) __attribute__((warn_unused_result));

/* Forgets every failure of an account (unlock): both buckets, all sources; what is known stays known. */
int buckets_forgive(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

/* At start-up: attempts that were in flight when the last authcd died are settled failures. */
int buckets_settle_all(struct db *db) __attribute__((warn_unused_result));

#endif
