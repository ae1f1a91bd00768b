/* SPDX-License-Identifier: MIT
 *
 * Rows of guess limits. A row's key is a keyed hash of bucket, account and source, so that neither what was typed for a
 * name (often a password) nor where people come from can be read from the table. Rows of accounts stay; rows about
 * names that are none are kept within a quota. What the numbers mean is rules/limit's.
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
    const char *source = key->bucket == BUCKET_PAIR ? key->source : "";
    int error = text_format(text, sizeof text, "%d:%lld:%zu:%s:%s", (int)key->bucket, (long long)key->account_id,
                            strlen(subject), subject, source);
    if (error == 0)
        vault_name(db->vault, VAULT_NAMES_LIMIT, text, out);
    return error;
}

static int read_row(struct sql *q, struct limit_row *ret)
{
    struct limit_row row = {0};
    int error = sql_row(q);
    if (error == -ENOENT) {
        *ret = row;
        return 0;
    }
    if (error < 0)
        return error;
    row.level = sql_int(q);
    row.share = sql_int(q);
    row.in_flight = sql_u32(q);
    row.consecutive = sql_u32(q);
    row.charged_boot_ms = sql_int(q);
    row.charged_at = sql_int(q);
    sql_text(q, row.boot_id, sizeof row.boot_id);
    if (q->error < 0)
        return q->error;
    *ret = row;
    return 0;
}

int buckets_load(struct db *db, const struct buckets_key *key, struct limit_row *ret)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = key_name(db, key, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "SELECT level, share, in_flight, consecutive, charged_boot_ms, charged_at,"
                                          " boot_id FROM limits WHERE name = ?");
    sql_bind_blob(&q, name, sizeof name);
    return read_row(&q, ret);
}

/* ---- the quota of rows about unknown names ---- */

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

/* The lowest go, the oldest of them first; never the one just written, or nothing new would ever be counted. */
static int hold_quota(struct db *db, const unsigned char kept[VAULT_NAME_SIZE])
{
    int64_t n = 0;
    int error = count_unknown(db, &n);
    if (error < 0 || n <= BUCKETS_UNKNOWN_MAX)
        return error;
    SQL_AUTO struct sql q =
        sql_begin(db, "DELETE FROM limits WHERE name IN (SELECT name FROM limits WHERE account_id IS NULL"
                      " AND name <> ? ORDER BY level, charged_at LIMIT ?)");
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

static int write_row(struct db *db, const struct buckets_key *key, const unsigned char name[VAULT_NAME_SIZE],
                     const struct limit_row *row)
{
    SQL_AUTO struct sql q = sql_begin(
        db, "INSERT INTO limits (name, bucket, account_id, level, share, in_flight, consecutive, charged_boot_ms,"
            " charged_at, boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " level = excluded.level, share = excluded.share, in_flight = excluded.in_flight,"
            " consecutive = excluded.consecutive, charged_boot_ms = excluded.charged_boot_ms,"
            " charged_at = excluded.charged_at, boot_id = excluded.boot_id");
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    sql_bind_int(&q, key->bucket);
    bind_account(&q, key->account_id);
    sql_bind_int(&q, row->level);
    sql_bind_int(&q, row->share);
    sql_bind_int(&q, row->in_flight);
    sql_bind_int(&q, row->consecutive);
    sql_bind_int(&q, row->charged_boot_ms);
    sql_bind_int(&q, row->charged_at);
    sql_bind_text(&q, row->boot_id);
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
        sql_begin(db, "INSERT INTO limits (name, bucket, account_id, level, share, in_flight, consecutive,"
                      " charged_boot_ms, charged_at, boot_id, known_until) VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, '', ?)"
                      " ON CONFLICT (name) DO UPDATE SET known_until = excluded.known_until");
    sql_bind_blob(&q, name, sizeof name);
    sql_bind_int(&q, pair->bucket);
    sql_bind_int(&q, pair->account_id);
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
                                          " share = min(share, in_flight * ?1), consecutive = 0 WHERE account_id = ?2");
    sql_bind_int(&q, LIMIT_UNIT);
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}

int buckets_settle_all(struct db *db)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE limits SET consecutive = min(consecutive + in_flight, 4294967295), in_flight = 0"
                      " WHERE in_flight > 0");
    return sql_run(&q, NULL);
}
