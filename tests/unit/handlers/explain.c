/* SPDX-License-Identifier: MIT
 *
 * What a service would ask: of an account, for itself and for root; of people in general, with what keys, roles and
 * strangers make of it, for root; never of another's account (W7), and nothing in the audit.
 */
#include "desk_ask.h"

static struct msg_row_policy rows[32];
static size_t n_rows;
static struct msg last;

/* Asks and keeps all rows. */
static void show(struct desk *d, uint32_t peer, const char *service, const char *user)
{
    struct msg_policy_show in = {0};
    struct handler h = desk_handler(d, desk_line(d, peer));
    struct step step = {0};
    int64_t before = ask_position(d);

    strcpy(in.service, service);
    strcpy(in.user, user);
    desk_must(db_begin(d->db), "begin");
    is_int(on_policy_show(&h, &in, &step), 0, "policy show %s %s by %u", service, user, peer);
    desk_must(db_commit(d->db), "commit");
    n_rows = 0;
    for (const struct reply *r = step.first; r; r = r->next) {
        desk_must(msg_decode(r->bytes, r->len, &last), "decode");
        if (last.number == MSG_row_policy && n_rows < 32)
            rows[n_rows++] = last.row_policy;
    }
    step_clear(&step);
    ok(ask_position(d) == before, "... leaves no trace");
    ok(last.number != MSG_end || last.end.count == n_rows, "... counts its rows");
}

static const char *value(const char *item)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].item, item) == 0)
            return rows[i].value;
    return "(no such row)";
}

static const char *rule(const char *item)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].item, item) == 0)
            return rows[i].rule;
    return "(no such row)";
}

static void test_account(struct desk *d)
{
    show(d, 0, "sshd", "ada");
    is_str(value("asked"), "password, code", "ada has a code");
    is_str(value("asked after a key"), "code", "after a key the code is enough");
    is_str(rule("asked after a key"), "[service sshd] key_replaces = password: sshd verified one",
           "because it says so");
    is_str(value("asked again in this session"), "(no such row)", "there is no grace");
    is_str(value("login"), "right answers let in", "she gets in");
    is_str(value("account"), "granted", "and may");
    show(d, 0, "sudo", "ada");
    is_str(value("asked again in this session"), "password", "where there is grace the password is enough");
    is_str(rule("grace"), "[role admin] grace = 5m, stricter than [service sudo] 15m", "her role's is shorter");
    is_str(value("asked after a key"), "(no such row)", "keys are nothing to sudo");
    show(d, 0, "sshd", "bob");
    is_str(value("asked"), "password", "bob has none");
    is_str(rule("asked"), "built-in default unenrolled = skip: there is no code", "and does without");
    show(d, 0, "sudo", "guy");
    is_str(value("asked"), "password, code", "a guest has nothing to do with sudo");
    is_str(value("login"), "denied in any case: the role is not let in here", "and is denied");
    is_str(rule("login"), "built-in default roles = superadmin admin moderator user", "by its roles");
}

static void test_sessions(struct desk *d, const struct account *ada)
{
    ask_session(d, ada, "pwd otp", "aal2", 7);
    show(d, 0, "sshd", "ada");
    is_str(value("account"), "granted", "one session of two");
    ask_session(d, ada, "pwd otp", "aal2", 8);
    show(d, 0, "sshd", "ada");
    is_str(value("account"), "account locked, or its role is not allowed here: there are as many sessions as may be",
           "two of two");
    is_str(rule("account"), "[service sshd] max_sessions = 2", "is all there may be");
    show(d, 0, "login", "ada");
    is_str(value("account"), "granted", "elsewhere there is no bound");
    show(d, 0, "sshd", "bob");
    is_str(value("account"), "granted", "nor for another");
}

static void test_people(struct desk *d)
{
    show(d, 0, "ftp", "");
    is_str(value("asked"), "password", "in general");
    is_str(value("asked of admin"), "password, code", "a role of which more is asked");
    is_str(value("asked of user"), "(no such row)", "not those of which the same is");
    is_str(value("asked of a stranger"), "password, code", "a stranger as the strictest");
    is_str(value("login"), "(no such row)", "nobody in particular gets in");
    ok(n_rows == 3 + CONFIG_SERVICE_combined + 1, "and every key is there");
    show(d, 0, "-x", "");
    ok(last.number == MSG_refused && last.refused.error == REFUSAL_INVALID, "what is no name of a service is refused");
    show(d, 0, "", "");
    ok(last.number == MSG_refused, "nor is nothing");
}

static void test_others(struct desk *d)
{
    show(d, 1001, "sshd", "");
    is_str(value("login"), "right answers let in", "everybody may ask of themselves");
    show(d, 1001, "sshd", "ada");
    is_str(value("login"), "right answers let in", "also by name");
    show(d, 1001, "sshd", "bob");
    struct msg bob = last;
    ok(n_rows == 0 && bob.refused.error == REFUSAL_NOT_ALLOWED, "but not of another");
    show(d, 1001, "sshd", "nobody");
    ok(strcmp(last.refused.text, bob.refused.text) == 0 && last.refused.error == bob.refused.error,
       "W7: who is to them as nobody");
    show(d, 4242, "sshd", "");
    ok(n_rows == 0 && last.refused.error == REFUSAL_NOT_ALLOWED, "nor without an account");
    show(d, 0, "sshd", "nobody");
    ok(last.refused.error == REFUSAL_NOT_FOUND, "root is told that there is none");
}

int main(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service sshd]\nkey_replaces = password\nmax_sessions = 2\n[service sudo]\ngrace = 15m\n"
                    "[service ftp]\nfactors = password\n[role admin]\nfactors = otp\ngrace = 5m\n"
                    "[role user]\nfactors = password\n");
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse battery", "12345678901234567890", 6);
    desk_account(&d, "bob", 1002, "user", "correct horse battery", NULL, 0);
    desk_account(&d, "guy", 1003, "guest", "correct horse battery", NULL, 0);
    test_account(&d);
    test_people(&d);
    test_others(&d);
    test_sessions(&d, &ada);
    desk_close(&d);
    return tap_done();
}
