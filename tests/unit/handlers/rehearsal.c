/* SPDX-License-Identifier: MIT
 *
 * A login that root tries (BEGIN_TEST): judged and counted as any, told why, one event of its own in the audit; no
 * handle, no known source, no last login; for nobody else, and in no phase that changes something (W4, L5, M14, A3).
 */
#include <errno.h>
#include <liboath/oath.h>

#include "buckets.h"
#include "desk.h"
#include "factors.h"

static const char password[] = "correct horse battery", secret[] = "12345678901234567890";

static struct line *try_as(struct desk *d, uint32_t peer, enum phase phase, const char *user)
{
    struct line *l = desk_line(d, peer);
    struct msg_begin b;

    desk_begin_msg(&b, phase, "sshd", user);
    b.flags = BEGIN_TEST;
    desk_begin(d, l, &b);
    return l;
}

static const char *code_now(struct desk *d)
{
    static char code[16];
    oath_totp_generate(secret, 20, (time_t)d->now.wall_s, 30, 0, 6, code);
    return code;
}

static struct line *try(struct desk *d, const char *user, const char *typed, const char *code)
{
    struct line *l = try_as(d, 0, PHASE_AUTH, user);

    desk_answer(d, l, typed);
    if (desk_prompt(l))
        desk_answer(d, l, code);
    return l;
}

static struct audit last_audit(struct desk *d)
{
    struct audit row = {0};
    int64_t seq = 0, delivered = 0;

    desk_must(audit_position(d->db, &seq, &delivered), "position");
    desk_must(audit_next(d->db, seq - 1, "", 0, &row), "row");
    return row;
}

static bool told(struct desk *d, const struct line *l, const char *reason, const char *result)
{
    struct audit row = last_audit(d);

    return strcmp(l->got[l->n_got - 1].verdict.reason, reason) == 0 && row.event == AUDIT_LOGIN_TEST &&
           strcmp(row.result, result) == 0 && strcmp(row.service, "sshd") == 0 && strcmp(row.actor, "uid:0") == 0;
}

static void test_who(struct desk *d)
{
    static const enum phase others[] = {PHASE_CHAUTHTOK, PHASE_OPEN, PHASE_CLOSE, PHASE_STEPUP};
    struct line *l;

    for (enum phase phase = PHASE_AUTH; phase <= PHASE_STEPUP; phase++) {
        l = try_as(d, 1001, phase, "ada");
        ok(l->n_got == 1 && l->got[0].number == MSG_refused && l->got[0].refused.error == REFUSAL_NOT_ALLOWED &&
               l->closed,
           "phase %d: for root only, about oneself neither", phase);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        l = try_as(d, 0, others[i], "ada");
        ok(l->got[0].number == MSG_refused && l->closed, "phase %d is nobody's to try", others[i]);
    }
}

static void test_granted(struct desk *d)
{
    struct account a;
    bool known = true;
    struct line *l = try(d, "ada", password, code_now(d));

    is_int(desk_verdict(l), VERDICT_GRANTED, "right answers are granted");
    ok(told(d, l, "password + code", "granted: password + code"), "and told as what they were");
    is_str(l->got[0].verdict.handle, "", "without a handle");
    desk_must(accounts_by_name(d->db, "ada", &a), "ada");
    struct buckets_key pair = {.bucket = BUCKET_PAIR, .account_id = a.id, .subject = a.name, .source = "192.0.2.7"};
    desk_must(buckets_known(d->db, &pair, d->now.wall_s, &known), "known");
    ok(!known && a.last_login_at == 0, "the source is not known, and nobody logged in");
    l = try(d, "ada", password, code_now(d));
    is_int(desk_verdict(l), VERDICT_DENIED, "its code is used up");
    ok(told(d, l, "code already used, 1 of 5", "denied: code already used, 1 of 5"), "and that is told");
    l = try_as(d, 0, PHASE_ACCT, "ada");
    is_int(desk_verdict(l), VERDICT_GRANTED, "phase acct can be tried too");
    l = try_as(d, 0, PHASE_ACCT, "guy");
    is_int(desk_verdict(l), VERDICT_FORBIDDEN, "and refuses whom it refuses");
    ok(told(d, l, verdict_text(VERDICT_FORBIDDEN), "denied: account locked, or its role is not allowed here"),
       "as a test");
}

