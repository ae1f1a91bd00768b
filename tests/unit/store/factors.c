/* SPDX-License-Identifier: MIT
 *
 * The last accepted step only grows, so that a code counts once (the store's half of O2); numbers are never reused; a
 * sealed secret moved to another account does not open (D5).
 */
#include "factors.h"

#include "fixture.h"
#include "hotp.h"

static struct otp make_otp(const char *secret)
{
    struct otp otp = {.algorithm = OTP_SHA256, .digits = 8, .period_s = 60};
    fixture_must(secret_set(&otp.secret, secret, strlen(secret)) == 0, "secret");
    return otp;
}

static struct factor add(struct db *db, int64_t account_id, const char *label, int want)
{
    struct factor f = {.account_id = account_id};
    struct otp otp = make_otp("12345678901234567890");
    snprintf(f.label, sizeof f.label, "%s", label);
    is_int(factors_add(db, &f, &otp, NOW), want, "add %s", label);
    return f;
}

static void check_add(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct factor f = add(db, a.id, "phone", 0), g;
    ok(f.number == 1 && f.id > 0 && f.confirmed_at == 0 && f.last_step == 0, "the first, unconfirmed");
    add(db, a.id, "phone", -EEXIST);
    is_int(add(db, a.id, "token", 0).number, 2, "the second; a refused one takes no number");
    is_int(add(db, b.id, "phone", 0).number, 1, "the first of somebody else");
    is_int(factors_get(db, a.id, 1, &g), 0, "read");
    ok(g.id == f.id && g.digits == 8 && g.period_s == 60 && g.algorithm == OTP_SHA256 && g.created_at == NOW,
       "as added");
    is_str(g.label, "phone", "label");
    is_str(g.kind, "totp", "kind");
    is_int(factors_remove(db, add(db, a.id, "third", 0).id), 0, "the third is removed");
    is_int(add(db, a.id, "fourth", 0).number, 4, "and its number not used again");
    is_int(factors_remove(db, f.id), 0, "removed");
    is_int(factors_remove(db, f.id), -ENOENT, "once");
    is_int(factors_next(db, a.id, 0, &g), 0, "the next");
    is_int(g.number, 2, "is number 2");
    is_int(factors_next(db, a.id, 4, &g), -ENOENT, "the end");
    is_int(factors_get(db, b.id, 2, &g), -ENOENT, "another's number is not mine");
    add(db, 999, "nobody", -ENOENT);
    db_rollback(db);
}

static void check_quota(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    char label[16];
    for (int i = 0; i < FACTORS_PER_ACCOUNT_MAX; i++) {
        snprintf(label, sizeof label, "f%d", i);
        add(db, a.id, label, 0);
    }
    add(db, a.id, "more", -EDQUOT);
    db_rollback(db);
}

static void check_use(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct factor f = add(db, a.id, "phone", 0);
    is_int(factors_confirm(db, f.id, NOW + 1), 0, "confirmed");
    is_int(factors_confirm(db, f.id, NOW + 2), -ENOENT, "once");
    is_int(accounts_by_id(db, a.id, &a), 0, "account");
    is_int(a.codes, 1, "counts one code");
    is_int(factors_use(db, f.id, 100, NOW), 0, "step 100");
    is_int(factors_use(db, f.id, 100, NOW), -EALREADY, "again");
    is_int(factors_use(db, f.id, 99, NOW), -EALREADY, "an older one");
    is_int(factors_use(db, f.id, INT64_MIN, NOW), -EALREADY, "an absurd one");
    is_int(factors_use(db, f.id, 101, NOW + 7), 0, "the next");
    is_int(factors_get(db, a.id, 1, &f), 0, "read");
    ok(f.last_step == 101 && f.last_used_at == NOW + 7 && f.confirmed_at == NOW + 1, "noted");
    is_int(factors_use(db, 999, 1, NOW), -ENOENT, "of no factor");
    db_rollback(db);
}

static void check_counter(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct factor f = {.account_id = a.id, .label = "token"}, g = add(db, a.id, "phone", 0);
    struct otp otp = {.kind = OTP_HOTP, .algorithm = OTP_SHA1, .digits = 6};
    otp_secret_make(&otp);
    is_int(factors_add(db, &f, &otp, NOW), 0, "a HOTP");
    is_str(f.kind, "hotp", "so it is called");
    is_int(factors_get(db, a.id, f.number, &f), 0, "read");
    ok(strcmp(f.kind, "hotp") == 0 && f.last_step == HOTP_NONE && f.period_s == 0, "no counter is accepted yet");
    is_int(factors_otp(db, &f, &otp), 0, "opens");
    is_int(otp.kind, OTP_HOTP, "as what it is");
    is_int(factors_use(db, f.id, 0, NOW), 0, "the first counter");
    is_int(factors_use(db, f.id, 0, NOW), -EALREADY, "once");
    is_int(factors_clear(db, f.id, 0), -ENOENT, "nothing beyond it to clear");
    is_int(factors_use(db, g.id, 1000, NOW), 0, "a step of the other");
    is_int(factors_clear(db, g.id, 999), 0, "is set back");
    is_int(factors_clear(db, g.id, 999), -ENOENT, "once");
    is_int(factors_use(db, g.id, 1000, NOW), 0, "and can be taken again");
    is_int(factors_rename(db, g.id, "token"), -EEXIST, "a label that is taken");
    is_int(factors_rename(db, g.id, "phone"), 0, "its own");
    is_int(factors_rename(db, g.id, "old-phone"), 0, "another");
    is_int(factors_rename(db, 999, "none"), -ENOENT, "of no factor");
    is_int(factors_get(db, a.id, g.number, &g), 0, "read");
    is_str(g.label, "old-phone", "it has it");
    strcpy(g.kind, "smoke signals");
    is_int(factors_otp(db, &g, &otp), -EBADMSG, "a kind that is not known does not open");
    db_rollback(db);
}

static void check_sealed(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct factor f = add(db, a.id, "phone", 0), g = add(db, b.id, "phone", 0);
    struct otp otp = {0};
    is_int(factors_otp(db, &f, &otp), 0, "opens");
    ok(otp.secret.len == 20 && memcmp(otp.secret.bytes, "12345678901234567890", 20) == 0, "to the secret");
    ok(otp.digits == 8 && otp.period_s == 60 && otp.algorithm == OTP_SHA256, "with its parameters");
    is_int(fixture_number(db, "SELECT count(*) FROM factors WHERE instr(sealed, '123') > 0"), 0, "nothing in plain");
    fixture_sql(db, "CREATE TEMP TABLE old AS SELECT * FROM factors;"
                    "UPDATE factors SET sealed = (SELECT sealed FROM old WHERE old.id <> factors.id); DROP TABLE old");
    otp.digits = 77;
    is_int(factors_otp(db, &f, &otp), -EBADMSG, "swapped: does not open");
    is_int(factors_otp(db, &g, &otp), -EBADMSG, "nor the other");
    is_int(otp.digits, 77, "untouched on failure");
    db_rollback(db);
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_add(db);
    check_quota(db);
    check_use(db);
    check_counter(db);
    check_sealed(db);
    db_close(db);
    return tap_done();
}
