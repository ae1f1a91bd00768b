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
    struct row rows[ATTEMPT_ROWS_MAX];
};

static bool is_keyed(const struct attempt *a)
{
    return a->key && a->key[0] != '\0';
}

static struct buckets_key pair_key(const struct attempt *a)
{
    return (struct buckets_key){BUCKET_PAIR, a->account_id, a->subject, is_keyed(a) ? a->key : a->source->text,
                                a->source->net};
}

/* ACCOUNT keeps the source of its last failure, which attempt_fail writes. */
static struct buckets_key account_key(const struct attempt *a)
{
    return (struct buckets_key){BUCKET_ACCOUNT, a->account_id, a->subject, NULL, NULL};
}

/* False: the attempt has no such row. */
static bool row_key(const struct attempt *a, enum bucket bucket, struct buckets_key *ret)
{
    switch (bucket) {
    case BUCKET_ACCOUNT:
        *ret = account_key(a);
        return true;
    case BUCKET_PAIR:
        *ret = pair_key(a);
        return true;
    case BUCKET_SOURCE:
        *ret = (struct buckets_key){BUCKET_SOURCE, 0, "", a->source->text, a->source->net};
        return a->source->counted;
    case BUCKET_NET:
        *ret = (struct buckets_key){BUCKET_NET, 0, "", a->source->net, NULL};
        return a->source->net[0] != '\0';
    case BUCKET_OTP:
        *ret = (struct buckets_key){BUCKET_OTP, a->account_id, a->subject,
                                    a->who == LIMIT_STRANGER ? "strangers" : "known", NULL};
        return true;
    case BUCKET_COUNT:
        break;
    }
    return false;
}

static int rows_load(struct db *db, const struct attempt *a, struct rows *ret)
{
    int error = 0;

    ret->n = 0;
    for (int bucket = 0; error == 0 && bucket < ATTEMPT_ROWS_MAX; bucket++) {
        struct row *r = &ret->rows[ret->n];
        r->rule = limit_rule(a->preset, (enum bucket)bucket, a->who);
        if (!r->rule || !row_key(a, (enum bucket)bucket, &r->key))
            continue;
        error = buckets_load(db, &r->key, &r->row);
        ret->n++;
    }
    return error;
}

/* NET first: what has to make room for the others is given to the rows of networks as they are stored. */
static int rows_save(struct db *db, const struct rows *rows)
{
    for (size_t i = rows->n; i-- > 0;) {
        int error = buckets_save(db, &rows->rows[i].key, &rows->rows[i].row);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Is what PAIR is charged charged to ACCOUNT as well? */
static bool is_shared(const struct attempt *a)
{
    return limit_rule(a->preset, BUCKET_ACCOUNT, a->who) != NULL;
}

static bool shared(const struct attempt *a, const struct row *r)
{
    return r->key.bucket == BUCKET_PAIR && is_shared(a);
}

/* The strictest answer of all buckets: enum limit_answer is in that order. */
static int rows_look(struct db *db, struct attempt *a, const struct rows *rows, const struct clock *now,
                     enum limit_answer *ret, int64_t *ret_wait_ms)
{
    enum limit_answer all = LIMIT_ADMIT;
    const struct row *waited = NULL;

    *ret_wait_ms = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *r = &rows->rows[i];
        int64_t wait_ms = 0;
        enum limit_answer one = limit_look(r->rule, &r->row, now, &wait_ms);
        if (one == LIMIT_WAIT && !waited)
            waited = r;
        if (one == LIMIT_REFUSE && wait_ms > *ret_wait_ms) {
            *ret_wait_ms = wait_ms;
            a->refused_by = r->key.bucket;
        }
        if (one < all)
            all = one;
    }
    a->waits_for = 0;
    *ret = all;
    return all == LIMIT_WAIT ? buckets_tag(db, &waited->key, &a->waits_for) : 0;
}

/* Known once, but a hundred failures in a row since: whoever sits there now is not who was known. */
static int find_forfeited(struct db *db, const struct attempt *a, const struct buckets_key *pair, bool *ret)
{
    struct limit_row row = {0};
    uint32_t forfeit = limit_rule(a->preset, BUCKET_PAIR, LIMIT_KNOWN)->forfeit;
    int error = buckets_load(db, pair, &row);
    if (error == 0)
        *ret = forfeit > 0 && row.consecutive >= forfeit;
    return error;
}

static int find_who(struct db *db, struct attempt *a, const struct clock *now)
{
    struct buckets_key pair = pair_key(a);
    bool always = is_keyed(a) || a->source->always_known, known = false, forfeited = false;
    int error;

    a->who = a->source->kind == SOURCE_CONSOLE ? LIMIT_CONSOLE : LIMIT_STRANGER;
    if (a->who == LIMIT_CONSOLE || a->account_id == 0 || !(always || a->source->may_be_known))
        return 0;
    if ((error = buckets_known(db, &pair, now->wall_s, &known)) < 0 ||
        (error = find_forfeited(db, a, &pair, &forfeited)) < 0)
        return error;
    if ((known || always) && !forfeited)
        a->who = LIMIT_KNOWN;
    return 0;
}

static int charge(struct db *db, struct attempt *a, struct rows *rows, const struct clock *now)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < rows->n; i++) {
        limit_charge(rows->rows[i].rule, &rows->rows[i].row, now, shared(a, &rows->rows[i]));
        error = buckets_tag(db, &rows->rows[i].key, &a->tags[i]);
    }
    a->n_tags = rows->n;
    if (error < 0 || (error = rows_save(db, rows)) < 0)
        return error;
    a->reserved = true;
    return 0;
}

