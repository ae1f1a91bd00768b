/* SPDX-License-Identifier: MIT
 *
 * What is asked and what can succeed, over the whole matrix of service and account (O7's deny half, P1's "same
 * prompts"); who passes phase acct (M14); how password and code typed in one string come apart.
 */
#include "policy.h"

#include <errno.h>

#include "tap.h"

static const struct config_factors factor_lists[] = {
    {1, {CONFIG_FACTOR_PASSWORD}},
    {1, {CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_PASSWORD, CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_OTP, CONFIG_FACTOR_PASSWORD}},
};

/* What each list asks: P password, C code, B both in one. `one` if combined, `skip` if the code is skipped. */
static const struct {
    const char *ask, *one, *skip;
    bool password, code;
} wanted[] = {
    {"P", "B", "P", true, false},
    {"C", "B", "C", false, true},
    {"PC", "B", "P", true, true},
    {"CP", "B", "P", true, true},
};

static const char *asked(const struct policy_questions *q)
{
    static char text[CONFIG_FACTORS_MAX + 1];
    memset(text, 0, sizeof text);
    for (size_t i = 0; i < q->n; i++)
        text[i] = q->kinds[i] == PROMPT_PASSWORD ? 'P' : q->kinds[i] == PROMPT_CODE ? 'C' : 'B';
    return text;
}

/* One cell: bits of what account and service are. */
static void test_cell(size_t list, unsigned bits)
{
    struct config_service service = {
        .factors = factor_lists[list],
        .unenrolled = bits & 1 ? CONFIG_UNENROLLED_SKIP : CONFIG_UNENROLLED_DENY,
        .combined = bits & 2,
    };
    struct policy_account account = {
        .exists = bits & 4,
        .active = bits & 8,
        .role = "user",
        .has_password = bits & 16,
        .has_code = bits & 32,
    };
    bool skips = (bits & 1) && (bits & 4) && !(bits & 32) && wanted[list].password && wanted[list].code;
    bool proof = (!wanted[list].password || (bits & 16)) && (!wanted[list].code || (bits & 32) || skips);
    struct policy_questions q;
    policy_questions(&service, &account, &q);
    is_str(asked(&q),
           bits & 2 ? wanted[list].one
           : skips  ? wanted[list].skip
                    : wanted[list].ask,
           "%s/%02x: asked", wanted[list].ask, bits);
    is_int(q.code_skipped, skips, "%s/%02x: code skipped", wanted[list].ask, bits);
    is_int(q.can_succeed, (bits & 4) && (bits & 8) && proof, "%s/%02x: can succeed", wanted[list].ask, bits);
}

static void test_matrix(void)
{
    for (size_t list = 0; list < sizeof wanted / sizeof *wanted; list++)
        for (unsigned bits = 0; bits < 64; bits++)
            test_cell(list, bits);
}

/* The same rule once more in words, as the requirement has it. */
static void test_deny_unenrolled(void)
{
    struct config_service service = {.factors = factor_lists[2], .unenrolled = CONFIG_UNENROLLED_DENY};
    struct policy_account account = {.exists = true, .active = true, .role = "user", .has_password = true};
    struct policy_account nobody = {.role = ""};
    struct policy_questions q;
    policy_questions(&service, &account, &q);
    is_str(asked(&q), "PC", "deny: who has no code is asked for one");
    ok(!q.can_succeed && !q.code_skipped, "deny: and never gets in with the password alone");
    service.unenrolled = CONFIG_UNENROLLED_SKIP;
    policy_questions(&service, &account, &q);
    ok(q.can_succeed && q.code_skipped, "skip: the password alone will do");
    policy_questions(&service, &nobody, &q);
    is_str(asked(&q), "PC", "skip: an unknown name is asked like an enrolled one");
    ok(!q.can_succeed, "skip: and denied");
}

