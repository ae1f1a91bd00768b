/* SPDX-License-Identifier: MIT
 *
 * Rows of guess limits. A row's key is a keyed hash of bucket, account and source, so that what was typed for a name
 * (often a password) cannot be read from the table; sources stand beside it for people, as in the audit. Rows of
 * accounts stay; rows about sources and about names that are none are kept within a quota. What the numbers mean is
 * rules/limit's.
 */
#include "buckets.h"

#include <errno.h>
#include <string.h>

#include "sql.h"
#include "text.h"

enum { KEY_TEXT_SIZE = 2048 }; /* a name of 256 bytes, a source of 1,024, and three numbers */

/* The length of the name keeps "a:b" + "c" apart from "a" + "b:c". */
static int key_name(struct db *db, const struct buckets_key *key, unsigned char out[VAULT_NAME_SIZE])
{
    char text[KEY_TEXT_SIZE];
    const char *subject = key->account_id == 0 ? key->subject : "";
    const char *source = key->bucket != BUCKET_ACCOUNT ? key->source : "";
    int error = text_format(text, sizeof text, "%d:%lld:%zu:%s:%s", (int)key->bucket, (long long)key->account_id,
                            strlen(subject), subject, source);
    if (error == 0)
        vault_name(db->vault, VAULT_NAMES_LIMIT, text, out);
    return error;
}

#define ROW_COLUMNS " level, share, in_flight, consecutive, charged_boot_ms, charged_at, boot_id, failed_at "

static void read_columns(struct sql *q, struct limit_row *ret)
{
    ret->level = sql_int(q);
    ret->share = sql_int(q);
    ret->in_flight = sql_u32(q);
    ret->consecutive = sql_u32(q);
    ret->charged_boot_ms = sql_int(q);
    ret->charged_at = sql_int(q);
    sql_text(q, ret->boot_id, sizeof ret->boot_id);
    ret->failed_at = sql_int(q);
}

int buckets_load(struct db *db, const struct buckets_key *key, struct limit_row *ret)
{
    struct limit_row row = {0};
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, key, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "SELECT" ROW_COLUMNS "FROM limits WHERE name = ?");
    sql_bind_blob(&q, name, sizeof name);
    error = sql_row(&q);
    if (error == 0)
        read_columns(&q, &row);
    if (error != -ENOENT && (error < 0 || (error = q.error) < 0))
        return error;
    *ret = row;
    return 0;
}

/* ---- walking ---- */

/* The first 63 bits of its name: where two rows agree in those, one of them is not shown. */
static int64_t place_of(const unsigned char name[VAULT_NAME_SIZE])
{
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof n; i++)
        n = n << 8 | name[i];
    return (int64_t)(n >> 1) + (n >> 1 == 0);
}

int buckets_tag(struct db *db, const struct buckets_key *key, int64_t *ret)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, key, name);
    if (error == 0)
        *ret = place_of(name);
    return error;
}

static void bind_place(struct sql *q, int64_t after)
{
    unsigned char name[VAULT_NAME_SIZE] = {0};
    uint64_t n = after == 0 ? 0 : ((uint64_t)after + 1) << 1;
    for (size_t i = 0; i < sizeof n; i++)
        name[i] = (unsigned char)(n >> (56 - 8 * i));
    sql_bind_blob(q, name, sizeof name);
}

static int read_entry(struct sql *q, struct buckets_entry *ret)
{
    struct buckets_entry e = {0};
    unsigned char name[VAULT_NAME_SIZE] = {0};
    int error = sql_row(q);
    if (error < 0)
        return error;
    sql_blob(q, name, sizeof name);
    e.place = place_of(name);
    e.bucket = (enum bucket)sql_ranged(q, 0, BUCKET_COUNT - 1);
    e.account_id = sql_int(q);
    sql_text(q, e.source, sizeof e.source);
    e.known_until = sql_int(q);
    read_columns(q, &e.row);
    if (q->error < 0)
        return q->error;
    *ret = e;
    return 0;
}