int attempt_reserve(struct db *db, struct attempt *a, const struct clock *now, enum limit_answer *ret,
                    int64_t *ret_wait_ms)
{
    struct rows rows = {0};
    enum limit_answer answer = LIMIT_REFUSE;
    int error = find_who(db, a, now);

    if (error < 0 || (error = rows_load(db, a, &rows)) < 0 ||
        (error = rows_look(db, a, &rows, now, &answer, ret_wait_ms)) < 0)
        return error;
    if (answer == LIMIT_ADMIT && (error = charge(db, a, &rows, now)) < 0)
        return error;
    *ret = answer;
    return 0;
}

static bool is_about_account(const struct row *r)
{
    return r->key.bucket == BUCKET_ACCOUNT || r->key.bucket == BUCKET_PAIR;
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
        struct row *r = &rows.rows[i];
        limit_fail(&r->row);
        uint32_t failures = limit_failures(r->rule, &r->row, now);
        if (is_about_account(r) && failures > most)
            most = failures;
        if (r->key.bucket == BUCKET_ACCOUNT)
            r->key.source = a->source->text;
    }
    if ((error = rows_save(db, &rows)) < 0)
        return error;
    a->reserved = false;
    *ret_failures = most;
    return a->account_id ? buckets_tidy(db, a->preset, a->account_id, now) : 0;
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
static int64_t pair_clear(struct limit_row *pair, bool is_shared)
{
    int64_t in_flight = (int64_t)pair->in_flight * LIMIT_UNIT;
    int64_t kept = is_shared ? in_flight : 0;
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
    struct buckets_key key = account_key(a);
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

static int code_end_row(struct db *db, const struct attempt *a)
{
    struct buckets_key key;
    struct limit_row row = {0};
    int error = row_key(a, BUCKET_OTP, &key) ? buckets_load(db, &key, &row) : 0;
    if (error < 0 || row.consecutive == 0)
        return error;
    row.consecutive = 0;
    return buckets_save(db, &key, &row);
}

/* Codes that were guessed stay counted, whoever succeeds: only that they came one after the other is over, for sources
 * of this kind, or with a recovery code for all. */
static int code_settle(struct db *db, const struct attempt *a)
{
    struct attempt other = *a;
    int error = code_end_row(db, a);

    if (error < 0 || !a->recovered)
        return error;
    other.who = a->who == LIMIT_STRANGER ? LIMIT_KNOWN : LIMIT_STRANGER;
    return code_end_row(db, &other);
}

/* A slip that its own success came after was no guess: a thousand people behind one address make some every morning.
 * Nothing is to be had by it for others' accounts, because only what was charged for this one goes. */
static int source_settle(struct db *db, const struct attempt *a, int64_t share)
{
    static const enum bucket buckets[] = {BUCKET_SOURCE, BUCKET_NET};
    int error = 0;

    for (size_t i = 0; i < 2 && error == 0 && share > 0 && a->who == LIMIT_STRANGER; i++) {
        struct buckets_key key;
        struct limit_row row = {0};
        if (!row_key(a, buckets[i], &key))
            continue;
        if ((error = buckets_load(db, &key, &row)) < 0 || row.level == 0)
            continue;
        limit_take(&row, share);
        error = buckets_save(db, &key, &row);
    }
    return error;
}

static int forgive(struct db *db, const struct attempt *a)
{
    struct buckets_key key = pair_key(a);
    struct limit_row pair = {0};
    int error = buckets_load(db, &key, &pair);
    if (error < 0)
        return error;
    int64_t share = pair_clear(&pair, is_shared(a));
    if ((error = buckets_save(db, &key, &pair)) < 0 || a->source->kind == SOURCE_SELF)
        return error; /* a peer without privilege clears its own row, nothing else */
    error = source_settle(db, a, share);
    return error < 0 ? error : account_settle(db, a, share);
}

/* Whoever has the code is there: nobody fails in a row any more, at codes nor, if the source is known, as a stranger.
 */
static int end_rows(struct db *db, const struct attempt *a)
{
    if (a->source->kind == SOURCE_SELF)
        return 0;
    int error = code_settle(db, a);
    return error < 0 || a->who == LIMIT_STRANGER ? error : account_settle(db, a, 0);
}

/* From now on a known source; a row of failures that led up to it is no longer one. A key needs no remembering. */
static int remember(struct db *db, const struct attempt *a, const struct clock *now)
{
    struct buckets_key key = pair_key(a);
    struct limit_row pair = {0};
    int error = buckets_load(db, &key, &pair);

    if (error < 0)
        return error;
    pair.consecutive = 0;
    if ((error = buckets_save(db, &key, &pair)) < 0)
        return error;
    return a->source->may_be_known && !is_keyed(a) ? buckets_remember(db, &key, now->wall_s) : 0;
}

int attempt_succeed(struct db *db, struct attempt *a, enum attempt_proof proof, const struct clock *now)
{
    int error = attempt_refund(db, a);

    if (error == 0 && proof == ATTEMPT_ALL)
        error = forgive(db, a);
    if (error == 0 && proof != ATTEMPT_PART && (error = end_rows(db, a)) == 0)
        error = remember(db, a, now);
    return error;
}

/* ---- codes ---- */

static int code_load(struct db *db, const struct attempt *a, struct row *ret)
{
    struct row r = {.rule = limit_rule(a->preset, BUCKET_OTP, a->who)};

    if (!a->reserved || !r.rule || !row_key(a, BUCKET_OTP, &r.key))
        return -EINVAL;
    int error = buckets_load(db, &r.key, &r.row);
    if (error == 0)
        *ret = r;
    return error;
}

int attempt_code_look(struct db *db, const struct attempt *a, const struct clock *now, bool *ret)
{
    struct row r;
    int64_t wait_ms;
    int error = code_load(db, a, &r);

    if (error == 0)
        *ret = limit_look(r.rule, &r.row, now, &wait_ms) == LIMIT_ADMIT;
    return error;
}

int attempt_code_failed(struct db *db, const struct attempt *a, const struct clock *now)
{
    struct row r;
    int error = code_load(db, a, &r);

    if (error < 0)
        return error;
    limit_charge(r.rule, &r.row, now, false);
    limit_fail(&r.row);
    return buckets_save(db, &r.key, &r.row);
}

/* ---- everybody ---- */

int attempt_locked(struct db *db, enum config_limits preset, int64_t account_id, const struct clock *now, bool *ret)
{
    const struct limit_rule *rule = limit_rule(preset, BUCKET_ACCOUNT, LIMIT_KNOWN);
    struct limit_row row = {0};
    int64_t wait_ms;

    if (!rule) {
        *ret = false;
        return 0;
    }
    int error = buckets_load(db, &(struct buckets_key){BUCKET_ACCOUNT, account_id, "", NULL, NULL}, &row);
    if (error == 0)
        *ret = limit_look(rule, &row, now, &wait_ms) == LIMIT_REFUSE;
    return error;
}
