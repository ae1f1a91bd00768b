/* SPDX-License-Identifier: MIT
 *
 * O1-O5, O7, P2, M3's other half: what a login must prove, and that nothing less will do.
 */
#include <liboath/oath.h>

#include "desk.h"
#include "recoveries.h"
#include "vault.h"

static const char sha1_secret[] = "12345678901234567890";
static const char password[] = "correct horse battery";

static const char *code_at(struct desk *d, int64_t offset_s, unsigned digits)
{
    static char code[16];
    oath_totp_generate2(sha1_secret, 20, (time_t)(d->now.wall_s + offset_s), 30, 0, digits, 0, code);
    return code;
}

/* RFC 6238 appendix B, those of its times that are after 2020. */
static void vectors(void)
{
    static const struct {
        enum otp_algorithm algorithm;
        const char *secret;
        int64_t time;
        const char *code;
    } rows[] = {
        {OTP_SHA1, "12345678901234567890", 2000000000, "69279037"},
        {OTP_SHA256, "12345678901234567890123456789012", 2000000000, "90698825"},
        {OTP_SHA512, "1234567890123456789012345678901234567890123456789012345678901234", 2000000000, "38618901"},
        {OTP_SHA1, "12345678901234567890", 20000000000, "65353130"},
        {OTP_SHA256, "12345678901234567890123456789012", 20000000000, "77737706"},
        {OTP_SHA512, "1234567890123456789012345678901234567890123456789012345678901234", 20000000000, "47863826"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk d;
        struct factor f = {
            .kind = "totp", .label = "vector", .algorithm = rows[i].algorithm, .digits = 8, .period_s = 30};
        struct otp otp = {.algorithm = rows[i].algorithm, .digits = 8, .period_s = 30};

        desk_open(&d);
        d.now.wall_s = rows[i].time;
        struct account a = desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
        f.account_id = a.id;
        desk_must(secret_set(&otp.secret, rows[i].secret, strlen(rows[i].secret)), "secret");
        desk_must(db_begin(d.db), "begin");
        desk_must(factors_add(d.db, &f, &otp, d.now.wall_s), "add");
        desk_must(factors_confirm(d.db, f.id, d.now.wall_s), "confirm");
        desk_must(db_commit(d.db), "commit");
        is_int(desk_verdict(desk_login(&d, "ada", password, rows[i].code)), VERDICT_GRANTED, "O1: RFC 6238 %s at %lld",
               otp_algorithm_name(rows[i].algorithm), (long long)rows[i].time);
        desk_close(&d);
    }
}

static void codes(void)
{
    struct desk d;
    char code[16];

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    strcpy(code, code_at(&d, 0, 6));
    is_int(desk_verdict(desk_login(&d, "ada", "wrong", code)), VERDICT_DENIED,
           "a wrong password with a right code is denied");
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_GRANTED, "L5: and did not use the code up");
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_DENIED, "O2: the same code again is denied");
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, -30, 6))), VERDICT_DENIED,
           "O2: an older step after it too");
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 60, 6))), VERDICT_DENIED,
           "O3: two steps ahead is denied");
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 30, 6))), VERDICT_DENIED,
           "L5: after three wrong codes a right one is not looked at");
    desk_tick(&d, 30000);
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 30, 6))), VERDICT_GRANTED,
           "O3: one step ahead is granted");
    desk_tick(&d, 4000000);
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, -30, 6))), VERDICT_GRANTED,
           "O3: one step behind is granted");
    desk_close(&d);
}

/* Everything that is nearly the code. */
static void malformed_codes(void)
{
    static const struct {
        const char *before;
        int digits;
        const char *after;
    } rows[] = {
        {" ", 6, ""}, {"", 6, " "}, {"+", 6, ""}, {"0", 6, ""}, {"", 6, "0"}, {"", 5, ""}, {"\xef\xbc\x91", 6, ""},
        {"", 0, ""}};
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char typed[64];
        snprintf(typed, sizeof typed, "%s%.*s%s", rows[i].before, rows[i].digits, code_at(&d, 0, 6), rows[i].after);
        is_int(desk_verdict(desk_login(&d, "ada", password, typed)), VERDICT_DENIED, "O4: '%s' is not the code", typed);
        desk_tick(&d, 4000000); /* the limits are another test's */
    }
    desk_close(&d);
}