#define SELECT_ENTRIES                                                                                                 \
    "SELECT name, bucket, coalesce(account_id, 0), source, known_until," ROW_COLUMNS "FROM limits WHERE "
#define SELECT_ENTRY SELECT_ENTRIES "name >= ?1 "

int buckets_find(struct db *db, const struct buckets_key *key, struct buckets_entry *ret)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, key, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ENTRIES "name = ?");
    sql_bind_blob(&q, name, sizeof name);
    return read_entry(&q, ret);
}

int buckets_next(struct db *db, int64_t account_id, int64_t after, struct buckets_entry *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, account_id == 0 ? SELECT_ENTRY "ORDER BY name LIMIT 1"
                                                          : SELECT_ENTRY "AND account_id = ?2 ORDER BY name LIMIT 1");
    if (after == INT64_MAX)
        return -ENOENT;
    bind_place(&q, after);
    if (account_id != 0)
        sql_bind_int(&q, account_id);
    return read_entry(&q, ret);
}

/* ---- the quota of rows about sources and unknown names ---- */

static int count_unknown(struct db *db, int64_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT unknown_rows FROM limits_state WHERE id = 1");
    int error = sql_row(&q);
    int64_t n = error < 0 ? 0 : sql_int(&q);
    if (error < 0 || (error = q.error) < 0)
        return error;
    *ret = n;
    return 0;
}

#define VICTIMS                                                                                                        \
    "(SELECT name FROM limits WHERE account_id IS NULL AND name <> ?1 AND in_flight = 0 ORDER BY level, charged_at"    \
    " LIMIT ?2)"

/* What a row held is not forgotten with it: its net has it, on top of what each attempt was charged there anyway. Who
 * makes the table overflow has little reason to complain. */
static int give_to_nets(struct db *db, const unsigned char kept[VAULT_NAME_SIZE], int64_t n)
{
    SQL_AUTO struct sql q = sql_begin(
        db, "UPDATE limits SET level = limits.level + gone.level FROM (SELECT net, sum(level) AS level FROM limits"
            " WHERE name IN " VICTIMS " AND net IS NOT NULL GROUP BY net) AS gone WHERE limits.name = gone.net");
    sql_bind_blob(&q, kept, VAULT_NAME_SIZE);
    sql_bind_int(&q, n);
    return sql_run(&q, NULL);
}

/* The lowest go, the oldest of them first; never the one just written, or nothing new would ever be counted, and none
 * that is charged with what is still open (fewer than there are connections). */
static int hold_quota(struct db *db, const unsigned char kept[VAULT_NAME_SIZE])
{
    int64_t n = 0;
    int error = count_unknown(db, &n);
    if (error < 0 || n <= BUCKETS_UNKNOWN_MAX)
        return error;
    if ((error = give_to_nets(db, kept, n - BUCKETS_UNKNOWN_MAX)) < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM limits WHERE name IN " VICTIMS);
    sql_bind_blob(&q, kept, VAULT_NAME_SIZE);
    sql_bind_int(&q, n - BUCKETS_UNKNOWN_MAX);
    return sql_run(&q, NULL);
}

static void bind_account(struct sql *q, int64_t account_id)
{
    if (account_id == 0)
        sql_bind_text(q, NULL);
    else
        sql_bind_int(q, account_id);
}

static int bind_net(struct db *db, struct sql *q, const struct buckets_key *key)
{
    unsigned char name[VAULT_NAME_SIZE];
    struct buckets_key net = {BUCKET_NET, 0, "", key->net, NULL};
    int error = 0;
    if (key->net == NULL || key->net[0] == '\0')
        sql_bind_text(q, NULL);
    else if ((error = key_name(db, &net, name)) == 0)
        sql_bind_blob(q, name, sizeof name);
    return error;
}

static int write_row(struct db *db, const struct buckets_key *key, const unsigned char name[VAULT_NAME_SIZE],
                     const struct limit_row *row)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO limits (name, bucket, account_id, net, source, level, share, in_flight, consecutive,"
                      " charged_boot_ms, charged_at, boot_id, failed_at)"
                      " VALUES (?1, ?2, ?3, ?4, ifnull(?5, ''), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
                      " ON CONFLICT (name) DO UPDATE SET source = ifnull(?5, source),"
                      " level = excluded.level, share = excluded.share, in_flight = excluded.in_flight,"
                      " consecutive = excluded.consecutive, charged_boot_ms = excluded.charged_boot_ms,"
                      " charged_at = excluded.charged_at, boot_id = excluded.boot_id, failed_at = excluded.failed_at");
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    sql_bind_int(&q, key->bucket);
    bind_account(&q, key->account_id);
    int error = bind_net(db, &q, key);
    if (error < 0)
        return error;
    sql_bind_text(&q, key->source);
    sql_bind_int(&q, row->level);
    sql_bind_int(&q, row->share);
    sql_bind_int(&q, row->in_flight);
    sql_bind_int(&q, row->consecutive);
    sql_bind_int(&q, row->charged_boot_ms);
    sql_bind_int(&q, row->charged_at);
    sql_bind_text(&q, row->boot_id);
    sql_bind_int(&q, row->failed_at);
    return sql_run(&q, NULL);
}