static void test_doubt(void)
{
    struct config_service service = {.unenrolled = CONFIG_UNENROLLED_SKIP};
    struct policy_account account = {true, true, "user", true, true};
    struct policy_questions q;
    policy_questions(&service, &account, &q);
    is_int(q.n, 1, "no factors: something is asked");
    ok(!q.can_succeed, "no factors: denied");
    service.factors = (struct config_factors){2, {CONFIG_FACTOR_PASSWORD, (enum config_factor)9}};
    policy_questions(&service, &account, &q);
    ok(!q.can_succeed, "a factor of an unknown kind: denied");
    service.factors = (struct config_factors){CONFIG_FACTORS_MAX + 1, {CONFIG_FACTOR_PASSWORD}};
    policy_questions(&service, &account, &q);
    ok(!q.can_succeed && q.n <= CONFIG_FACTORS_MAX, "too many factors: denied, none written past the end");
}

static void test_acct(void)
{
    struct config_service service = {.roles = {2, {"admin", "user"}}};
    struct policy_account account = {.exists = true, .active = true, .role = "user"};
    is_int(policy_acct(&service, &account, false), VERDICT_GRANTED, "acct: an allowed role");
    is_int(policy_acct(&service, &account, true), VERDICT_MUST_CHANGE, "acct: must change");
    account.role = "guest";
    is_int(policy_acct(&service, &account, true), VERDICT_FORBIDDEN, "acct: a role that is not allowed, first of all");
    account.role = "";
    is_int(policy_acct(&service, &account, false), VERDICT_FORBIDDEN, "acct: no role");
    account.role = NULL;
    is_int(policy_acct(&service, &account, false), VERDICT_FORBIDDEN, "acct: not even that");
    account.role = "use";
    is_int(policy_acct(&service, &account, false), VERDICT_FORBIDDEN, "acct: part of a role's name");
    account = (struct policy_account){.exists = true, .active = false, .role = "user"};
    is_int(policy_acct(&service, &account, true), VERDICT_EXPIRED, "acct: disabled");
    account = (struct policy_account){.active = true, .role = "user"};
    is_int(policy_acct(&service, &account, true), VERDICT_UNKNOWN, "acct: unknown");
    service.roles.n = 0;
    ok(!policy_role_allowed(&service, "superadmin"), "no roles: nobody");
    service.roles = (struct config_roles){1, {""}};
    ok(!policy_role_allowed(&service, ""), "an empty role matches nothing");
}

static void test_split(const char *typed, bool has_code, unsigned digits, int want, const char *password,
                       const char *code)
{
    SECRET_AUTO struct secret t = {0}, p = {0}, c = {0};
    is_int(secret_set(&t, typed, strlen(typed)), 0, "\"%s\" fits", typed);
    is_int(policy_split_combined(&t, has_code, digits, &p, &c), want, "\"%s\": result", typed);
    ok(p.len == strlen(password) && memcmp(p.bytes, password, p.len) == 0, "\"%s\": password \"%s\"", typed, password);
    ok(c.len == strlen(code) && memcmp(c.bytes, code, c.len) == 0, "\"%s\": code \"%s\"", typed, code);
}

static void test_splits(void)
{
    test_split("secret123456", true, 6, 0, "secret", "123456");
    test_split("secret12345678", true, 6, 0, "secret12", "345678");
    test_split("secret12345678", true, 8, 0, "secret", "12345678");
    test_split("s123456", true, 6, 0, "s", "123456");
    test_split("secret123456", false, 6, 0, "secret123456", "");
    test_split("123456", false, 6, 0, "123456", "");
    test_split("123456", true, 6, -EINVAL, "", "");
    test_split("12345", true, 6, -EINVAL, "", "");
    test_split("", true, 6, -EINVAL, "", "");
    test_split("", false, 6, -EINVAL, "", "");
    test_split("secret12345x", true, 6, 0, "secret12345x", "");
    test_split("secretx23456", true, 6, 0, "secretx23456", "");
    test_split("secret 12345", true, 6, 0, "secret 12345", "");
    test_split("secret-12345", true, 6, 0, "secret-12345", "");
    test_split("secret/12345", true, 6, 0, "secret/12345", "");
    test_split("secret1234:5", true, 6, 0, "secret1234:5", "");
    test_split("\xc3\xa4\xc3\xb6"
               "123456",
               true, 6, 0, "\xc3\xa4\xc3\xb6", "123456");
}