static void parallel_code(void)
{
    struct desk d;
    struct line *lines[64];
    int granted = 0;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    for (int i = 0; i < 64; i++) {
        lines[i] = desk_begin_as(&d, "sshd", "ada");
        desk_answer(&d, lines[i], password);
    }
    for (int i = 0; i < 64; i++)
        desk_answer(&d, lines[i], code_at(&d, 0, 6));
    for (int i = 0; i < 64; i++)
        granted += desk_verdict(lines[i]) == VERDICT_GRANTED;
    is_int(granted, 1, "O2: one code in 64 overlapping logins is taken once");
    desk_close(&d);
}

static void unenrolled(void)
{
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    struct line *l = desk_login(&d, "ada", password, "000000");
    is_int(desk_verdict(l), VERDICT_GRANTED,
           "unenrolled = skip (built in): the password is enough where there is no code");
    desk_config(&d, "[service *]\nunenrolled = deny\n");
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    is_int(desk_prompt(l), PROMPT_CODE, "O7: unenrolled = deny asks for the code all the same");
    desk_answer(&d, l, "000000");
    is_int(desk_verdict(l), VERDICT_DENIED, "O7: and the password alone never passes");
    desk_close(&d);
}

/* Two conversations must look alike up to nonce and user. */
static void same_looks(struct desk *d, const char *service, const char *user, const char *what)
{
    struct line *ours = desk_begin_as(d, service, "ada"), *other = desk_begin_as(d, service, user);

    for (int round = 0; round < 2; round++) {
        ok(desk_prompt(ours) && desk_prompt(ours) == desk_prompt(other) && ours->n_got == other->n_got &&
               strcmp(ours->got[0].prompt.text, other->got[0].prompt.text) == 0,
           "%s: prompt %d is the same", what, round + 1);
        desk_answer(d, ours, "wrong");
        desk_answer(d, other, "wrong");
    }
    ok(desk_verdict(ours) == VERDICT_DENIED && desk_verdict(other) == VERDICT_DENIED, "%s: both denied", what);
    ok(ours->not_before_ms == other->not_before_ms &&
           ours->not_before_ms == d->now.boot_ms + d->config.authcd.deny_time_ms,
       "%s: at the same time", what);
    ok(!other->got[0].verdict.reason[0] && !other->got[0].verdict.handle[0], "%s: no reason, no handle", what);
}

static void looks_alike(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service *]\nroles = admin\n[service lax]\nunknown = ignore\n");
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    desk_account(&d, "gus", 1002, "guest", password, sha1_secret, 6);
    struct account off = desk_account(&d, "off", 1003, "admin", password, sha1_secret, 6);
    off.state = ACCOUNT_DISABLED;
    DESK_STORE(&d, accounts_update(d.db, &off, d.now.wall_s));
    same_looks(&d, "sshd", "nobody-here", "P1: unknown name");
    same_looks(&d, "sshd", "gus", "P1: role not allowed");
    same_looks(&d, "sshd", "off", "P1: disabled");
    is_int(desk_verdict(desk_login(&d, "gus", password, code_at(&d, 0, 6))), VERDICT_DENIED,
           "a role that is not allowed never passes");
    is_int(desk_verdict(desk_login(&d, "off", password, code_at(&d, 0, 6))), VERDICT_DENIED,
           "a disabled account neither");
    is_int(desk_verdict(desk_begin_as(&d, "lax", "nobody-here")), VERDICT_UNKNOWN,
           "unknown = ignore says so before any prompt");
    desk_close(&d);
}

