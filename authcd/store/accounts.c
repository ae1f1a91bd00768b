/* SPDX-License-Identifier: MIT
 *
 * Accounts and their sealed password hashes. "Living" is state <> 4 in each statement, word for word as in the unique
 * indexes, so that SQLite uses them. Who may do what to whom, and ending sessions, is the handlers'.
 */
#include "accounts.h"

#include <errno.h>
#include <string.h>

#include "random.h"
#include "sql.h"
#include "text.h"

enum { SEALED_MAX = SECRET_MAX + VAULT_OVERHEAD };

#define SELECT_ACCOUNT                                                                                                 \
    "SELECT id, uuid, name, uid, role, state,"                                                                         \
    " EXISTS (SELECT 1 FROM passwords WHERE account_id = a.id), must_change,"                                          \
    " (SELECT count(*) FROM factors WHERE account_id = a.id AND confirmed_at > 0),"                                    \
    " created_at, updated_at, last_login_at, password_changed_at, password_expires_at FROM accounts AS a "

static int read_account(struct sql *q, struct account *ret)
{
    struct account a = {0};
    int error = sql_row(q);
    if (error < 0)
        return error;
    a.id = sql_int(q);
    sql_text(q, a.uuid, sizeof a.uuid);
    sql_text(q, a.name, sizeof a.name);
    a.uid = sql_u32(q);
    sql_text(q, a.role, sizeof a.role);
    a.state = (enum account_state)sql_ranged(q, ACCOUNT_PENDING, ACCOUNT_DELETED);
    a.has_password = sql_ranged(q, 0, 1);
    a.must_change = sql_ranged(q, 0, 1);
    a.codes = sql_u32(q);
    a.created_at = sql_int(q);
    a.updated_at = sql_int(q);
    a.last_login_at = sql_int(q);
    a.password_changed_at = sql_int(q);
    a.password_expires_at = sql_int(q);
    if (q->error < 0)
        return q->error;
    *ret = a;
    return 0;
}

int accounts_by_name(struct db *db, const char *name, struct account *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ACCOUNT "WHERE name = ? AND state <> 4");
    sql_bind_text(&q, name);
    return read_account(&q, ret);
}

int accounts_by_uid(struct db *db, uint32_t uid, struct account *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ACCOUNT "WHERE uid = ? AND state <> 4");
    sql_bind_int(&q, uid);
    return read_account(&q, ret);
}

int accounts_by_id(struct db *db, int64_t id, struct account *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ACCOUNT "WHERE id = ?");
    sql_bind_int(&q, id);
    return read_account(&q, ret);
}

int accounts_by_uuid(struct db *db, const char *uuid, struct account *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ACCOUNT "WHERE uuid = ?");
    sql_bind_text(&q, uuid);
    return read_account(&q, ret);
}

int accounts_next(struct db *db, int64_t after, struct account *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_ACCOUNT "WHERE id > ? AND state <> 4 ORDER BY id LIMIT 1");
    sql_bind_int(&q, after);
    return read_account(&q, ret);
}

static int read_count(struct sql *q, uint32_t *ret)
{
    int error = sql_row(q);
    uint32_t n = error < 0 ? 0 : sql_u32(q);
    if (error < 0 || (error = q->error) < 0)
        return error;
    *ret = n;
    return 0;
}

int accounts_count(struct db *db, uint32_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*) FROM accounts WHERE state <> 4");
    return read_count(&q, ret);
}

int accounts_count_role(struct db *db, const char *role, uint32_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*) FROM accounts WHERE role = ? AND state IN (1, 2)");
    sql_bind_text(&q, role);
    return read_count(&q, ret);
}

int accounts_add(struct db *db, const char *name, uint32_t uid, const char *role, int64_t now_s, struct account *ret)
{
    char uuid[RANDOM_UUID_SIZE];
    random_uuid(uuid);
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO accounts (uuid, name, uid, role, state, created_at, updated_at)"
                                          " VALUES (?, ?, ?, ?, 1, ?, ?)");
    sql_bind_text(&q, uuid);
    sql_bind_text(&q, name);
    sql_bind_int(&q, uid);
    sql_bind_text(&q, role);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, now_s);
    int error = sql_run(&q, NULL);
    return error < 0 ? error : accounts_by_uuid(db, uuid, ret);
}