static void test_split_bounds(void)
{
    static struct secret t, p, c;
    t.len = SECRET_MAX + 1;
    is_int(policy_split_combined(&t, true, 6, &p, &c), -EINVAL, "a length past the end is refused");
    t.len = SECRET_MAX;
    memset(t.bytes, '7', SECRET_MAX);
    is_int(policy_split_combined(&t, true, 8, &p, &c), 0, "the longest");
    is_int((int)p.len, SECRET_MAX - 8, "its password");
    is_int((int)c.len, 8, "its code");
}

static void test_acr(void)
{
    static const struct {
        const char *wish, *audience, *session, *amr;
        enum policy_acr_verdict want;
        const char *wanted;
        bool password, code; /* are lacking */
    } rows[] = {
        {"", "aal1", "aal1", "pwd", POLICY_ACR_REACHED, "aal1", false, true},
        {"", "aal2", "aal2", "pwd otp", POLICY_ACR_REACHED, "aal2", false, false},
        {"", "aal1", "aal2", "pwd otp", POLICY_ACR_REACHED, "aal1", false, false},
        {"aal1", "aal1", "aal1", "otp", POLICY_ACR_REACHED, "aal1", true, false},
        {"aal2", "aal1", "aal2", "otp pwd", POLICY_ACR_REACHED, "aal2", false, false},
        {"", "aal2", "aal1", "pwd", POLICY_ACR_TOO_LOW, "aal2", false, true},
        {"aal1", "aal2", "aal1", "pwd", POLICY_ACR_TOO_LOW, "aal2", false, true}, /* a wish lowers nothing */
        {"aal2", "aal1", "aal1", "otp", POLICY_ACR_TOO_LOW, "aal2", true, false},
        {"", "aal2", "aal1", "swk", POLICY_ACR_TOO_LOW, "aal2", true, true},
        {"", "aal2", "aal1", "pwds otpx", POLICY_ACR_TOO_LOW, "aal2", true, true},
        {"", "aal2", "aal1", "xpwd otps otp", POLICY_ACR_TOO_LOW, "aal2", true, false},
        {"", "aal1", "", "", POLICY_ACR_TOO_LOW, "aal1", true, true},
        {"", "aal1", "aal9", "pwd otp", POLICY_ACR_TOO_LOW, "aal1", false, false},
        {"aal3", "aal1", "aal2", "pwd otp", POLICY_ACR_NO_LEVEL, "aal1", false, false},
        {"AAL1", "aal1", "aal2", "pwd otp", POLICY_ACR_NO_LEVEL, "aal1", false, false},
        {"", "", "aal2", "pwd otp", POLICY_ACR_NOBODY, "", false, false},
        {"aal1", "aal3", "aal2", "pwd otp", POLICY_ACR_NOBODY, "aal1", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy_acr p = policy_acr(rows[i].wish, rows[i].audience, rows[i].session, rows[i].amr);
        ok(p.verdict == rows[i].want && p.lacks_password == rows[i].password && p.lacks_code == rows[i].code &&
               strcmp(p.wanted, rows[i].wanted) == 0,
           "acr: wish \"%s\", audience \"%s\", session \"%s\" by \"%s\"", rows[i].wish, rows[i].audience,
           rows[i].session, rows[i].amr);
    }
}

int main(void)
{
    test_matrix();
    test_deny_unenrolled();
    test_doubt();
    test_acct();
    test_splits();
    test_split_bounds();
    test_acr();
    return tap_done();
}