static void bad_hashes(void)
{
    static const char *const rows[] = {
        "",
        "!",
        "*",
        "$6$salt$abc",
        "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ",
        "$argon2id$v=19$m=4194304,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=65536,t=1000000,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    struct desk d;
    struct audit row = {0};
    int64_t seq = 0, delivered = 0;

    desk_open(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%zu", i);
        struct account a = desk_account(&d, name, 2000 + (uint32_t)i, "admin", password, NULL, 0);
        DESK_STORE(&d, accounts_set_password(d.db, a.id, rows[i], true, d.now.wall_s));
        is_int(desk_verdict(desk_login(&d, name, password, "")), VERDICT_DENIED, "P2: '%.30s' denies", rows[i]);
        desk_must(audit_position(d.db, &seq, &delivered), "position");
        desk_must(audit_next(d.db, seq - 1, "", 0, &row), "audit");
        is_int(row.event, AUDIT_HASH_BAD, "P2: and the audit says so");
    }
    is_int(d.counters.hashes, 0, "P2: without obeying its parameters");
    desk_close(&d);
}

static void fakes(void)
{
    struct desk d;
    static const char fake[] = "\b\n\r\177INCORRECT\b\n\r\177INCORRECT";

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    for (int i = 0; i < 20; i++) {
        char typed[32] = "";
        memcpy(typed, fake, 12);
        struct line *l = desk_login(&d, "ada", typed, "\b\n\r\177IN");
        if (desk_verdict(l) != VERDICT_DENIED)
            ok(0, "a fake answer was not denied");
    }
    for (int i = 0; i < 20; i++) /* what they are to somebody who only presses Return */
        if (desk_verdict(desk_login(&d, "ada", "", i % 2 ? "" : "\b\n\r\177IN")) != VERDICT_DENIED)
            ok(0, "an empty answer was not denied");
    is_int(d.counters.hashes, 0, "L12: sshd's fake answers are not looked at");
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 0, 6))), VERDICT_GRANTED,
           "L12: nor charged to anybody");
    desk_close(&d);
}

/* While a person looks for the phone, an administrator acts. */
static void meanwhile(void)
{
    struct desk d;

    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    struct account b = desk_account(&d, "bob", 1002, "admin", "another password", NULL, 0);
    SECRET_AUTO struct secret other = {0};
    char stored[PASSWORD_STORED_SIZE] = "";

    struct line *l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    a.state = ACCOUNT_DISABLED;
    DESK_STORE(&d, accounts_update(d.db, &a, d.now.wall_s));
    desk_answer(&d, l, code_at(&d, 0, 6));
    is_int(desk_verdict(l), VERDICT_DENIED, "disabled between password and code: denied");
    a.state = ACCOUNT_ACTIVE;
    DESK_STORE(&d, accounts_update(d.db, &a, d.now.wall_s));

    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    desk_must(accounts_password(d.db, b.id, &other), "stored");
    memcpy(stored, other.bytes, other.len);
    DESK_STORE(&d, accounts_set_password(d.db, a.id, stored, true, d.now.wall_s));
    desk_answer(&d, l, code_at(&d, 0, 6));
    is_int(desk_verdict(l), VERDICT_DENIED, "password changed between password and code: denied");
    is_int(desk_verdict(desk_login(&d, "ada", "another password", code_at(&d, 0, 6))), VERDICT_GRANTED,
           "and the new one stays, its code not used up");
    desk_close(&d);
}

/* Who had no code when a login began, and has one now, does not get in without it. */
static void enrolled_meanwhile(void)
{
    struct desk d;
    struct factor f = {.kind = "totp", .label = "phone", .algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};

    desk_open(&d);
    desk_config(&d, "[service sshd]\nunenrolled = skip\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    d.keep_jobs = true;
    struct line *l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    f.account_id = a.id;
    desk_must(secret_set(&otp.secret, sha1_secret, strlen(sha1_secret)), "secret");
    DESK_STORE(&d, factors_add(d.db, &f, &otp, d.now.wall_s));
    DESK_STORE(&d, factors_confirm(d.db, f.id, d.now.wall_s));
    desk_hash(&d, l);
    is_int(desk_verdict(l), VERDICT_DENIED, "O7: enrolled between question and verdict: denied");
    desk_close(&d);
}

/* factors = otp password: the code is asked first. */
static void code_first(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service sshd]\nfactors = otp password\n");
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    struct line *l = desk_begin_as(&d, "sshd", "ada");
    is_int(desk_prompt(l), PROMPT_CODE, "the code is asked first");
    desk_answer(&d, l, code_at(&d, 0, 6));
    is_int(desk_prompt(l), PROMPT_PASSWORD, "then the password");
    is_int(d.counters.hashes, 0, "which is not looked at before it is there");
    desk_answer(&d, l, "not that one");
    is_int(desk_verdict(l), VERDICT_DENIED, "and must be right");
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, code_at(&d, 0, 6));
    desk_answer(&d, l, password);
    is_int(desk_verdict(l), VERDICT_GRANTED, "as both are now");
    is_int(d.counters.hashes, 2, "one look each");
    desk_close(&d);
}

