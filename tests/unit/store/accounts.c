/* SPDX-License-Identifier: MIT
 *
 * Names and uids are unique among the living and free again after a deletion, which leaves nothing but the UUID; a
 * sealed hash moved to another account does not open (D5), and nothing is stored in plain (D8).
 */
#include "accounts.h"

#include "factors.h"
#include "fixture.h"
#include "buckets.h"

static void check_unique(struct db *db)
{
    struct account a = {0}, b = {0}, c = {0};
    fixture_begin(db);
    is_int(accounts_add(db, "ada", 1000, "admin", NOW, &a), 0, "ada");
    ok(a.state == ACCOUNT_PENDING && !a.has_password && !a.must_change && a.codes == 0, "pending, with nothing yet");
    ok(a.id > 0 && strlen(a.uuid) == 36 && a.uid == 1000 && a.created_at == NOW, "with an identity");
    is_str(a.name, "ada", "name");
    is_str(a.role, "admin", "role");
    b.id = -1;
    is_int(accounts_add(db, "ada", 1001, "user", NOW, &b), -EEXIST, "the name is taken");
    is_int(accounts_add(db, "bob", 1000, "user", NOW, &b), -EEXIST, "the uid is taken");
    is_int(b.id, -1, "untouched on failure");
    is_int(accounts_add(db, "Ada", UINT32_MAX - 2, "user", NOW, &b), 0, "case matters; large uids are good");
    is_int(accounts_by_uid(db, UINT32_MAX - 2, &c), 0, "found by uid");
    is_str(c.uuid, b.uuid, "the same");
    b.uid = 1000;
    is_int(accounts_update(db, &b, NOW), -EEXIST, "a taken uid cannot be moved to");
    is_int(accounts_by_name(db, "ad", &c), -ENOENT, "no prefix");
    is_int(accounts_by_name(db, "ada'--", &c), -ENOENT, "no SQL");
    fixture_commit(db);
}

static void check_update(struct db *db)
{
    struct account a, b;
    fixture_begin(db);
    a = fixture_account(db, "eve", 2000);
    strcpy(a.role, "superadmin");
    a.state = ACCOUNT_DISABLED;
    a.must_change = true;
    a.uid = 2001;
    is_int(accounts_update(db, &a, NOW + 5), 0, "written back");
    is_int(accounts_by_id(db, a.id, &b), 0, "read again");
    ok(b.uid == 2001 && b.state == ACCOUNT_DISABLED && b.must_change && b.updated_at == NOW + 5, "all four");
    is_str(b.role, "superadmin", "role");
    uint32_t n = 9;
    is_int(accounts_count_role(db, "superadmin", &n), 0, "counted");
    is_int(n, 0, "the disabled do not count");
    a.state = ACCOUNT_PENDING;
    is_int(accounts_update(db, &a, NOW), 0, "enabled");
    is_int(accounts_count_role(db, "superadmin", &n), 0, "counted");
    is_int(n, 1, "the others do");
    is_int(accounts_note_login(db, a.id, NOW + 9), 0, "login noted");
    is_int(accounts_by_id(db, a.id, &b), 0, "read again");
    is_int(b.last_login_at, NOW + 9, "login noted");
    is_int(accounts_note_login(db, 999, NOW), -ENOENT, "nobody's login");
    db_rollback(db);
}

static void check_password(struct db *db)
{
    SECRET_AUTO struct secret s = {0};
    struct account a, b;
    char longest[SECRET_MAX + 1];
    fixture_begin(db);
    a = fixture_account(db, "joe", 3000);
    is_int(accounts_password(db, a.id, &s), -ENOENT, "no password yet");
    is_int(accounts_set_password(db, a.id, "$argon2id$new", false, NOW), -ENOENT, "nothing to hash anew");
    a.must_change = true;
    is_int(accounts_update(db, &a, NOW), 0, "must change");
    is_int(accounts_set_password(db, a.id, "$argon2id$one", true, NOW + 1), 0, "set");
    is_int(accounts_by_id(db, a.id, &b), 0, "read");
    ok(b.state == ACCOUNT_ACTIVE && b.has_password && !b.must_change && b.password_changed_at == NOW + 1, "active now");
    is_int(accounts_password(db, a.id, &s), 0, "opens");
    is_str((const char *)s.bytes, "$argon2id$one", "to what was stored");
    is_int((int64_t)s.len, 13, "with its length");
    b.must_change = true;
    is_int(accounts_update(db, &b, NOW), 0, "must change again");
    is_int(accounts_set_password(db, a.id, "$argon2id$two", false, NOW + 2), 0, "hashed anew");
    is_int(accounts_by_id(db, a.id, &b), 0, "read");
    ok(b.must_change && b.password_changed_at == NOW + 1, "nothing but the hash changed");
    is_int(accounts_password(db, a.id, &s), 0, "opens");
    is_str((const char *)s.bytes, "$argon2id$two", "to the new one");
    b.state = ACCOUNT_DISABLED;
    is_int(accounts_update(db, &b, NOW), 0, "disabled");
    is_int(accounts_set_password(db, a.id, "$argon2id$three", true, NOW), 0, "a password for a disabled account");
    is_int(accounts_by_id(db, a.id, &b), 0, "read");
    is_int(b.state, ACCOUNT_DISABLED, "does not enable it");
    memset(longest, 'x', sizeof longest);
    longest[SECRET_MAX] = '\0';
    is_int(accounts_set_password(db, a.id, longest, true, NOW), -EMSGSIZE, "too long");
    longest[SECRET_MAX - 1] = '\0';
    is_int(accounts_set_password(db, a.id, longest, true, NOW), 0, "the longest");
    is_int(accounts_password(db, a.id, &s), 0, "opens");
    is_int((int64_t)s.len, SECRET_MAX - 1, "whole");
    is_int(accounts_set_password(db, 999, "x", true, NOW), -ENOENT, "nobody's password");
    db_rollback(db);
}

