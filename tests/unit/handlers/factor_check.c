/* SPDX-License-Identifier: MIT
 *
 * What is typed for a code, against all that an account has: each kind and length, each code once (O1 O2), exactly the
 * digits (O4), a clock that went wrong (O3), nothing unconfirmed (O5), recovery codes once each (O6), nobody else's.
 */
#include "factor_check.h"

#include "desk_ask.h"
#include "hotp.h"
#include "recoveries.h"

static const char recovery_one[] = "bcdefghjknprstvxbcde", recovery_two[] = "xvtsrpnkjhgfedcbxvts";

/* What the last check said. */
static enum otp_result result;
static struct factor taker;
static uint32_t left;

static struct secret typed(const char *text)
{
    struct secret s = {0};
    desk_must(secret_set(&s, text, strlen(text)), "secret");
    return s;
}

static void try_any(struct desk *d, int64_t account_id, const char *text)
{
    static struct line nobody;
    struct handler h = desk_handler(d, &nobody);
    struct secret s = typed(text);
    result = OTP_CLOCK;
    memset(&taker, 0x77, sizeof taker);
    DESK_STORE(d, factor_check_any(&h, account_id, &s, &result, &taker));
}

static void try_recovery(struct desk *d, int64_t account_id, const char *text)
{
    static struct line nobody;
    struct handler h = desk_handler(d, &nobody);
    struct secret s = typed(text);
    result = OTP_CLOCK;
    left = 77;
    DESK_STORE(d, factor_check_recovery(&h, account_id, &s, &result, &left));
}

static struct factor add(struct desk *d, int64_t account_id, const char *label, enum otp_kind kind,
                         enum otp_algorithm algorithm, unsigned digits, int64_t period_s)
{
    struct factor f = {.account_id = account_id};
    struct otp otp = {.kind = kind, .algorithm = algorithm, .digits = digits, .period_s = period_s};
    strcpy(f.label, label);
    otp_secret_make(&otp);
    DESK_STORE(d, factors_add(d->db, &f, &otp, d->now.wall_s));
    return f;
}

/* One account with a factor of every sort. */
static void test_sorts(struct desk *d)
{
    struct account a = desk_account(d, "ada", 1001, "user", "correct horse", NULL, 0);
    unsigned digits = 0;
    static struct line nobody;
    struct handler h = desk_handler(d, &nobody);
    ok(factor_check_digits(&h, a.id, &digits) == 0 && digits == 6, "six digits where there is no factor");
    for (int i = 0; i < 6; i++) {
        enum otp_algorithm algorithm = (enum otp_algorithm)(OTP_SHA1 + i % 3);
        enum otp_kind kind = i < 3 ? OTP_TOTP : OTP_HOTP;
        char label[16];
        snprintf(label, sizeof label, "f%d", i);
        struct factor f = add(d, a.id, label, kind, algorithm, i % 2 ? 6 : 8, kind == OTP_HOTP ? 0 : 30 + i % 2 * 30);
        int64_t step = kind == OTP_HOTP ? 0 : d->now.wall_s / f.period_s;
        const char *text = desk_factor_code(d, &f, step);
        try_any(d, a.id, text);
        ok(result == OTP_WRONG && taker.number == 0, "%s %s: does not count unconfirmed", f.kind,
           otp_algorithm_name(algorithm));
        ok(factor_check_digits(&h, a.id, &digits) == 0 && digits == (i ? 8 : 6), "nor do its digits");
        DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
        try_any(d, a.id, text);
        ok(result == OTP_RIGHT && taker.id == f.id, "it does, confirmed");
        try_any(d, a.id, text);
        ok(result == OTP_REPLAYED && taker.id == f.id, "once");
        try_any(d, a.id, desk_factor_code(d, &f, step + 1));
        ok(result == OTP_RIGHT && taker.id == f.id, "the next one");
        char spaced[16];
        snprintf(spaced, sizeof spaced, "%s ", desk_factor_code(d, &f, step + 2));
        try_any(d, a.id, spaced);
        ok(result == OTP_WRONG && taker.number == 0, "not with a space behind it");
    }
    struct account b = desk_account(d, "bob", 1002, "user", "correct horse", NULL, 0);
    struct factor f = add(d, b.id, "phone", OTP_HOTP, OTP_SHA1, 6, 0);
    DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
    try_any(d, a.id, desk_factor_code(d, &f, 0));
    ok(result == OTP_WRONG, "another's code is wrong");
    try_any(d, b.id, desk_factor_code(d, &f, 0));
    ok(result == OTP_RIGHT && taker.account_id == b.id, "and not spent by that");
}