static void unknown_fakes(void)
{
    struct desk d;
    struct audit row = {0};
    int64_t seq = 0, delivered = 0;

    desk_open(&d);
    desk_login(&d, "nobody-here", "\b\n\r\177INCORRECT", "\b\n\r\177IN");
    desk_must(audit_position(d.db, &seq, &delivered), "position");
    desk_must(audit_next(d.db, seq - 1, "", 0, &row), "audit");
    is_int(row.event, AUDIT_LOGIN_FAKE, "sshd's fake answer for a name that is none is told as such");
    desk_close(&d);
}

static void combined(void)
{
    struct desk d;
    char typed[64];

    desk_open(&d);
    desk_config(&d, "[service sshd]\ncombined = yes\n");
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 8);
    snprintf(typed, sizeof typed, "%s%s", password, code_at(&d, 0, 8));
    struct line *l = desk_begin_as(&d, "sshd", "ada");
    is_int(desk_prompt(l), PROMPT_COMBINED, "combined = yes asks once");
    desk_answer(&d, l, typed);
    is_int(desk_verdict(l), VERDICT_GRANTED, "password and 8 digits in one string");
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    is_int(desk_verdict(l), VERDICT_DENIED, "the password alone is not enough");
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, "");
    is_int(desk_verdict(l), VERDICT_DENIED, "nothing is not enough");
    desk_close(&d);
}

static void rehash(void)
{
    struct desk d;
    SECRET_AUTO struct secret stored = {0};
    struct password_params params = {0};

    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    d.config.authcd.argon2_passes = 2;
    is_int(desk_verdict(desk_login(&d, "ada", password, "")), VERDICT_GRANTED, "a weaker hash still lets in");
    desk_must(accounts_password(d.db, a.id, &stored), "stored");
    is_int(password_stored_params((char *)stored.bytes, &params), 0, "what is stored now reads");
    is_int(params.passes, 2, "P3: and was hashed anew with the present parameters");
    is_int(desk_verdict(desk_login(&d, "ada", password, "")), VERDICT_GRANTED, "it is the same password");
    desk_close(&d);
}

/* Logins side by side, each of which would hash anew: the first that does must not deny the others. */
static void rehash_beside(void)
{
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    d.config.authcd.argon2_passes = 2;
    d.keep_jobs = true;
    struct line *first = desk_begin_as(&d, "sshd", "ada"), *second = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, first, password);
    desk_answer(&d, second, password);
    desk_hash(&d, first);
    desk_hash(&d, second);
    is_int(desk_verdict(first), VERDICT_GRANTED, "the first of two is granted, its hash made anew");
    is_int(desk_verdict(second), VERDICT_GRANTED, "L2: and so is the other, with the same password");
    desk_close(&d);
}

/* A second factor that nobody has confirmed yet proves nothing, also beside one that counts. */
static void unconfirmed(void)
{
    static const char other[] = "09876543210987654321";
    struct factor f = {.kind = "totp", .label = "tablet", .algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    char code[16];
    struct desk d;

    desk_open(&d);
    f.account_id = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6).id;
    desk_must(secret_set(&otp.secret, other, strlen(other)), "secret");
    DESK_STORE(&d, factors_add(d.db, &f, &otp, d.now.wall_s));
    oath_totp_generate(other, strlen(other), (time_t)d.now.wall_s, 30, 0, 6, code);
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_DENIED, "O5: a code of an unconfirmed factor");
    DESK_STORE(&d, factors_confirm(d.db, f.id, d.now.wall_s));
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_GRANTED, "O5: the same, once it is confirmed");
    desk_close(&d);
}

