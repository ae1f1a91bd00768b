/* SPDX-License-Identifier: MIT
 *
 * See refuge_merge.h. Row by row between two connections: ids may have been given out twice, so an account is the same
 * only if its UUID is, and a factor only if its account and its date are.
 */
#include "refuge_merge.h"

#include <errno.h>

#include "buckets.h"
#include "vault.h"

enum { UUID_SIZE = 37, BOOT_ID_SIZE = 37, NUMBERS = 7 };

struct limit {
    unsigned char name[VAULT_NAME_SIZE], net[VAULT_NAME_SIZE];
    size_t net_len; /* 0: none */
    int64_t bucket, account_id;
    int64_t numbers[NUMBERS]; /* level, share, in_flight, consecutive, charged_boot_ms, charged_at, failed_at */
    char source[BUCKETS_SOURCE_SIZE], boot_id[BOOT_ID_SIZE], uuid[UUID_SIZE];
};

static int read_limit(struct sql *q, struct limit *ret)
{
    int error = sql_row(q);
    if (error < 0)
        return error;
    size_t len = sql_blob(q, ret->name, sizeof ret->name);
    ret->bucket = sql_int(q);
    ret->account_id = sql_int(q);
    for (size_t i = 0; i < NUMBERS; i++)
        ret->numbers[i] = sql_int(q);
    ret->net_len = sql_blob(q, ret->net, sizeof ret->net);
    sql_text(q, ret->source, sizeof ret->source);
    sql_text(q, ret->boot_id, sizeof ret->boot_id);
    sql_text(q, ret->uuid, sizeof ret->uuid);
    return q->error < 0 || len != sizeof ret->name ? -EIO : 0;
}

/* A level counts from when it was last charged: the later of the two moments holds it up longer. */
static int write_limit(struct db *home, const struct limit *l)
{
    SQL_AUTO struct sql q = sql_begin(
        home, "INSERT INTO limits (name, bucket, account_id, level, share, in_flight, consecutive, charged_boot_ms,"
              " charged_at, failed_at, net, source, boot_id) SELECT ?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
              " nullif(?11, x''), ?12, ?13"
              " WHERE ?3 = 0 OR EXISTS (SELECT 1 FROM accounts WHERE id = ?3 AND uuid = ?14)"
              " ON CONFLICT (name) DO UPDATE SET level = max(level, excluded.level),"
              " share = max(share, excluded.share), in_flight = max(in_flight, excluded.in_flight),"
              " consecutive = max(consecutive, excluded.consecutive),"
              " charged_boot_ms = iif(excluded.charged_at > charged_at, excluded.charged_boot_ms, charged_boot_ms),"
              " boot_id = iif(excluded.charged_at > charged_at, excluded.boot_id, boot_id),"
              " charged_at = max(charged_at, excluded.charged_at),"
              " source = iif(excluded.failed_at > failed_at, excluded.source, source),"
              " failed_at = max(failed_at, excluded.failed_at)");
    sql_bind_blob(&q, l->name, sizeof l->name);
    sql_bind_int(&q, l->bucket);
    sql_bind_int(&q, l->account_id);
    for (size_t i = 0; i < NUMBERS; i++)
        sql_bind_int(&q, l->numbers[i]);
    sql_bind_blob(&q, l->net, l->net_len);
    sql_bind_text(&q, l->source);
    sql_bind_text(&q, l->boot_id);
    sql_bind_text(&q, l->uuid);
    return sql_run(&q, NULL);
}

static int merge_limits(struct db *there, struct db *home)
{
    struct limit l;
    int error;
    SQL_AUTO struct sql q = sql_begin(
        there,
        "SELECT l.name, l.bucket, coalesce(l.account_id, 0), l.level, l.share, l.in_flight,"
        " l.consecutive, l.charged_boot_ms, l.charged_at, l.failed_at, coalesce(l.net, x''), l.source, l.boot_id,"
        " coalesce(a.uuid, '')"
        " FROM limits l LEFT JOIN accounts a ON a.id = l.account_id");
    while ((error = read_limit(&q, &l)) == 0)
        if ((error = write_limit(home, &l)) < 0)
            return error;
    return error == -ENOENT ? 0 : error;
}

static int write_step(struct db *home, int64_t id, int64_t created_at, int64_t last_step, const char *uuid)
{
    SQL_AUTO struct sql q = sql_begin(home, "UPDATE factors SET last_step = max(last_step, ?1) WHERE id = ?2"
                                            " AND created_at = ?3"
                                            " AND account_id = (SELECT id FROM accounts WHERE uuid = ?4)");
    sql_bind_int(&q, last_step);
    sql_bind_int(&q, id);
    sql_bind_int(&q, created_at);
    sql_bind_text(&q, uuid);
    return sql_run(&q, NULL);
}

static int merge_steps(struct db *there, struct db *home)
{
    char uuid[UUID_SIZE];
    int error;
    SQL_AUTO struct sql q = sql_begin(there, "SELECT f.id, f.created_at, f.last_step, a.uuid FROM factors f"
                                             " JOIN accounts a ON a.id = f.account_id WHERE f.last_step >= 0");
    while ((error = sql_row(&q)) == 0) {
        int64_t id = sql_int(&q), created_at = sql_int(&q), last_step = sql_int(&q);
        sql_text(&q, uuid, sizeof uuid);
        if ((error = q.error) < 0 || (error = write_step(home, id, created_at, last_step, uuid)) < 0)
            return error;
    }
    return error == -ENOENT ? 0 : error;
}

static int write_used(struct db *home, const unsigned char name[VAULT_NAME_SIZE], int64_t used_at, const char *uuid)
{
    SQL_AUTO struct sql q = sql_begin(home, "UPDATE recovery_codes SET used_at = ?1 WHERE name = ?2 AND used_at = 0"
                                            " AND account_id = (SELECT id FROM accounts WHERE uuid = ?3)");
    sql_bind_int(&q, used_at);
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    sql_bind_text(&q, uuid);
    return sql_run(&q, NULL);
}

static int merge_used(struct db *there, struct db *home)
{
    unsigned char name[VAULT_NAME_SIZE];
    char uuid[UUID_SIZE];
    int error;
    SQL_AUTO struct sql q = sql_begin(there, "SELECT r.name, r.used_at, a.uuid FROM recovery_codes r"
                                             " JOIN accounts a ON a.id = r.account_id WHERE r.used_at > 0");
    while ((error = sql_row(&q)) == 0) {
        size_t len = sql_blob(&q, name, sizeof name);
        int64_t used_at = sql_int(&q);
        sql_text(&q, uuid, sizeof uuid);
        if (q.error < 0 || len != sizeof name)
            return -EIO;
        if ((error = write_used(home, name, used_at, uuid)) < 0)
            return error;
    }
    return error == -ENOENT ? 0 : error;
}

int refuge_merge(struct db *there, struct db *home)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(home, &t);
    if (error < 0 || (error = merge_limits(there, home)) < 0 || (error = merge_steps(there, home)) < 0 ||
        (error = merge_used(there, home)) < 0)
        return error;
    return db_transaction_commit(&t);
}