static void check_swapped(struct db *db)
{
    SECRET_AUTO struct secret s = {0};
    fixture_begin(db);
    struct account a = fixture_account(db, "kim", 4000), b = fixture_account(db, "lee", 4001);
    fixture_must(accounts_set_password(db, a.id, "$argon2id$kim", true, NOW) == 0, "set");
    fixture_must(accounts_set_password(db, b.id, "$argon2id$lee", true, NOW) == 0, "set");
    is_int(fixture_number(db, "SELECT count(*) FROM passwords WHERE instr(sealed, 'argon') > 0"), 0,
           "nothing in plain");
    fixture_sql(db,
                "CREATE TEMP TABLE old AS SELECT * FROM passwords;"
                "UPDATE passwords SET sealed = (SELECT sealed FROM old WHERE old.account_id <> passwords.account_id);"
                "DROP TABLE old");
    secret_wipe(&s);
    is_int(accounts_password(db, a.id, &s), -EBADMSG, "swapped between two accounts: does not open");
    is_int(accounts_password(db, b.id, &s), -EBADMSG, "nor the other way");
    is_int((int64_t)s.len, 0, "untouched on failure");
    fixture_sql(db, "UPDATE passwords SET sealed = x'00'");
    is_int(accounts_password(db, a.id, &s), -EBADMSG, "cut");
    db_rollback(db);
}

static void check_delete(struct db *db)
{
    struct account a, b, again;
    struct factor f = {.kind = "totp", .label = "phone"};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    fixture_must(secret_set(&otp.secret, "12345678901234567890", 20) == 0, "secret");
    fixture_begin(db);
    a = fixture_account(db, "max", 5000);
    struct buckets_key key = {BUCKET_ACCOUNT, a.id, NULL, NULL, NULL};
    struct limit_row row = {.level = 5 * LIMIT_UNIT};
    f.account_id = a.id;
    fixture_must(accounts_set_password(db, a.id, "x", true, NOW) == 0, "password");
    fixture_must(factors_add(db, &f, &otp, NOW) == 0 && buckets_save(db, &key, &row) == 0, "factor and limit");
    is_int(accounts_delete(db, a.id, NOW + 1), 0, "deleted");
    is_int(accounts_delete(db, a.id, NOW + 2), -ENOENT, "once");
    is_int(accounts_by_name(db, "max", &b), -ENOENT, "not found by name");
    is_int(accounts_by_uid(db, 5000, &b), -ENOENT, "nor by uid");
    is_int(accounts_by_uuid(db, a.uuid, &b), 0, "but by UUID");
    ok(b.state == ACCOUNT_DELETED && !b.has_password, "as a tombstone without a password");
    SECRET_AUTO struct secret s = {0};
    is_int(accounts_password(db, a.id, &s), -ENOENT, "no password");
    is_int(factors_next(db, a.id, 0, &f), -ENOENT, "no factor");
    is_int(buckets_load(db, &key, &row), 0, "limit read");
    is_int(row.level, 0, "no limit");
    is_int(accounts_set_password(db, a.id, "x", true, NOW), -ENOENT, "it gets no password");
    b.state = ACCOUNT_ACTIVE;
    is_int(accounts_update(db, &b, NOW), -ENOENT, "nor up again");
    is_int(accounts_add(db, "max", 5000, "user", NOW, &again), 0, "name and uid are free");
    ok(again.id != a.id && strcmp(again.uuid, a.uuid) != 0, "for somebody else");
    db_rollback(db);
}

static void check_walk(struct db *db)
{
    uint32_t n = 0;
    int64_t after = 0;
    struct account a;
    char names[64] = "";
    fixture_begin(db);
    struct account gone = fixture_account(db, "gone", 6000);
    fixture_account(db, "last", 6001);
    fixture_must(accounts_delete(db, gone.id, NOW) == 0, "delete");
    is_int(accounts_count(db, &n), 0, "counted");
    is_int(n, 3, "the living");
    while (accounts_next(db, after, &a) == 0) {
        strcat(strcat(names, a.name), " ");
        after = a.id;
    }
    is_str(names, "ada Ada last ", "walked in order, without the dead");
    db_rollback(db);
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_unique(db);
    check_update(db);
    check_password(db);
    check_swapped(db);
    check_delete(db);
    check_walk(db);
    db_close(db);
    return tap_done();
}
