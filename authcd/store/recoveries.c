/* SPDX-License-Identifier: MIT
 *
 * Recovery codes. The hash is keyed and covers the account's id, so that a row copied to another account opens nothing
 * there; codes have 80 bits, so that it needs no salt and no slowness. Using one up is one UPDATE: once, whatever else
 * happens.
 */
#include "recoveries.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sql.h"
#include "text.h"

static int name_of(struct db *db, int64_t account_id, const char *code, unsigned char out[VAULT_NAME_SIZE])
{
    char text[RECOVERY_SIZE + 24];
    int error = text_format(text, sizeof text, "%" PRId64 ":%s", account_id, code);
    if (error == 0)
        vault_name(db->vault, VAULT_NAMES_RECOVERY, text, out);
    explicit_bzero(text, sizeof text);
    return error;
}

int recoveries_get(struct db *db, int64_t account_id, struct recoveries *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*), count(*) FILTER (WHERE used_at = 0),"
                                          " coalesce(max(made_at), 0), coalesce(max(used_at), 0)"
                                          " FROM recovery_codes WHERE account_id = ?");
    sql_bind_int(&q, account_id);
    int error = sql_row(&q);
    if (error < 0)
        return error;
    struct recoveries r = {.made = sql_u32(&q)};
    r.left = sql_u32(&q);
    r.made_at = sql_int(&q);
    r.last_used_at = sql_int(&q);
    if (q.error < 0)
        return q.error;
    *ret = r;
    return 0;
}

int recoveries_add(struct db *db, int64_t account_id, const char code[RECOVERY_SIZE], int64_t now_s)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = name_of(db, account_id, code, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO recovery_codes (account_id, name, made_at) VALUES (?, ?, ?)");
    sql_bind_int(&q, account_id);
    sql_bind_blob(&q, name, sizeof name);
    sql_bind_int(&q, now_s);
    return sql_run(&q, NULL);
}

static int exists(struct db *db, int64_t account_id, const unsigned char name[VAULT_NAME_SIZE])
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT 1 FROM recovery_codes WHERE account_id = ? AND name = ?");
    sql_bind_int(&q, account_id);
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    return sql_row(&q);
}

int recoveries_use(struct db *db, int64_t account_id, const char code[RECOVERY_SIZE], int64_t now_s)
{
    unsigned char name[VAULT_NAME_SIZE];
    int error = name_of(db, account_id, code, name);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE recovery_codes SET used_at = ? WHERE account_id = ? AND name = ?"
                                          " AND used_at = 0");
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, account_id);
    sql_bind_blob(&q, name, sizeof name);
    error = sql_run_one(&q);
    if (error != -ENOENT)
        return error;
    error = exists(db, account_id, name);
    return error < 0 ? error : -EALREADY;
}

int recoveries_remove(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM recovery_codes WHERE account_id = ?");
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}
