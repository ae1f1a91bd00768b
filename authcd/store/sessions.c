/* SPDX-License-Identifier: MIT
 *
 * Sessions and the handles that lead to them. A handle is removed by whoever shows it, right or wrong, so that it can
 * be tried once; its stored form is a keyed hash, so that reading the database opens no session. Ended sessions stay
 * for a while, for people to look back. Which boot, pid and audit session are real is the handlers' and serve's.
 */
#include "sessions.h"

#include <errno.h>
#include <string.h>

#include "graces.h"
#include "protocol.h"
#include "random.h"
#include "sql.h"
#include "text.h"

#define KEPT_ENDED_S INT64_C(7776000) /* 90 days */
enum { NAME_CHARS = SESSION_NAME_SIZE - 1, HANDLE_CHARS = HANDLE_SIZE - 1 };

/* ---- handles ---- */

int sessions_handle_make(struct db *db, const struct session *s, int64_t now_s, char ret_handle[HANDLE_SIZE])
{
    char handle[HANDLE_SIZE];
    unsigned char name[VAULT_NAME_SIZE];
    random_name(handle, HANDLE_CHARS);
    vault_name(db->vault, VAULT_NAMES_HANDLE, handle, name);
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO handles (name, account_id, uid, service, source, rhost, amr, acr,"
                      " auth_time, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_blob(&q, name, sizeof name);
    sql_bind_int(&q, s->account_id);
    sql_bind_int(&q, s->uid);
    sql_bind_text(&q, s->service);
    sql_bind_text(&q, s->source);
    sql_bind_text(&q, s->rhost);
    sql_bind_text(&q, s->amr);
    sql_bind_text(&q, s->acr);
    sql_bind_int(&q, s->auth_time);
    sql_bind_int(&q, now_s);
    int error = sql_run(&q, NULL);
    if (error == 0)
        memcpy(ret_handle, handle, sizeof handle);
    explicit_bzero(handle, sizeof handle);
    return error;
}

static int read_handle(struct db *db, const unsigned char name[VAULT_NAME_SIZE], struct session *s,
                       int64_t *ret_made_at)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT account_id, uid, service, source, rhost, amr, acr, auth_time, made_at"
                                          " FROM handles WHERE name = ?");
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    int error = sql_row(&q);
    if (error < 0)
        return error;
    s->account_id = sql_int(&q);
    s->uid = sql_u32(&q);
    sql_text(&q, s->service, sizeof s->service);
    sql_text(&q, s->source, sizeof s->source);
    sql_text(&q, s->rhost, sizeof s->rhost);
    sql_text(&q, s->amr, sizeof s->amr);
    sql_text(&q, s->acr, sizeof s->acr);
    s->auth_time = sql_int(&q);
    *ret_made_at = sql_int(&q);
    return q.error;
}

static int remove_handle(struct db *db, const unsigned char name[VAULT_NAME_SIZE])
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM handles WHERE name = ?");
    sql_bind_blob(&q, name, VAULT_NAME_SIZE);
    return sql_run_one(&q);
}

int sessions_handle_take(struct db *db, const char *handle, uint32_t uid, const char *service, const char *rhost,
                         int64_t now_s, struct session *ret)
{
    struct session s = {.audit_session = PROTOCOL_NO_SESSION};
    unsigned char name[VAULT_NAME_SIZE];
    int64_t made_at = 0;
    vault_name(db->vault, VAULT_NAMES_HANDLE, handle, name);
    int error = read_handle(db, name, &s, &made_at);
    if (error < 0 || (error = remove_handle(db, name)) < 0)
        return error;
    /* One from the future was made before the clock was set back: its age is not known. */
    if (made_at > now_s || now_s - made_at > HANDLE_LIFETIME_S)
        return -ENOENT;
    if (s.uid != uid || strcmp(s.service, service) != 0 || strcmp(s.rhost, rhost) != 0)
        return -EACCES;
    *ret = s;
    return 0;
}

int sessions_forget_handles(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM handles WHERE account_id = ?");
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}

/* ---- sessions ---- */

#define SELECT_SESSION                                                                                                 \
    "SELECT id, name, account_id, uid, service, tty, source, rhost, amr, acr, auth_time, audit_session, leader_pid,"   \
    " leader_start, boot_id, created_at, last_used_at, ended_at, end_reason FROM sessions "

static int read_session(struct sql *q, struct session *ret, int64_t *ret_id)
{
    struct session s = {0};
    int error = sql_row(q);
    if (error < 0)
        return error;
    int64_t id = sql_int(q);
    sql_text(q, s.name, sizeof s.name);
    s.account_id = sql_int(q);
    s.uid = sql_u32(q);
    sql_text(q, s.service, sizeof s.service);
    sql_text(q, s.tty, sizeof s.tty);
    sql_text(q, s.source, sizeof s.source);
    sql_text(q, s.rhost, sizeof s.rhost);
    sql_text(q, s.amr, sizeof s.amr);
    sql_text(q, s.acr, sizeof s.acr);
    s.auth_time = sql_int(q);
    s.audit_session = sql_u32(q);
    s.leader_pid = sql_int(q);
    s.leader_start = sql_int(q);
    sql_text(q, s.boot_id, sizeof s.boot_id);
    s.created_at = sql_int(q);
    s.last_used_at = sql_int(q);
    s.ended_at = sql_int(q);
    sql_text(q, s.end_reason, sizeof s.end_reason);
    if (q->error < 0)
        return q->error;
    *ret = s;
    if (ret_id != NULL)
        *ret_id = id;
    return 0;
}