static void test_denied(struct desk *d)
{
    struct line *l = try(d, "bob", "wrong", "");

    is_int(desk_verdict(l), VERDICT_DENIED, "a wrong password is denied");
    ok(told(d, l, "wrong password, 1 of 5", "denied: wrong password, 1 of 5"), "and counted");
    ok(l->not_before_ms == d->now.boot_ms + d->config.authcd.deny_time_ms, "it leaves when any denial does");
    for (int i = 0; i < 4; i++)
        try(d, "bob", "wrong", "");
    l = try(d, "bob", password, "");
    ok(desk_verdict(l) == VERDICT_DENIED && strncmp(l->got[0].verdict.reason, "not looked at", 13) == 0,
       "five of them stop the sixth, as any: %s", l->got[0].verdict.reason);
    struct msg_begin b;
    l = desk_line(d, 0);
    desk_begin_msg(&b, PHASE_AUTH, "sshd", "bob");
    desk_begin(d, l, &b);
    desk_answer(d, l, password);
    ok(desk_verdict(l) == VERDICT_DENIED && l->got[0].verdict.reason[0] == '\0',
       "a login as well, which is not told why");
    ok(last_audit(d).event == AUDIT_LOGIN_LIMITED, "nor is it a test");
    l = try(d, "nobody", "x", "x");
    ok(told(d, l, "no such account, 1 of 5", "denied: no such account, 1 of 5"), "nobody's name");
    l = try_as(d, 0, PHASE_AUTH, "ada");
    desk_answer(d, l, password);
    desk_gone(d, l);
    is_str(last_audit(d).result, "denied: hung up after an answer, 2 of 5", "whoever hangs up has had a look");
}

/* A success takes its charge back and nothing else: failures before it still stand. */
static void test_forgives_nothing(struct desk *d)
{
    desk_tick(d, 30000);
    struct line *l = try(d, "ada", password, code_now(d));
    is_int(desk_verdict(l), VERDICT_GRANTED, "the next code is right");
    l = try(d, "ada", "wrong", "000000");
    ok(told(d, l, "wrong password, 3 of 5", "denied: wrong password, 3 of 5"), "and forgives nothing: %s",
       l->got[0].verdict.reason);
}

/* Where a login would go on to enrol, a test does not: nothing comes of it. */
static void test_enrols_nobody(struct desk *d)
{
    struct factor f = {0};
    struct account a;

    desk_config(d, "[service *]\nunenrolled = enrol\n");
    desk_must(accounts_by_name(d->db, "eve", &a), "eve");
    struct line *l = try(d, "eve", password, "");
    is_int(desk_verdict(l), VERDICT_DENIED, "who would have to enrol is not let in");
    ok(told(d, l, "right password, but a code is to be enrolled first",
            "denied: right password, but a code is to be enrolled first"),
       "and told so");
    ok(factors_next(d->db, a.id, 0, &f) == -ENOENT, "there is no factor");
    l = try(d, "eve", "wrong", "000000");
    ok(told(d, l, "wrong password, 1 of 5", "denied: wrong password, 1 of 5"), "that was no failure; this is one: %s",
       l->got[0].verdict.reason);
}

int main(void)
{
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", password, secret, 6);
    desk_account(&d, "bob", 1002, "user", password, NULL, 0);
    desk_account(&d, "eve", 1004, "user", password, NULL, 0);
    desk_account(&d, "guy", 1003, "guest", password, NULL, 0);
    test_who(&d);
    test_granted(&d);
    test_denied(&d);
    test_forgives_nothing(&d);
    test_enrols_nobody(&d);
    desk_close(&d);
    return tap_done();
}
