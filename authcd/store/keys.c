/* SPDX-License-Identifier: MIT
 *
 * Signing keys, sealed. All belong to the host, so a sealed key moved to another row would still open: what comes out
 * must be the key of the row's kid and alg, or it is refused. When keys are made and retired is the handlers'.
 */
#include "keys.h"

#include <errno.h>
#include <string.h>

#include "sql.h"

enum { SEALED_MAX = JWS_PRIVATE_MAX + VAULT_OVERHEAD, HOST = 0 };

int keys_add(struct db *db, const struct jws_key *key, enum key_state state, int64_t now_s)
{
    unsigned char der[JWS_PRIVATE_MAX], sealed[SEALED_MAX];
    size_t len = 0;
    int error = jws_key_export(key, der, &len);
    if (error == 0)
        error = vault_seal(db->vault, VAULT_SIGNING_KEY, HOST, der, len, sealed, sizeof sealed, &len);
    explicit_bzero(der, sizeof der);
    if (error < 0)
        return error;
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO keys (kid, alg, state, created_at, sealed) VALUES (?, ?, ?, ?, ?)");
    sql_bind_text(&q, jws_key_kid(key));
    sql_bind_text(&q, jws_key_alg(key));
    sql_bind_int(&q, state);
    sql_bind_int(&q, now_s);
    sql_bind_blob(&q, sealed, len);
    return sql_run(&q, NULL);
}

static int unseal(struct db *db, const struct key *row, const unsigned char *sealed, size_t len, struct jws_key **ret)
{
    JWS_KEY_AUTO struct jws_key *key = NULL;
    unsigned char der[JWS_PRIVATE_MAX];
    size_t der_len = 0;
    int error = vault_open(db->vault, VAULT_SIGNING_KEY, HOST, sealed, len, der, sizeof der, &der_len);
    if (error == 0)
        error = jws_key_import(row->alg, der, der_len, &key);
    explicit_bzero(der, sizeof der);
    if (error < 0)
        return error == -ENOMEM ? error : -EBADMSG;
    if (strcmp(jws_key_kid(key), row->kid) != 0)
        return -EBADMSG;
    *ret = key;
    key = NULL;
    return 0;
}

#define SELECT_KEY "SELECT id, kid, alg, state, created_at, max_exp, sealed FROM keys "

static int read_key(struct db *db, struct sql *q, struct key *ret, struct jws_key **ret_key)
{
    struct key k = {0};
    unsigned char sealed[SEALED_MAX];
    int error = sql_row(q);
    if (error < 0)
        return error;
    k.id = sql_int(q);
    sql_text(q, k.kid, sizeof k.kid);
    sql_text(q, k.alg, sizeof k.alg);
    k.state = (enum key_state)sql_ranged(q, KEY_NEXT, KEY_RETIRED);
    k.created_at = sql_int(q);
    k.max_exp = sql_int(q);
    size_t len = sql_blob(q, sealed, sizeof sealed);
    if (q->error < 0 || (ret_key != NULL && (error = unseal(db, &k, sealed, len, ret_key)) < 0))
        return q->error < 0 ? q->error : error;
    *ret = k;
    return 0;
}

int keys_next(struct db *db, int64_t after, struct key *ret, struct jws_key **ret_key)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_KEY "WHERE id > ? ORDER BY id LIMIT 1");
    sql_bind_int(&q, after);
    return read_key(db, &q, ret, ret_key);
}

int keys_active(struct db *db, const char *alg, struct key *ret, struct jws_key **ret_key)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_KEY "WHERE alg = ? AND state = 2");
    sql_bind_text(&q, alg);
    return read_key(db, &q, ret, ret_key);
}

int keys_by_kid(struct db *db, const char *kid, struct key *ret, struct jws_key **ret_key)
{
    SQL_AUTO struct sql q = sql_begin(db, SELECT_KEY "WHERE kid = ?");
    sql_bind_text(&q, kid);
    return read_key(db, &q, ret, ret_key);
}

int keys_note_exp(struct db *db, int64_t id, int64_t exp)
{
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE keys SET max_exp = max(max_exp, ?) WHERE id = ?");
    sql_bind_int(&q, exp);
    sql_bind_int(&q, id);
    return sql_run_one(&q);
}
