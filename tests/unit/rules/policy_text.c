/* SPDX-License-Identifier: MIT
 *
 * What was decided, in words: which of service, built-in row, [service *], default and role gave each value, what the
 * role is stricter than, why less is asked, and that every key of a service has its row (M14, O7).
 */
#include "policy_text.h"

#include "tap.h"

static struct config config;
static struct config_service service;
static struct config_role role;
static struct policy_case in;
static struct policy_plan plan;

/* Account of that role, with a code or without; key and grace as the tests want. */
static void decide(const char *text, const char *name, const char *of_role, bool code)
{
    char error[CONFIG_ERROR_SIZE] = "";
    if (config_parse(text, strlen(text), "f", &config, error) < 0)
        ok(false, "%s", error);
    config_service(&config, name, &service);
    config_role(&config, &service, of_role, &role);
    in.service = &service;
    in.role = &role;
    in.account = (struct policy_account){
        .exists = true, .active = true, .role = of_role, .has_password = true, .has_code = code};
    policy_explain(&in, &plan);
}

static void asked(const char *value, const char *rule)
{
    struct policy_text t;
    policy_text_asked(&in, &plan, &t);
    is_str(t.item, "asked", "asked of %s in %s", in.account.role, service.name);
    is_str(t.value, value, "... what");
    is_str(t.rule, rule, "... why");
}

static void key(const char *item, const char *value, const char *rule)
{
    struct policy_text t;
    size_t i = 0;
    while (policy_text_key(&in, &plan, i, &t) && strcmp(t.item, item) != 0)
        i++;
    is_str(t.item, item, "key %s", item);
    is_str(t.value, value, "... its value");
    is_str(t.rule, rule, "... and rule");
}

static void outcome(const char *login, const char *login_rule, const char *acct, const char *acct_rule)
{
    struct policy_text t;
    policy_text_login(&in, &plan, &t);
    is_str(t.value, login, "login");
    is_str(t.rule, login_rule, "... because");
    policy_text_acct(&in, &plan, &t);
    is_str(t.value, acct, "account");
    is_str(t.rule, acct_rule, "... because");
}

static void test_places(void)
{
    decide("[service *]\nunenrolled = deny\nunknown = ignore\n[service sshd]\nfactors = otp password\n", "sshd", "user",
           true);
    asked("code, password", "[service sshd] factors = otp password");
    key("unenrolled", "deny", "[service *] unenrolled = deny");
    key("sessions", "yes", "built-in row of sshd sessions = yes");
    key("grace", "0s", "built-in default");
    key("roles", "superadmin admin moderator user", "built-in default");
    outcome("right answers let in", "", "granted", "");
}

static void test_roles(void)
{
    decide("[service sudo]\nfactors = otp\ngrace = 15m\n[role superadmin]\nfactors = password otp\ngrace = 0s\n"
           "max_sessions = 2\nunenrolled = deny\n",
           "sudo", "superadmin", true);
    asked("code, password", "[service sudo] factors = otp, and [role superadmin] factors = password otp");
    key("grace", "0s", "[role superadmin] grace = 0s, stricter than [service sudo] 15m");
    key("max_sessions", "2", "[role superadmin] max_sessions = 2, stricter than built-in default 0");
    key("unenrolled", "deny", "[role superadmin] unenrolled = deny, stricter than built-in default skip");
    decide("[service sudo]\nfactors = otp\ngrace = 15m\n[role superadmin]\ngrace = 0s\n", "sudo", "user", true);
    key("grace", "15m", "[service sudo] grace = 15m");
    decide("[role admin]\nfactors = otp\n", "sshd", "admin", true);
    asked("password, code", "built-in default factors = password otp");
    decide("[service ftp]\nfactors = password\n[role admin]\nfactors = otp\n", "ftp", "", true);
    asked("password, code", "[service ftp] factors = password, and the strictest role's factors = otp");
}

static void test_less(void)
{
    decide("", "sshd", "user", false);
    asked("password", "built-in default unenrolled = skip: there is no code");
    decide("[service sshd]\nunenrolled = enrol\n", "sshd", "user", false);
    asked("password, then a code is enrolled", "[service sshd] unenrolled = enrol: there is no code");
    outcome("right answers let in: once a code is enrolled", "[service sshd] unenrolled = enrol", "granted", "");
    in.key_verified = true;
    decide("[service sshd]\nkey_replaces = password\n", "sshd", "user", true);
    asked("code", "[service sshd] key_replaces = password: sshd verified one");
    in.key_verified = false;
    in.has_proof = true;
    decide("[service sudo]\ngrace = 15m\n", "sudo", "user", true);
    asked("password", "[service sudo] grace = 15m: a code was proved here not long ago");
    decide("[service sudo]\nfactors = otp\ngrace = 15m\n", "sudo", "user", true);
    asked("nothing", "[service sudo] grace = 15m: a code was proved here not long ago");
    in.has_proof = false;
    decide("[service vpn]\ncombined = yes\n", "vpn", "user", true);
    asked("password and code in one", "built-in default factors = password otp");
}

