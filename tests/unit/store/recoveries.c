/* SPDX-License-Identifier: MIT
 *
 * Recovery codes at rest: each is used up once, and by its owner only (the store's part of O6); what is stored tells
 * nothing, and opens nothing in another account's row (D5).
 */
#include "recoveries.h"

#include "fixture.h"

static const char one[] = "bcdefghjknprstvxbcde", two[] = "xvtsrpnkjhgfedcbxvts";

static struct recoveries look(struct db *db, int64_t account_id)
{
    struct recoveries r = {.made = 77};
    is_int(recoveries_get(db, account_id, &r), 0, "looked at");
    return r;
}

static void check_use(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct recoveries r = look(db, a.id);
    ok(r.made == 0 && r.left == 0 && r.made_at == 0 && r.last_used_at == 0, "none at first");
    is_int(recoveries_use(db, a.id, one, NOW), -ENOENT, "none is used");
    is_int(recoveries_add(db, a.id, one, NOW), 0, "one");
    is_int(recoveries_add(db, a.id, two, NOW), 0, "two");
    is_int(recoveries_add(db, a.id, two, NOW), -EEXIST, "two twice");
    is_int(recoveries_add(db, b.id, one, NOW), 0, "another's may be the same");
    r = look(db, a.id);
    ok(r.made == 2 && r.left == 2 && r.made_at == NOW && r.last_used_at == 0, "two are left");
    is_int(recoveries_use(db, a.id, one, NOW + 5), 0, "one is used");
    is_int(recoveries_use(db, a.id, one, NOW + 6), -EALREADY, "once");
    is_int(recoveries_use(db, a.id, "bbbbbbbbbbbbbbbbbbbb", NOW), -ENOENT, "no other is");
    r = look(db, a.id);
    ok(r.made == 2 && r.left == 1 && r.last_used_at == NOW + 5, "one is left");
    is_int(look(db, b.id).left, 1, "and bob's");
    is_int(recoveries_use(db, b.id, two, NOW), -ENOENT, "ada's is none of bob's");
    is_int(recoveries_remove(db, a.id), 0, "removed");
    is_int(recoveries_use(db, a.id, two, NOW), -ENOENT, "none opens any more");
    is_int(look(db, a.id).made, 0, "none is there");
    is_int(recoveries_remove(db, a.id), 0, "nothing to remove");
    is_int(recoveries_use(db, b.id, one, NOW), 0, "bob's is still good");
    is_int(accounts_delete(db, b.id, NOW), 0, "bob goes");
    is_int(fixture_number(db, "SELECT count(*) FROM recovery_codes"), 0, "and his with him");
    db_rollback(db);
}

static void check_sealed(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    is_int(recoveries_add(db, a.id, one, NOW), 0, "one");
    is_int(fixture_number(db, "SELECT count(*) FROM recovery_codes WHERE instr(name, 'bcde') > 0"), 0,
           "nothing in plain");
    fixture_sql(db, "INSERT INTO recovery_codes SELECT (SELECT id FROM accounts WHERE name = 'bob'), name, made_at,"
                    " used_at FROM recovery_codes");
    is_int(recoveries_use(db, b.id, one, NOW), -ENOENT, "a row copied to another account opens nothing");
    is_int(recoveries_use(db, a.id, one, NOW), 0, "it does where it belongs");
    db_rollback(db);
}

static void check_outside(struct db *db)
{
    is_int(recoveries_use(db, 1, one, NOW), -EINVAL, "never outside of a transaction");
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_use(db);
    check_sealed(db);
    check_outside(db);
    db_close(db);
    return tap_done();
}
