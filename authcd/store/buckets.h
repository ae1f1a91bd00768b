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
    BUCKETS_UNKNOWN_MAX = 65536, /* rows about sources, and about names that are no account's */
    BUCKETS_SOURCE_SIZE = 1025,
};
#define BUCKETS_KNOWN_S INT64_C(2592000) /* 30 days */

/* Which row. ACCOUNT is told by the account alone (0: a name that is no account's, then subject is that name), PAIR and
 * OTP by account and source, SOURCE and NET by the source alone: they need account 0 and subject "". For OTP the source
 * is "known" or "strangers". */
struct buckets_key {
    enum bucket bucket;
    int64_t account_id;
    const char *subject;
    const char *source; /* kept beside the row for people; ACCOUNT: NULL keeps what stands there */
    const char *net;    /* "" or NULL: none; else the row that remembers this one if it has to go */
};

/* A row of zeros if there is none. */
int buckets_load(struct db *db, const struct buckets_key *key, struct limit_row *ret)
    __attribute__((warn_unused_result));
int buckets_save(struct db *db, const struct buckets_key *key, const struct limit_row *row)
    __attribute__((warn_unused_result));

/* What to call the row where somebody waits for it: never 0, the same as long as the key is. */
int buckets_tag(struct db *db, const struct buckets_key *key, int64_t *ret) __attribute__((warn_unused_result));

/* A row as it is found by walking through them, for people. */
struct buckets_entry {
    int64_t place; /* a cursor; never 0 */
    enum bucket bucket;
    int64_t account_id; /* 0: about a source or an unknown name */
    char source[BUCKETS_SOURCE_SIZE];
    int64_t known_until; /* Unix seconds */
    struct limit_row row;
};
/* The one row of that key; -ENOENT. */
int buckets_find(struct db *db, const struct buckets_key *key, struct buckets_entry *ret)
    __attribute__((warn_unused_result));
/* The next row after a place (0: the first), of one account (0: all rows); -ENOENT at the end. */
int buckets_next(struct db *db, int64_t account_id, int64_t after, struct buckets_entry *ret)
    __attribute__((warn_unused_result));

/* Is this pair known at now_s? */
int buckets_known(struct db *db, const struct buckets_key *pair, int64_t now_s, bool *ret)
    __attribute__((warn_unused_result));
/* How many pairs of an account are known, and how many strangers have failed: only settled failures that ACCOUNT was
 * charged too, since since_at. A pair of forfeit failures in a row is not known any more (0: always is). */
struct buckets_pairs_asked {
    int64_t since_at, now_s; /* Unix seconds */
    uint32_t forfeit;
};
struct buckets_pairs {
    uint32_t strangers, known;
};
int buckets_pairs(struct db *db, int64_t account_id, const struct buckets_pairs_asked *asked, struct buckets_pairs *ret)
    __attribute__((warn_unused_result));
/* Remember it for BUCKETS_KNOWN_S; the account's oldest beyond BUCKETS_KNOWN_PER_ACCOUNT is forgotten. */
int buckets_remember(struct db *db, const struct buckets_key *pair, int64_t now_s) __attribute__((warn_unused_result));

/* Forgets every failure of an account (unlock): all buckets, all sources; what is known stays known. */
int buckets_forgive(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

/* Removes an account's pairs that say nothing any more: not known, leaked to nothing, and no longer a row of failures
 * than is free. Ever new sources would leave one each. */
int buckets_tidy(struct db *db, enum config_limits preset, int64_t account_id, const struct clock *now)
    __attribute__((warn_unused_result));

/* At start-up: attempts that were in flight when the last authcd died are settled failures. */
int buckets_settle_all(struct db *db) __attribute__((warn_unused_result));

/* Removes at most max rows about sources and unknown names that have leaked to nothing. */
int buckets_expire(struct db *db, enum config_limits preset, const struct clock *now, unsigned max)
    __attribute__((warn_unused_result));

#endif
