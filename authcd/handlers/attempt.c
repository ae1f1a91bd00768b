/* SPDX-License-Identifier: MIT
 *
 * See attempt.h. Every function loads the rows it needs, changes them by rules/limit and saves them, inside the
 * caller's transaction: nothing is kept in memory between packets, so nothing is forgotten by a crash.
 */
#include "attempt.h"

#include <errno.h>

#include "buckets.h"

struct row {
    struct buckets_key key;
    const struct limit_rule *rule;
    struct limit_row row;
};

struct rows {
    size_t n;
    struct row rows[BUCKET_COUNT];
};

static int rows_load(struct db *db, const struct attempt *a, struct rows *ret)
{
    static const enum bucket stranger[] = {BUCKET_ACCOUNT, BUCKET_PAIR}, known[] = {BUCKET_PAIR};
    const enum bucket *buckets = a->known ? known : stranger;

    ret->n = a->known ? sizeof known / sizeof *known : sizeof stranger / sizeof *stranger;
    for (size_t i = 0; i < ret->n; i++) {
        struct row *r = &ret->rows[i];
        r->key = (struct buckets_key){buckets[i], a->account_id, a->subject, a->source->text};
        r->rule = limit_rule(buckets[i]);
        int error = buckets_load(db, &r->key, &r->row);
        if (error < 0)
            return error;
    }
    return 0;
}

static int rows_save(struct db *db, const struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        int error = buckets_save(db, &rows->rows[i].key, &rows->rows[i].row);
        if (error < 0)
            return error;
    }
    return 0;
}

static bool shared(const struct attempt *a, const struct row *r)
{
    return r->key.bucket == BUCKET_PAIR && !a->known;
}

/* The strictest answer of all buckets: enum limit_answer is in that order. */
static enum limit_answer rows_look(const struct rows *rows, const struct clock *now, int64_t *ret_wait_ms)
{
    enum limit_answer all = LIMIT_ADMIT;

    *ret_wait_ms = 0;
    for (size_t i = 0; i < rows->n; i++) {
        int64_t wait_ms = 0;
        enum limit_answer one = limit_look(rows->rows[i].rule, &rows->rows[i].row, now, &wait_ms);
        if (one == LIMIT_REFUSE && wait_ms > *ret_wait_ms)
            *ret_wait_ms = wait_ms;
        if (one < all)
            all = one;
    }
    return all;
}

/* Known once, but a hundred failures in a row since: whoever sits there now is not who was known. */
static int find_forfeited(struct db *db, const struct buckets_key *pair, bool *ret)
{
    struct limit_row row = {0};
    int error = buckets_load(db, pair, &row);
    if (error == 0)
        *ret = row.consecutive >= limit_rule(BUCKET_PAIR)->forfeit;
    return error;
}

static int find_known(struct db *db, struct attempt *a, const struct clock *now)
{
    struct buckets_key pair = {BUCKET_PAIR, a->account_id, a->subject, a->source->text};
    bool known = false, forfeited = false;
    int error;

    a->known = a->source->kind == SOURCE_CONSOLE;
    if (a->known || a->account_id == 0 || !(a->source->always_known || a->source->may_be_known))
        return 0;
    if ((error = buckets_known(db, &pair, now->wall_s, &known)) < 0 ||
        (error = find_forfeited(db, &pair, &forfeited)) < 0)
        return error;
    a->known = (known || a->source->always_known) && !forfeited;
    return 0;
}

int attempt_reserve(struct db *db, struct attempt *a, const struct clock *now, enum limit_answer *ret,
                    int64_t *ret_wait_ms)
{
    struct rows rows = {0};
    int error = find_known(db, a, now);
    if (error < 0 || (error = rows_load(db, a, &rows)) < 0)
        return error;
    enum limit_answer answer = rows_look(&rows, now, ret_wait_ms);
    if (answer == LIMIT_ADMIT) {
        for (size_t i = 0; i < rows.n; i++)
            limit_charge(rows.rows[i].rule, &rows.rows[i].row, now, shared(a, &rows.rows[i]));
        if ((error = rows_save(db, &rows)) < 0)
            return error;
        a->reserved = true;
    }
    *ret = answer;
    return 0;
}