int buckets_save(struct db *db, const struct buckets_key *key, const struct limit_row *row)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, key, name);
    if (error < 0 || (error = write_row(db, key, name, row)) < 0)
        return error;
    return key->account_id == 0 ? hold_quota(db, name) : 0;
}

/* ---- known pairs ---- */

int buckets_pairs(struct db *db, int64_t account_id, const struct buckets_pairs_asked *asked, struct buckets_pairs *ret)
{
    struct buckets_pairs found = {0};
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*) FILTER (WHERE share > in_flight * ?1 AND failed_at > ?2),"
                                          " count(*) FILTER (WHERE known_until > ?3 AND (?4 = 0 OR consecutive < ?4))"
                                          " FROM limits WHERE account_id = ?5 AND bucket = ?6");
    sql_bind_int(&q, LIMIT_UNIT);
    sql_bind_int(&q, asked->since_at);
    sql_bind_int(&q, asked->now_s);
    sql_bind_int(&q, asked->forfeit);
    sql_bind_int(&q, account_id);
    sql_bind_int(&q, BUCKET_PAIR);
    int error = sql_row(&q);
    if (error < 0)
        return error;
    found.strangers = sql_u32(&q);
    found.known = sql_u32(&q);
    if (q.error < 0)
        return q.error;
    *ret = found;
    return 0;
}

int buckets_known(struct db *db, const struct buckets_key *pair, int64_t now_s, bool *ret)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, pair, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "SELECT 1 FROM limits WHERE name = ? AND account_id = ? AND known_until > ?");
    sql_bind_blob(&q, name, sizeof name);
    sql_bind_int(&q, pair->account_id);
    sql_bind_int(&q, now_s);
    int row = sql_step(&q);
    if (row < 0)
        return row;
    *ret = row > 0;
    return 0;
}

static int mark_known(struct db *db, const struct buckets_key *pair, int64_t until)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, pair, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO limits (name, bucket, account_id, source, level, share, in_flight, consecutive,"
                      " charged_boot_ms, charged_at, boot_id, known_until) VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0, 0, '', ?)"
                      " ON CONFLICT (name) DO UPDATE SET known_until = excluded.known_until");
    sql_bind_blob(&q, name, sizeof name);
    sql_bind_int(&q, pair->bucket);
    sql_bind_int(&q, pair->account_id);
    sql_bind_text(&q, pair->source);
    sql_bind_int(&q, until);
    return sql_run(&q, NULL);
}

/* Expired ones, and the oldest beyond what an account may have. kept is not among the oldest even if the clock was set
 * back since the others were remembered. */