/* A name that the host gives to another uid than the account's is somebody else's. */
static void misnamed(void)
{
    static const uint32_t uids[] = {1001, 1002, 0};
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    for (size_t i = 0; i < sizeof uids / sizeof *uids; i++) {
        struct line *l = desk_line(&d, 0);
        struct msg_begin b;
        desk_begin_msg(&b, PHASE_AUTH, "sshd", "ada");
        b.target_uid = uids[i];
        desk_begin(&d, l, &b);
        desk_answer(&d, l, password);
        is_int(desk_verdict(l), uids[i] == 1001 ? VERDICT_GRANTED : VERDICT_DENIED, "ada, uid %u for the host",
               uids[i]);
        const struct msg_verdict *v = &l->got[l->n_got - 1].verdict;
        ok(memcmp(v->nonce, b.nonce, sizeof b.nonce) == 0 && strcmp(v->user, "ada") == 0,
           "M3: the verdict repeats the nonce and the user");
        ok(l->closed && !l->peer.proved, "a login proves nothing about later requests");
    }
    desk_close(&d);
}

/* A verified key in place of the password, where policy says so. */
static void key_and_code(void)
{
    struct desk d;
    struct msg_begin b;

    desk_open(&d);
    desk_config(&d, "[service sshd]\nkey_replaces = password\n");
    desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    desk_begin_msg(&b, PHASE_AUTH, "sshd", "ada");
    strcpy(b.auth_info, "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3oW9rWqYx2m7v5m1vBqj9wq1nY5x0m8w3n2m1k0q9z\n");
    struct line *l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    is_int(desk_prompt(l), PROMPT_CODE, "the code alone is asked");
    desk_answer(&d, l, "000000");
    is_int(desk_verdict(l), VERDICT_DENIED, "and must be right");
    l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    desk_answer(&d, l, code_at(&d, 0, 6));
    is_int(desk_verdict(l), VERDICT_GRANTED, "key and code");
    b.auth_info[0] = '\0';
    l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    is_int(desk_prompt(l), PROMPT_PASSWORD, "without the key the password is");
    desk_close(&d);
}

/* O6: a recovery code stands in for a code, once, also where wrong codes have stopped all others. */
static void recovery(void)
{
    static const char codes[2][RECOVERY_SIZE] = {"xvtsrpnkjhgfedcbxvts", "bbccddeeffgghhjjkknn"};
    char text[RECOVERY_TEXT_SIZE];
    struct desk d;

    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    DESK_STORE(&d, recoveries_add(d.db, a.id, codes[0], d.now.wall_s));
    DESK_STORE(&d, recoveries_add(d.db, a.id, codes[1], d.now.wall_s));
    recovery_text(codes[0], text);
    is_int(desk_verdict(desk_login(&d, "ada", "wrong", text)), VERDICT_DENIED, "not without the password");
    is_int(desk_verdict(desk_login(&d, "ada", password, text)), VERDICT_GRANTED,
           "O6: with it, and not spent by the first try");
    is_int(desk_verdict(desk_login(&d, "ada", password, text)), VERDICT_DENIED, "O6: once");
    is_int(desk_verdict(desk_login(&d, "ada", password, "bcde-fghj-knpr-stvx-bcde")), VERDICT_DENIED, "nor another");
    for (int i = 0; i < 20; i++) {
        desk_tick(&d, 2 * 3600000);
        desk_login(&d, "ada", password, "000000");
    }
    desk_tick(&d, 24 * 3600000);
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 0, 6))), VERDICT_DENIED,
           "twenty wrong codes stop all codes");
    recovery_text(codes[1], text);
    is_int(desk_verdict(desk_login(&d, "ada", password, text)), VERDICT_GRANTED, "but no recovery code");
    is_int(desk_verdict(desk_login(&d, "ada", password, code_at(&d, 30, 6))), VERDICT_GRANTED,
           "which lets codes count again");
    desk_close(&d);
}

int main(void)
{
    recovery();
    key_and_code();
    vectors();
    unconfirmed();
    misnamed();
    codes();
    malformed_codes();
    parallel_code();
    unenrolled();
    looks_alike();
    bad_hashes();
    fakes();
    meanwhile();
    enrolled_meanwhile();
    code_first();
    unknown_fakes();
    combined();
    rehash();
    rehash_beside();
    return tap_done();
}