int sessions_open(struct db *db, struct session *s, int64_t now_s)
{
    char name[RANDOM_NAME_SIZE];
    random_name(name, NAME_CHARS);
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO sessions (name, account_id, uid, service, tty, source, rhost, amr, acr, auth_time,"
                      " audit_session, leader_pid, leader_start, boot_id, created_at, last_used_at)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_text(&q, name);
    sql_bind_int(&q, s->account_id);
    sql_bind_int(&q, s->uid);
    sql_bind_text(&q, s->service);
    sql_bind_text(&q, s->tty);
    sql_bind_text(&q, s->source);
    sql_bind_text(&q, s->rhost);
    sql_bind_text(&q, s->amr);
    sql_bind_text(&q, s->acr);
    sql_bind_int(&q, s->auth_time);
    sql_bind_int(&q, s->audit_session);
    sql_bind_int(&q, s->leader_pid);
    sql_bind_int(&q, s->leader_start);
    sql_bind_text(&q, s->boot_id);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, now_s);
    int error = sql_run(&q, NULL);
    if (error < 0 || (error = text_copy(s->name, sizeof s->name, name)) < 0)
        return error;
    s->created_at = s->last_used_at = now_s;
    s->ended_at = 0;
    s->end_reason[0] = '\0';
    return 0;
}

int sessions_get(struct db *db, const char *name, struct session *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_SESSION "WHERE name = ? AND ended_at = 0");
    sql_bind_text(&q, name);
    return read_session(&q, ret, NULL);
}

int sessions_by_audit_session(struct db *db, uint32_t uid, uint32_t audit_session, const char *boot_id,
                              struct session *ret)
{
    if (audit_session == PROTOCOL_NO_SESSION)
        return -ENOENT; /* "none" is nobody's: it must not match another's "none" */
    SQL_AUTO struct sql q = sql_begin(db, SELECT_SESSION "WHERE uid = ? AND audit_session = ? AND boot_id = ?"
                                                         " AND ended_at = 0 ORDER BY id DESC LIMIT 1");
    sql_bind_int(&q, uid);
    sql_bind_int(&q, audit_session);
    sql_bind_text(&q, boot_id);
    return read_session(&q, ret, NULL);
}

int sessions_next(struct db *db, int64_t account_id, int64_t *after, struct session *ret)
{
    SQL_AUTO struct sql q =
        sql_begin(db, SELECT_SESSION "WHERE id > ?1 AND ended_at = 0 AND (?2 = 0 OR account_id = ?2)"
                                     " ORDER BY id LIMIT 1");
    sql_bind_int(&q, *after);
    sql_bind_int(&q, account_id);
    return read_session(&q, ret, after);
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

int sessions_count(struct db *db, uint32_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*) FROM sessions WHERE ended_at = 0");
    return read_count(&q, ret);
}

int sessions_count_of(struct db *db, int64_t account_id, const char *service, uint32_t *ret)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "SELECT count(*) FROM sessions WHERE ended_at = 0 AND account_id = ? AND service = ?");
    sql_bind_int(&q, account_id);
    sql_bind_text(&q, service);
    return read_count(&q, ret);
}

int sessions_touch(struct db *db, const char *name, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE sessions SET last_used_at = ? WHERE name = ? AND ended_at = 0");
    sql_bind_int(&q, now_s);
    sql_bind_text(&q, name);
    return sql_run_one(&q);
}

/* ---- ends ---- */

/* ended_at = 0 means live, so a clock at the epoch must not write it. */
static int64_t end_time(int64_t now_s)
{
    return now_s > 0 ? now_s : 1;
}

int sessions_end(struct db *db, const char *name, const char *reason, int64_t now_s)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE name = ? AND ended_at = 0");
    sql_bind_int(&q, end_time(now_s));
    sql_bind_text(&q, reason);
    sql_bind_text(&q, name);
    return sql_run_one(&q);
}

int sessions_end_all(struct db *db, int64_t account_id, const char *except, const char *reason, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE account_id = ?"
                                          " AND ended_at = 0 AND name IS NOT ?");
    sql_bind_int(&q, end_time(now_s));
    sql_bind_text(&q, reason);
    sql_bind_int(&q, account_id);
    sql_bind_text(&q, except);
    int error = sql_run(&q, NULL);
    return error < 0 ? error : graces_forget(db, account_id);
}

int sessions_end_other_boots(struct db *db, const char *boot_id, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE sessions SET ended_at = ?, end_reason = 'reboot' WHERE ended_at = 0"
                                          " AND boot_id <> ?");
    sql_bind_int(&q, end_time(now_s));
    sql_bind_text(&q, boot_id);
    return sql_run(&q, NULL);
}

static int expire_handles(struct db *db, int64_t now_s, int64_t max, int64_t *ret_gone)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM handles WHERE name IN (SELECT name FROM handles"
                                          " WHERE made_at < ?1 - ?2 OR made_at > ?1 LIMIT ?3)");
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, HANDLE_LIFETIME_S);
    sql_bind_int(&q, max);
    return sql_run(&q, ret_gone);
}

static int expire_sessions(struct db *db, int64_t now_s, int64_t max, int64_t *ret_gone)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions"
                                          " WHERE ended_at > 0 AND ended_at < ? LIMIT ?)");
    sql_bind_int(&q, now_s - KEPT_ENDED_S);
    sql_bind_int(&q, max);
    return sql_run(&q, ret_gone);
}

int sessions_expire(struct db *db, int64_t now_s, unsigned max, int *ret_more)
{
    int64_t handles = 0, sessions = 0;
    int error = expire_handles(db, now_s, max, &handles);
    if (error < 0 || (error = expire_sessions(db, now_s, max - handles, &sessions)) < 0)
        return error;
    *ret_more = handles + sessions >= max;
    return 0;
}