int attempt_fail(struct db *db, struct attempt *a, const struct clock *now, uint32_t *ret_failures)
{
    struct rows rows = {0};
    uint32_t most = 0;
    int error;

    *ret_failures = 0;
    if (!a->reserved)
        return 0;
    if ((error = rows_load(db, a, &rows)) < 0)
        return error;
    for (size_t i = 0; i < rows.n; i++) {
        limit_fail(&rows.rows[i].row);
        uint32_t failures = limit_failures(rows.rows[i].rule, &rows.rows[i].row, now);
        most = failures > most ? failures : most;
    }
    if ((error = rows_save(db, &rows)) < 0)
        return error;
    a->reserved = false;
    *ret_failures = most;
    return 0;
}

int attempt_refund(struct db *db, struct attempt *a)
{
    struct rows rows = {0};
    int error;

    if (!a->reserved)
        return 0;
    if ((error = rows_load(db, a, &rows)) < 0)
        return error;
    for (size_t i = 0; i < rows.n; i++)
        limit_refund(&rows.rows[i].row, shared(a, &rows.rows[i]));
    if ((error = rows_save(db, &rows)) < 0)
        return error;
    a->reserved = false;
    return 0;
}

/* What others have in flight from the same source stays charged; all that was settled goes. Returns the share of
 * ACCOUNT that goes with it. */
static int64_t pair_clear(struct limit_row *pair, bool stranger)
{
    int64_t in_flight = (int64_t)pair->in_flight * LIMIT_UNIT;
    int64_t kept = stranger ? in_flight : 0;
    int64_t share = pair->share > kept ? pair->share - kept : 0;

    pair->level = in_flight;
    pair->share = kept;
    pair->consecutive = 0;
    return share;
}

/* A success from a known source did not touch ACCOUNT, but it proves that the owner is there: strangers may try again.
 */
static int account_settle(struct db *db, const struct attempt *a, int64_t share)
{
    struct buckets_key key = {BUCKET_ACCOUNT, a->account_id, a->subject, a->source->text};
    struct limit_row row = {0};
    int error = buckets_load(db, &key, &row);
    if (error < 0)
        return error;
    if (row.level == 0 && row.consecutive == 0)
        return 0;
    limit_take(&row, share);
    row.consecutive = 0;
    return buckets_save(db, &key, &row);
}

static int forgive(struct db *db, const struct attempt *a, const struct buckets_key *key)
{
    struct limit_row pair = {0};
    int error = buckets_load(db, key, &pair);
    if (error < 0)
        return error;
    int64_t share = pair_clear(&pair, !a->known);
    if ((error = buckets_save(db, key, &pair)) < 0 || a->source->kind == SOURCE_SELF)
        return error; /* a peer without privilege clears its own row, nothing else */
    return account_settle(db, a, share);
}

/* From now on a known source; a row of failures that led up to it is no longer one. */
static int remember(struct db *db, const struct attempt *a, const struct buckets_key *key, const struct clock *now)
{
    struct limit_row pair = {0};
    int error = buckets_load(db, key, &pair);

    if (error < 0)
        return error;
    pair.consecutive = 0;
    if ((error = buckets_save(db, key, &pair)) < 0)
        return error;
    return a->source->may_be_known ? buckets_remember(db, key, now->wall_s) : 0;
}

int attempt_succeed(struct db *db, struct attempt *a, enum attempt_proof proof, const struct clock *now)
{
    struct buckets_key key = {BUCKET_PAIR, a->account_id, a->subject, a->source->text};
    int error = attempt_refund(db, a);

    if (error == 0 && proof == ATTEMPT_ALL)
        error = forgive(db, a, &key);
    if (error == 0 && proof != ATTEMPT_PART)
        error = remember(db, a, &key, now);
    return error;
}
