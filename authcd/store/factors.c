/* SPDX-License-Identifier: MIT
 *
 * Code factors. The compare-and-set of the last accepted step is one UPDATE, so that a code counts once whatever else
 * happens. Whether a code is right is rules/otp's.
 */
#include "factors.h"

#include <errno.h>

#include "hotp.h"
#include "sql.h"
#include "text.h"

enum { SEALED_MAX = OTP_SECRET_MAX + VAULT_OVERHEAD };

#define SELECT_FACTOR                                                                                                  \
    "SELECT id, account_id, number, kind, label, algorithm, digits, period_s, last_step, created_at, confirmed_at,"    \
    " last_used_at FROM factors "

static int read_factor(struct sql *q, struct factor *ret)
{
    struct factor f = {0};
    int error = sql_row(q);
    if (error < 0)
        return error;
    f.id = sql_int(q);
    f.account_id = sql_int(q);
    f.number = sql_u32(q);
    sql_text(q, f.kind, sizeof f.kind);
    sql_text(q, f.label, sizeof f.label);
    f.algorithm = (enum otp_algorithm)sql_ranged(q, OTP_SHA1, OTP_SHA512);
    f.digits = sql_u32(q);
    f.period_s = sql_int(q);
    f.last_step = sql_int(q);
    f.created_at = sql_int(q);
    f.confirmed_at = sql_int(q);
    f.last_used_at = sql_int(q);
    if (q->error < 0)
        return q->error;
    *ret = f;
    return 0;
}

/* The number that a new factor gets; -EDQUOT. */
static int next_number(struct db *db, int64_t account_id, uint32_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT next_factor, (SELECT count(*) FROM factors WHERE account_id = a.id)"
                                          " FROM accounts AS a WHERE id = ? AND state <> 4");
    sql_bind_int(&q, account_id);
    int error = sql_row(&q);
    uint32_t number = error < 0 ? 0 : sql_u32(&q), have = error < 0 ? 0 : sql_u32(&q);
    if (error < 0 || (error = q.error) < 0)
        return error;
    if (have >= FACTORS_PER_ACCOUNT_MAX)
        return -EDQUOT;
    *ret = number;
    return 0;
}

static int insert(struct db *db, const struct factor *f, const unsigned char *sealed, size_t len)
{
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO factors (account_id, number, kind, label, algorithm, digits,"
                                          " period_s, last_step, created_at, sealed)"
                                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, f->account_id);
    sql_bind_int(&q, f->number);
    sql_bind_text(&q, f->kind);
    sql_bind_text(&q, f->label);
    sql_bind_int(&q, f->algorithm);
    sql_bind_int(&q, f->digits);
    sql_bind_int(&q, f->period_s);
    sql_bind_int(&q, f->last_step);
    sql_bind_int(&q, f->created_at);
    sql_bind_blob(&q, sealed, len);
    return sql_run(&q, NULL);
}

static int take_number(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET next_factor = next_factor + 1 WHERE id = ?");
    sql_bind_int(&q, account_id);
    return sql_run_one(&q);
}

int factors_add(struct db *db, struct factor *f, const struct otp *otp, int64_t now_s)
{
    struct factor made = *f;
    unsigned char sealed[SEALED_MAX];
    size_t len = 0;
    int error = vault_seal(db->vault, VAULT_CODE_SECRET, f->account_id, otp->secret.bytes, otp->secret.len, sealed,
                           sizeof sealed, &len);
    if (error < 0 || (error = next_number(db, f->account_id, &made.number)) < 0 ||
        (error = text_copy(made.kind, sizeof made.kind, otp_kind_name(otp->kind))) < 0)
        return error;
    made.algorithm = otp->algorithm;
    made.digits = otp->digits;
    made.period_s = otp->period_s;
    made.created_at = now_s;
    made.last_step = otp->kind == OTP_HOTP ? HOTP_NONE : 0;
    made.confirmed_at = made.last_used_at = 0;
    if ((error = insert(db, &made, sealed, len)) < 0)
        return error;
    made.id = sqlite3_last_insert_rowid(db->sqlite);
    if ((error = take_number(db, f->account_id)) < 0)
        return error;
    *f = made;
    return 0;
}

int factors_next(struct db *db, int64_t account_id, uint32_t after, struct factor *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_FACTOR "WHERE account_id = ? AND number > ? ORDER BY number LIMIT 1");
    sql_bind_int(&q, account_id);
    sql_bind_int(&q, after);
    return read_factor(&q, ret);
}

int factors_get(struct db *db, int64_t account_id, uint32_t number, struct factor *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_FACTOR "WHERE account_id = ? AND number = ?");
    sql_bind_int(&q, account_id);
    sql_bind_int(&q, number);
    return read_factor(&q, ret);
}

int factors_otp(struct db *db, const struct factor *f, struct otp *ret)
{
    unsigned char sealed[SEALED_MAX];
    SECRET_AUTO struct secret s = {0};
    SQL_AUTO struct sql q = sql_begin(db, "SELECT sealed FROM factors WHERE id = ?");
    sql_bind_int(&q, f->id);
    int error = sql_row(&q);
    size_t len = error < 0 ? 0 : sql_blob(&q, sealed, sizeof sealed);
    if (error < 0 || (error = q.error) < 0)
        return error;
    enum otp_kind kind = OTP_TOTP;
    if (otp_kind_from(f->kind, &kind) < 0)
        return -EBADMSG;
    if (vault_open(db->vault, VAULT_CODE_SECRET, f->account_id, sealed, len, s.bytes, sizeof s.bytes, &s.len) < 0)
        return -EBADMSG;
    *ret = (struct otp){
        .kind = kind, .algorithm = f->algorithm, .digits = f->digits, .period_s = f->period_s, .secret = s};
    return 0;
}

static int exists(struct db *db, int64_t id)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT 1 FROM factors WHERE id = ?");
    sql_bind_int(&q, id);
    return sql_row(&q);
}

int factors_use(struct db *db, int64_t id, int64_t step, int64_t now_s)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE factors SET last_step = ?1, last_used_at = ?2 WHERE id = ?3 AND last_step < ?1");
    sql_bind_int(&q, step);
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, id);
    int error = sql_run_one(&q);
    if (error != -ENOENT)
        return error;
    error = exists(db, id);
    return error < 0 ? error : -EALREADY;
}

int factors_clear(struct db *db, int64_t id, int64_t step)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE factors SET last_step = ?1 WHERE id = ?2 AND last_step > ?1");
    sql_bind_int(&q, step);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

int factors_rename(struct db *db, int64_t id, const char *label)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE factors SET label = ? WHERE id = ?");
    sql_bind_text(&q, label);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

int factors_confirm(struct db *db, int64_t id, int64_t now_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE factors SET confirmed_at = ? WHERE id = ? AND confirmed_at = 0");
    sql_bind_int(&q, now_s);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}

int factors_remove(struct db *db, int64_t id)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM factors WHERE id = ?");
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}