static int forget_known(struct db *db, int64_t account_id, int64_t now_s, const unsigned char kept[VAULT_NAME_SIZE])
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE limits SET known_until = 0 WHERE account_id = ?1 AND known_until > 0 AND name <> ?2 AND"
                      " (known_until <= ?3 OR name NOT IN (SELECT name FROM limits WHERE account_id = ?1 AND"
                      " known_until > 0 AND name <> ?2 ORDER BY known_until DESC LIMIT ?4))");
    sql_bind_int(&q, account_id);
    sql_bind_blob(&q, kept, VAULT_NAME_SIZE);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, BUCKETS_KNOWN_PER_ACCOUNT - 1);
    return sql_run(&q, NULL);
}

/* A row that says nothing is as good as none: without this each address that somebody ever logged in from would stay.
 */
static int drop_empty(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM limits WHERE account_id = ? AND known_until = 0 AND level = 0"
                                          " AND in_flight = 0 AND consecutive = 0");
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}

int buckets_remember(struct db *db, const struct buckets_key *pair, int64_t now_s)
{
    unsigned char name[VAULT_NAME_SIZE];
    if (pair->account_id == 0)
        return -EINVAL;
    int error = key_name(db, pair, name);
    if (error < 0 || (error = mark_known(db, pair, now_s + BUCKETS_KNOWN_S)) < 0 ||
        (error = forget_known(db, pair->account_id, now_s, name)) < 0)
        return error;
    return drop_empty(db, pair->account_id);
}

/* ---- all of an account, all of the table ---- */

int buckets_forgive(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE limits SET level = min(level, in_flight * ?1),"
                                          " share = min(share, in_flight * ?1), consecutive = 0, failed_at = 0"
                                          " WHERE account_id = ?2");
    sql_bind_int(&q, LIMIT_UNIT);
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}

int buckets_tidy(struct db *db, enum config_limits preset, int64_t account_id, const struct clock *now)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "DELETE FROM limits WHERE account_id = ?1 AND bucket = ?2 AND known_until = 0 AND in_flight = 0"
                      " AND consecutive <= ?3 AND (charged_boot_ms < ?4 OR boot_id <> ?5) AND ?4 > 0");
    sql_bind_int(&q, account_id);
    sql_bind_int(&q, BUCKET_PAIR);
    sql_bind_int(&q, limit_rule(preset, BUCKET_PAIR, LIMIT_STRANGER)->free);
    sql_bind_int(&q, now->boot_ms - limit_forgotten_ms(preset, BUCKET_PAIR));
    sql_bind_text(&q, now->boot_id);
    return sql_run(&q, NULL);
}

int buckets_settle_all(struct db *db)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE limits SET consecutive = min(consecutive + in_flight, 4294967295), in_flight = 0,"
                      " failed_at = charged_at WHERE in_flight > 0");
    return sql_run(&q, NULL);
}

/* By the boot clock, or by this boot's own age: the wall clock may have been set. */
static int expire_one(struct db *db, enum bucket bucket, int64_t forgotten_ms, const struct clock *now, unsigned max)
{
    SQL_AUTO struct sql q = sql_begin(
        db, "DELETE FROM limits WHERE name IN (SELECT name FROM limits WHERE account_id IS NULL AND bucket = ?1 AND"
            " in_flight = 0 AND (charged_boot_ms < ?2 OR boot_id <> ?3) AND ?2 > 0 LIMIT ?4)");
    sql_bind_int(&q, bucket);
    sql_bind_int(&q, now->boot_ms - forgotten_ms);
    sql_bind_text(&q, now->boot_id);
    sql_bind_int(&q, max);
    return sql_run(&q, NULL);
}

int buckets_expire(struct db *db, enum config_limits preset, const struct clock *now, unsigned max)
{
    int error = 0;
    for (int bucket = 0; error == 0 && bucket < BUCKET_COUNT; bucket++)
        error = expire_one(db, (enum bucket)bucket, limit_forgotten_ms(preset, (enum bucket)bucket), now, max);
    return error;
}