int accounts_update(struct db *db, const struct account *a, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET role = ?, uid = ?, state = ?, must_change = ?,"
                                          " updated_at = ? WHERE id = ? AND state <> 4");
    sql_bind_text(&q, a->role);
    sql_bind_int(&q, a->uid);
    sql_bind_int(&q, a->state);
    sql_bind_int(&q, a->must_change);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, a->id);
    return sql_run_one(&q);
}

int accounts_note_login(struct db *db, int64_t id, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET last_login_at = ? WHERE id = ? AND state <> 4");
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

static int bury(struct db *db, int64_t id, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET state = 4, updated_at = ? WHERE id = ? AND state <> 4");
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

int accounts_delete(struct db *db, int64_t id, int64_t now_s)
{
    static const char *const belongings[] = {
        "DELETE FROM passwords WHERE account_id = ?",      "DELETE FROM factors WHERE account_id = ?",
        "DELETE FROM recovery_codes WHERE account_id = ?", "DELETE FROM limits WHERE account_id = ?",
        "DELETE FROM handles WHERE account_id = ?",        "DELETE FROM graces WHERE account_id = ?",
    };
    int error = bury(db, id, now_s);
    for (size_t i = 0; error == 0 && i < sizeof belongings / sizeof *belongings; i++) {
        SQL_AUTO struct sql q = sql_begin(db, belongings[i]);
        sql_bind_int(&q, id);
        error = sql_run(&q, NULL);
    }
    return error;
}

/* ---- passwords ---- */

static int seal(struct db *db, int64_t id, const char *stored, unsigned char sealed[SEALED_MAX], size_t *ret_len)
{
    size_t len = strlen(stored);
    if (len >= SECRET_MAX) /* accounts_password adds a NUL */
        return -EMSGSIZE;
    return vault_seal(db->vault, VAULT_PASSWORD, id, stored, len, sealed, SEALED_MAX, ret_len);
}

/* expires_at 0: never, and it need not be changed. */
static int note_fresh(struct db *db, int64_t id, int64_t expires_at, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET state = iif(state = 1, 2, state), must_change = ?,"
                                          " password_expires_at = ?, password_changed_at = ?, updated_at = ?"
                                          " WHERE id = ? AND state <> 4");
    sql_bind_int(&q, expires_at != 0);
    sql_bind_int(&q, expires_at);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

/* note_fresh has found it living. */
static int replace_fresh(struct db *db, int64_t id, const unsigned char *sealed, size_t len)
{
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO passwords (account_id, sealed) VALUES (?, ?)"
                                          " ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed");
    sql_bind_int(&q, id);
    sql_bind_blob(&q, sealed, len);
    return sql_run(&q, NULL);
}

static int replace_same(struct db *db, int64_t id, const unsigned char *sealed, size_t len)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE passwords SET sealed = ? WHERE account_id = ?");
    sql_bind_blob(&q, sealed, len);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

int accounts_set_password(struct db *db, int64_t id, const char *stored, bool fresh, int64_t now_s)
{
    unsigned char sealed[SEALED_MAX];
    size_t len = 0;
    int error = seal(db, id, stored, sealed, &len);
    if (error < 0 || !fresh)
        return error < 0 ? error : replace_same(db, id, sealed, len);
    error = note_fresh(db, id, 0, now_s);
    return error < 0 ? error : replace_fresh(db, id, sealed, len);
}

int accounts_set_one_time(struct db *db, int64_t id, const char *stored, int64_t expires_at, int64_t now_s)
{
    unsigned char sealed[SEALED_MAX];
    size_t len = 0;
    int error = seal(db, id, stored, sealed, &len);
    if (error < 0 || (error = note_fresh(db, id, expires_at, now_s)) < 0)
        return error;
    return replace_fresh(db, id, sealed, len);
}

int accounts_password(struct db *db, int64_t id, struct secret *ret)
{
    unsigned char sealed[SEALED_MAX];
    SECRET_AUTO struct secret s = {0};
    SQL_AUTO struct sql q = sql_begin(db, "SELECT sealed FROM passwords WHERE account_id = ?");
    sql_bind_int(&q, id);
    int error = sql_row(&q);
    size_t len = error < 0 ? 0 : sql_blob(&q, sealed, sizeof sealed);
    if (error < 0 || (error = q.error) < 0)
        return error;
    error = vault_open(db->vault, VAULT_PASSWORD, id, sealed, len, s.bytes, sizeof s.bytes - 1, &s.len);
    if (error < 0 || memchr(s.bytes, '\0', s.len) != NULL)
        return -EBADMSG;
    s.bytes[s.len] = '\0';
    *ret = s;
    return 0;
}