/* Presses of a button for nothing, and too many of them. */
static void test_counter(struct desk *d)
{
    struct account a = desk_account(d, "cyd", 1003, "user", "correct horse", NULL, 0);
    struct factor f = add(d, a.id, "token", OTP_HOTP, OTP_SHA1, 6, 0);
    DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
    try_any(d, a.id, desk_factor_code(d, &f, HOTP_AHEAD + 1));
    ok(result == OTP_WRONG, "eleven presses for nothing are too many");
    try_any(d, a.id, desk_factor_code(d, &f, HOTP_AHEAD));
    ok(result == OTP_RIGHT, "ten are not");
    try_any(d, a.id, desk_factor_code(d, &f, 3));
    ok(result == OTP_REPLAYED, "what was passed over does not count any more");
    ok(factors_get(d->db, a.id, 1, &f) == 0 && f.last_step == HOTP_AHEAD, "the counter is noted");
    int64_t now = d->now.wall_s;
    d->now.wall_s = 0;
    try_any(d, a.id, desk_factor_code(d, &f, HOTP_AHEAD + 1));
    ok(result == OTP_RIGHT, "a counter needs no clock");
    d->now.wall_s = now;
}

static void test_clock(struct desk *d)
{
    struct account a = desk_account(d, "dee", 1004, "user", "correct horse", NULL, 0);
    struct factor f = add(d, a.id, "phone", OTP_TOTP, OTP_SHA1, 6, 30),
                  g = add(d, a.id, "token", OTP_HOTP, OTP_SHA1, 6, 0);
    DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
    DESK_STORE(d, factors_confirm(d->db, g.id, d->now.wall_s));
    DESK_STORE(d, factors_use(d->db, f.id, d->now.wall_s / 30 + 2, d->now.wall_s));
    try_any(d, a.id, desk_factor_code(d, &f, d->now.wall_s / 30));
    ok(result == OTP_CLOCK && taker.id == f.id, "a last step in the future: says which factor's");
    try_any(d, a.id, desk_factor_code(d, &g, 0));
    ok(result == OTP_RIGHT && taker.id == g.id, "the other factor opens all the same");
    DESK_STORE(d, factors_clear(d->db, f.id, d->now.wall_s / 30 + 1));
    try_any(d, a.id, desk_factor_code(d, &f, d->now.wall_s / 30 + 1));
    ok(result == OTP_REPLAYED, "cleared: what may have counted does not count again");
    d->now.wall_s += 30;
    try_any(d, a.id, desk_factor_code(d, &f, d->now.wall_s / 30 + 1));
    ok(result == OTP_RIGHT, "the next code does");
}

static void test_broken(struct desk *d)
{
    struct account a = desk_account(d, "eve", 1005, "user", "correct horse", NULL, 0);
    struct factor f = add(d, a.id, "phone", OTP_TOTP, OTP_SHA1, 6, 30),
                  g = add(d, a.id, "token", OTP_HOTP, OTP_SHA1, 6, 0);
    const char *text = desk_factor_code(d, &g, 0);
    DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
    struct factor bad = f;
    strcpy(bad.kind, "smoke signals");
    struct handler h = desk_handler(d, &(struct line){0});
    struct secret s = typed(text);
    ok(factor_check(&h, &bad, &s, &result) == 0 && result == OTP_UNUSABLE, "a kind that is not known");
    bad = f;
    bad.account_id++;
    ok(factor_check(&h, &bad, &s, &result) == 0 && result == OTP_UNUSABLE, "a secret of another account");
    bad = f;
    bad.period_s = 7;
    ok(factor_check(&h, &bad, &s, &result) == 0 && result == OTP_UNUSABLE, "a period that cannot be");
    bad.id = 999;
    ok(factor_check(&h, &bad, &s, &result) == -ENOENT, "no such factor is an error, no answer");
}