static void test_denied(void)
{
    decide("[service *]\nunenrolled = enrol\n", "sudo", "user", false);
    key("unenrolled", "deny",
        "built-in row of sudo unenrolled = deny for enrol: whatever runs in the session and knows the password could "
        "make the second factor its own");
    outcome("denied in any case: there is no code",
            "built-in row of sudo unenrolled = deny for enrol: whatever runs in the session and knows the password "
            "could make the second factor its own",
            "granted", "");
    decide("[role user]\nunenrolled = enrol\n", "su", "user", false);
    key("unenrolled", "deny",
        "[role user] unenrolled = enrol, stricter than built-in default skip, which cannot work: whatever runs in the "
        "session and knows the password could make the second factor its own");
    decide("[service vpn]\ncombined = yes\n[role user]\nunenrolled = enrol\n", "vpn", "user", false);
    key("unenrolled", "deny",
        "[role user] unenrolled = enrol, stricter than built-in default skip, which cannot work: combined = yes leaves "
        "no "
        "prompt to enrol in");
    decide("[service local]\nfactors = otp\n[role user]\nunenrolled = enrol\n", "local", "user", false);
    key("unenrolled", "deny",
        "[role user] unenrolled = enrol, stricter than built-in default skip, which cannot work: without a password "
        "nothing tells who enrols");
    decide("[service sudo]\nfactors = otp\n[role user]\nfactors = password\n", "sudo", "user", false);
    outcome("denied in any case: there is no code",
            "[service sudo] factors = otp, and [role user] factors = password: a code that is all is not skipped",
            "granted", "");
    decide("[service sudo]\nroles = superadmin admin\n", "sudo", "user", true);
    outcome("denied in any case: the role is not let in here", "[service sudo] roles = superadmin admin",
            "account locked, or its role is not allowed here: the role is not let in here",
            "[service sudo] roles = superadmin admin");
    in.sessions = 2;
    decide("[service sshd]\nmax_sessions = 5\n[role user]\nmax_sessions = 2\n", "sshd", "user", true);
    in.sessions = 0;
    outcome("right answers let in", "",
            "account locked, or its role is not allowed here: there are as many sessions as may be",
            "[role user] max_sessions = 2, stricter than [service sshd] 5");
    in.account.exists = false;
    policy_explain(&in, &plan);
    outcome("denied in any case: no such account", "", "account unknown to authcd: no such account", "");
    in.account.exists = true;
    in.account.active = false;
    policy_explain(&in, &plan);
    outcome("denied in any case: the account is not active", "",
            "account disabled or expired: the account is not active", "");
    decide("", "sshd", "user", true);
    in.account.has_password = false;
    policy_explain(&in, &plan);
    outcome("denied in any case: there is no password", "built-in default factors = password otp", "granted", "");
    decide("", "sshd", "user", true);
    in.account.must_change = true;
    policy_explain(&in, &plan);
    outcome("right answers let in", "", "password must be changed", "");
}

/* Longest of all: a service's name of 64 and everything else written. */
static void test_fits(void)
{
    static const char name[] = "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss";
    char text[400];
    struct policy_text t;
    size_t n = 0;
    snprintf(text, sizeof text,
             "[service %s]\nfactors = otp\nroles = superadmin admin moderator user guest\ngrace = 43199s\n"
             "[role superadmin]\nfactors = password\nunenrolled = enrol\ngrace = 43198s\n",
             name);
    decide(text, name, "superadmin", false);
    for (; policy_text_key(&in, &plan, n, &t); n++)
        ok(strlen(t.rule) < sizeof t.rule - 1 && strlen(t.value) < sizeof t.value - 1 && t.rule[0] && t.value[0],
           "%s: nothing is cut", t.item);
    is_int((int)n, CONFIG_SERVICE_combined + 1, "every key has its row");
    ok(!policy_text_key(&in, &plan, SIZE_MAX, &t), "and nothing far behind them");
}

int main(void)
{
    test_places();
    test_roles();
    test_less();
    test_denied();
    test_fits();
    return tap_done();
}
