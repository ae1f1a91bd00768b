/* SPDX-License-Identifier: MIT
 *
 * What is decided in doubt, when nothing is known, and for proving oneself again; who passes phase acct, and with how
 * many sessions (M14); how password and code typed in one string come apart; levels. What is asked is policy_matrix's.
 */
#include "policy.h"

#include <errno.h>

#include "tap.h"

/* What is decided of an account with a password and a code, for a service that lets users in. */
static struct policy_plan plan(struct config_factors factors)
{
    struct config_service service = {.factors = factors, .roles = {1, {"user"}}, .unenrolled = CONFIG_UNENROLLED_SKIP};
    struct policy_plan p;
    policy_explain(
        &(struct policy_case){
            .service = &service,
            .account = {.exists = true, .active = true, .role = "user", .has_password = true, .has_code = true}},
        &p);
    return p;
}

static void test_doubt(void)
{
    struct policy_plan p = plan((struct config_factors){0});
    is_int(p.n, 1, "no factors: something is asked");
    ok(!p.can_succeed && p.bar == POLICY_BAR_FACTORS, "no factors: denied");
    p = plan((struct config_factors){2, {CONFIG_FACTOR_PASSWORD, (enum config_factor)9}});
    ok(!p.can_succeed && p.bar == POLICY_BAR_FACTORS, "a factor of an unknown kind: denied");
    p = plan((struct config_factors){CONFIG_FACTORS_MAX + 1, {CONFIG_FACTOR_PASSWORD}});
    ok(!p.can_succeed && p.n <= CONFIG_FACTORS_MAX, "too many factors: denied, none written past the end");
    p = plan((struct config_factors){1, {CONFIG_FACTOR_PASSWORD}});
    ok(p.can_succeed, "one of a known kind: let in");
}

/* Nothing is known of anybody: what a case is before it was filled in. */
static void test_zero(void)
{
    struct config_service service = {0};
    struct policy_plan p;
    policy_explain(&(struct policy_case){.service = &service}, &p);
    ok(!p.can_succeed && !p.enrols && !p.key_replaced && !p.code_skipped, "an empty case: denied");
    is_int(p.acct, VERDICT_UNKNOWN, "and unknown");
}

/* Proving oneself again takes all that one has; roles have no say, neither which are let in nor what they add. */
static void test_any_role(void)
{
    struct config_service service = {.factors = {1, {CONFIG_FACTOR_PASSWORD}}, .unenrolled = CONFIG_UNENROLLED_SKIP};
    struct config_role role = {.set = CONFIG_BIT(CONFIG_ROLE_factors), .factors = {1, {CONFIG_FACTOR_OTP}}};
    struct policy_case in = {.service = &service,
                             .role = &role,
                             .any_role = true,
                             .account = {.exists = true, .active = true, .role = "guest", .has_password = true}};
    struct policy_plan p;
    policy_explain(&in, &p);
    ok(p.can_succeed && p.n == 1 && p.acct == VERDICT_GRANTED, "any role");
    in.any_role = false;
    policy_explain(&in, &p);
    ok(!p.can_succeed && p.n == 2 && p.acct == VERDICT_FORBIDDEN, "otherwise they have");
}

static const struct config_service acct_service = {.roles = {2, {"admin", "user"}}, .sessions = true};

static enum verdict acct(struct policy_account account)
{
    struct policy_plan p;
    policy_explain(&(struct policy_case){.service = &acct_service, .account = account}, &p);
    return p.acct;
}

static void test_acct(void)
{
    struct policy_account a = {.exists = true, .active = true, .role = "user"};
    is_int(acct(a), VERDICT_GRANTED, "acct: an allowed role");
    a.must_change = true;
    is_int(acct(a), VERDICT_MUST_CHANGE, "acct: must change");
    a.role = "guest";
    is_int(acct(a), VERDICT_FORBIDDEN, "acct: a role that is not allowed, first of all");
    a = (struct policy_account){.exists = true, .active = true, .role = ""};
    is_int(acct(a), VERDICT_FORBIDDEN, "acct: no role");
    a.role = NULL;
    is_int(acct(a), VERDICT_FORBIDDEN, "acct: not even that");
    a.role = "use";
    is_int(acct(a), VERDICT_FORBIDDEN, "acct: part of a role's name");
    is_int(acct((struct policy_account){.exists = true, .role = "user", .must_change = true}), VERDICT_EXPIRED,
           "acct: disabled");
    is_int(acct((struct policy_account){.active = true, .role = "user"}), VERDICT_UNKNOWN, "acct: unknown");
    struct config_service nobody = {.roles = {0}};
    ok(!policy_role_allowed(&nobody, "superadmin"), "no roles: nobody");
    nobody.roles = (struct config_roles){1, {""}};
    ok(!policy_role_allowed(&nobody, ""), "an empty role matches nothing");
}

/* With so many open, of service and role, with those bounds: is one more let in? */
static enum policy_bar one_more(bool keeps, uint64_t bound, uint64_t role_bound, uint64_t open)
{
    struct config_service service = {.roles = {1, {"user"}}, .sessions = keeps, .max_sessions = bound};
    struct config_role role = {.set = role_bound ? CONFIG_BIT(CONFIG_ROLE_max_sessions) : 0,
                               .max_sessions = role_bound};
    struct policy_plan p;
    policy_explain(&(struct policy_case){.service = &service,
                                         .role = &role,
                                         .account = {.exists = true, .active = true, .role = "user"},
                                         .sessions = open},
                   &p);
    is_int(p.acct, p.acct_bar == POLICY_BAR_NONE ? VERDICT_GRANTED : VERDICT_FORBIDDEN, "acct says the same");
    return p.acct_bar;
}

static void test_sessions(void)
{
    is_int(one_more(true, 0, 0, 1000000), POLICY_BAR_NONE, "no bound");
    is_int(one_more(true, 3, 0, 2), POLICY_BAR_NONE, "the last of three");
    is_int(one_more(true, 3, 0, 3), POLICY_BAR_SESSIONS, "the fourth");
    is_int(one_more(true, 3, 0, UINT64_MAX), POLICY_BAR_SESSIONS, "and any further");
    is_int(one_more(true, 0, 1, 1), POLICY_BAR_SESSIONS, "the role's bound where the service has none");
    is_int(one_more(true, 5, 1, 1), POLICY_BAR_SESSIONS, "the role's bound where it is smaller");
    is_int(one_more(true, 1, 5, 1), POLICY_BAR_SESSIONS, "the service's where that is");
    is_int(one_more(false, 1, 1, 9), POLICY_BAR_NONE, "where none begins there is no bound");
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
    test_split("secretbcde-fghj-knpr-stvx-bcde", true, 6, 0, "secret", "bcde-fghj-knpr-stvx-bcde");
    test_split("secretBCDE-FGHJ-knpr-stvx-bcde", true, 8, 0, "secret", "BCDE-FGHJ-knpr-stvx-bcde");
    test_split("secretbcde-fghj-knpr-stvx-bcde", false, 6, 0, "secretbcde-fghj-knpr-stvx-bcde", "");
    test_split("bcde-fghj-knpr-stvx-bcde", true, 6, 0, "bcde-fghj-knpr-stvx-bcde", "");
    test_split("correct horse battery staple", true, 6, 0, "correct horse battery staple", "");
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
    test_doubt();
    test_zero();
    test_any_role();
    test_acct();
    test_sessions();
    test_splits();
    test_split_bounds();
    test_acr();
    return tap_done();
}
