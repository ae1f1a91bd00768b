/* SPDX-License-Identifier: MIT
 *
 * Signing keys come back as they were, there is one active key for each algorithm, and a sealed key under another kid
 * is refused (D5).
 */
#include "keys.h"

#include "fixture.h"

static struct jws_key *make_key(void)
{
    struct jws_key *key = NULL;
    fixture_must(jws_key_make("ES256", &key) == 0, "key pair");
    return key;
}

static void check_keys(struct db *db)
{
    JWS_KEY_AUTO struct jws_key *one = make_key(), *two = make_key(), *got = NULL;
    struct key row;
    fixture_begin(db);
    is_int(keys_active(db, "ES256", &row, &got), -ENOENT, "no key yet");
    is_int(keys_add(db, one, KEY_ACTIVE, NOW), 0, "added");
    is_int(keys_add(db, two, KEY_ACTIVE, NOW), -EEXIST, "no second active one");
    is_int(keys_add(db, two, KEY_NEXT, NOW + 1), 0, "a next one");
    is_int(keys_active(db, "ES256", &row, &got), 0, "the active one");
    is_str(row.kid, jws_key_kid(one), "is the first");
    is_str(jws_key_kid(got), jws_key_kid(one), "with its private key");
    ok(row.state == KEY_ACTIVE && row.created_at == NOW && row.max_exp == 0, "and its row");
    is_int(keys_active(db, "EdDSA", &row, NULL), -ENOENT, "none of another algorithm");
    is_int(keys_note_exp(db, row.id, NOW + 900), 0, "a token until then");
    is_int(keys_note_exp(db, row.id, NOW + 100), 0, "a shorter one");
    is_int(keys_by_kid(db, jws_key_kid(one), &row, NULL), 0, "by kid");
    is_int(row.max_exp, NOW + 900, "the latest counts");
    is_int(keys_by_kid(db, "../../etc/passwd", &row, NULL), -ENOENT, "no such kid");
    is_int(keys_next(db, 0, &row, NULL), 0, "walk: first");
    is_int(keys_next(db, row.id, &row, NULL), 0, "second");
    is_str(row.kid, jws_key_kid(two), "in order");
    is_int(keys_next(db, row.id, &row, NULL), -ENOENT, "end");
    db_rollback(db);
}

/* A token signed by the stored key verifies with the original. */
static void check_signs(struct db *db)
{
    JWS_KEY_AUTO struct jws_key *key = make_key(), *got = NULL;
    char token[1024], payload[256];
    size_t len = 0;
    struct key row;
    fixture_begin(db);
    fixture_must(keys_add(db, key, KEY_ACTIVE, NOW) == 0 && keys_active(db, "ES256", &row, &got) == 0, "key");
    is_int(jws_sign(got, "at+jwt", "{\"a\":1}", token, sizeof token), 0, "signed by the one that was stored");
    is_int(jws_verify(key, token, "at+jwt", payload, sizeof payload, &len), 0, "verified by the one that was made");
    db_rollback(db);
}

static void check_swapped(struct db *db)
{
    JWS_KEY_AUTO struct jws_key *one = make_key(), *two = make_key(), *got = NULL;
    struct key row = {.id = 77};
    fixture_begin(db);
    fixture_must(keys_add(db, one, KEY_ACTIVE, NOW) == 0 && keys_add(db, two, KEY_NEXT, NOW) == 0, "keys");
    fixture_sql(db, "UPDATE keys SET sealed = (SELECT sealed FROM keys AS o WHERE o.id <> keys.id)");
    is_int(keys_active(db, "ES256", &row, &got), -EBADMSG, "the other key under this kid");
    ok(row.id == 77 && got == NULL, "untouched on failure");
    fixture_sql(db, "UPDATE keys SET sealed = x'01'");
    is_int(keys_active(db, "ES256", &row, &got), -EBADMSG, "cut");
    is_int(keys_active(db, "ES256", &row, NULL), 0, "the public row can still be listed");
    db_rollback(db);
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_keys(db);
    check_signs(db);
    check_swapped(db);
    db_close(db);
    return tap_done();
}