static void test_recovery(struct desk *d)
{
    struct account a = desk_account(d, "fay", 1006, "user", "correct horse", NULL, 0);
    struct account b = desk_account(d, "gus", 1007, "user", "correct horse", NULL, 0);
    try_recovery(d, a.id, recovery_one);
    ok(result == OTP_WRONG && left == 0, "no recovery code where there are none");
    DESK_STORE(d, recoveries_add(d->db, a.id, recovery_one, d->now.wall_s));
    DESK_STORE(d, recoveries_add(d->db, a.id, recovery_two, d->now.wall_s));
    try_any(d, a.id, recovery_one);
    ok(result == OTP_WRONG, "it is no one-time code");
    try_recovery(d, b.id, recovery_one);
    ok(result == OTP_WRONG && left == 0, "nor another's");
    try_recovery(d, a.id, "bcdefghjknprstvxbcdf");
    ok(result == OTP_WRONG && left == 2, "a letter wrong");
    try_recovery(d, a.id, "BCDE-FGHJ-KNPR-STVX-BCDE");
    ok(result == OTP_RIGHT && left == 1, "right, as it is printed");
    try_recovery(d, a.id, recovery_one);
    ok(result == OTP_REPLAYED && left == 1, "once, however it is typed");
    try_recovery(d, a.id, "123456");
    ok(result == OTP_WRONG && left == 1, "a one-time code is none");
    try_recovery(d, a.id, recovery_two);
    ok(result == OTP_RIGHT && left == 0, "the last one");
}

/* RFC 6238 appendix B and RFC 4226 appendix D, against factors as a login would. The vectors of times before 2020 are
 * rules/otp's: such a clock is not set. */
static void test_vectors(struct desk *d)
{
    static const char seed[] = "1234567890123456789012345678901234567890123456789012345678901234";
    static const struct {
        enum otp_algorithm algorithm;
        size_t len;
        const char *codes[2]; /* at 2000000000 and 20000000000 */
    } rows[] = {
        {OTP_SHA1, 20, {"69279037", "65353130"}},
        {OTP_SHA256, 32, {"90698825", "77737706"}},
        {OTP_SHA512, 64, {"38618901", "47863826"}},
    };
    static const char *const counted[] = {"755224", "287082", "359152", "969429", "338314",
                                          "254676", "287922", "162583", "399871", "520489"};
    struct account a = desk_account(d, "rfc", 1008, "user", "correct horse", NULL, 0);
    int64_t now = d->now.wall_s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct factor f = {.account_id = a.id};
        struct otp otp = {.algorithm = rows[i].algorithm, .digits = 8, .period_s = 30};
        snprintf(f.label, sizeof f.label, "f%zu", i);
        desk_must(secret_set(&otp.secret, seed, rows[i].len), "secret");
        d->now.wall_s = 2000000000;
        DESK_STORE(d, factors_add(d->db, &f, &otp, now));
        DESK_STORE(d, factors_confirm(d->db, f.id, now));
        try_any(d, a.id, rows[i].codes[0]);
        ok(result == OTP_RIGHT && taker.id == f.id, "RFC 6238, %s, 2033", otp_algorithm_name(rows[i].algorithm));
        d->now.wall_s = 20000000000;
        try_any(d, a.id, rows[i].codes[1]);
        ok(result == OTP_RIGHT && taker.id == f.id, "RFC 6238, %s, 2603", otp_algorithm_name(rows[i].algorithm));
    }
    d->now.wall_s = now;
    struct factor f = {.account_id = a.id, .label = "token"};
    struct otp otp = {.kind = OTP_HOTP, .algorithm = OTP_SHA1, .digits = 6};
    desk_must(secret_set(&otp.secret, seed, 20), "secret");
    DESK_STORE(d, factors_add(d->db, &f, &otp, now));
    DESK_STORE(d, factors_confirm(d->db, f.id, now));
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        try_any(d, a.id, counted[i]);
        ok(result == OTP_RIGHT && taker.id == f.id, "RFC 4226, counter %zu", i);
    }
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    test_vectors(&d);
    test_sorts(&d);
    test_counter(&d);
    test_clock(&d);
    test_broken(&d);
    test_recovery(&d);
    desk_close(&d);
    return tap_done();
}
