/* SPDX-License-Identifier: MIT
 *
 * W4: a conversation goes in one order only. L12: whoever has to leave it for others is charged nothing. Also M15 (a
 * peer that is not root proves itself and nobody else) and stepup.
 */
#include <liboath/oath.h>

#include "desk.h"
#include "sql.h"

static const char password[] = "correct horse battery", secret[] = "12345678901234567890";

static int64_t sum(struct desk *d, const char *text)
{
    SQL_AUTO struct sql q = sql_begin(d->db, text);
    return sql_row(&q) == 0 ? sql_int(&q) : -1;
}

static int64_t in_flight(struct desk *d)
{
    return sum(d, "SELECT coalesce(sum(in_flight), 0) FROM limits");
}

static int64_t charged(struct desk *d)
{
    return sum(d, "SELECT coalesce(sum(level), 0) FROM limits");
}

static bool refused(const struct line *l)
{
    return l->n_got == 1 && l->got[0].number == MSG_refused && l->got[0].refused.error == REFUSAL_PROTOCOL && l->closed;
}

static struct line *begin_as(struct desk *d, uint32_t peer, enum phase phase, const char *service, const char *user)
{
    struct line *l = desk_line(d, peer);
    struct msg_begin b;

    desk_begin_msg(&b, phase, service, user);
    desk_begin(d, l, &b);
    return l;
}

static void order(struct desk *d)
{
    struct msg_begin b;
    struct line *l = desk_line(d, 0);

    desk_answer(d, l, "x");
    ok(refused(l), "W4: an answer before begin is refused");
    l = begin_as(d, 0, PHASE_AUTH, "sshd", "ada");
    desk_begin_msg(&b, PHASE_AUTH, "sshd", "ada");
    desk_begin(d, l, &b);
    ok(refused(l), "W4: a second begin is refused");
    l = begin_as(d, 0, PHASE_ACCT, "sshd", "ada");
    desk_answer(d, l, "x");
    ok(refused(l), "W4: an answer after the verdict is refused");
    d->keep_jobs = true;
    l = begin_as(d, 0, PHASE_AUTH, "one", "ada");
    desk_answer(d, l, "x");
    desk_answer(d, l, "y");
    ok(refused(l), "W4: an answer while the hash is out is refused");
    desk_gone(d, l);
    desk_hash(d, l);
    ok(desk_verdict(l) == 0, "and no verdict follows it");
    d->keep_jobs = false;
    for (unsigned n = 0; n < 256; n += n == 0 || n >= 7 ? 7 : 1)
        if (n == 0 || n > 6)
            ok(refused(begin_as(d, 0, (enum phase)n, "sshd", "ada")), "phase %u is refused", n);
    ok(refused(begin_as(d, 0, PHASE_AUTH, "sshd", "../ada")), "a name that is no account name is refused");
    ok(refused(begin_as(d, 0, PHASE_AUTH, "-sshd", "ada")), "a service that is no word too");
}

/* Somebody else needs the room: at a prompt, with a hash out, waiting for others' attempts, or with a denial held. */
static void busy(struct desk *d)
{
    const int64_t before = in_flight(d), failures = charged(d);
    struct line *l[8];

    d->keep_jobs = true;
    for (size_t i = 0; i < 8; i++) {
        l[i] = begin_as(d, 0, PHASE_AUTH, "one", "ada");
        if (i > 0)
            desk_answer(d, l[i], "x");
    }
    ok(in_flight(d) > before && charged(d) > failures, "seven have answered");
    ok(login_has_answered(l[1]->login) && !login_has_answered(l[0]->login), "one has not");
    ok(!l[7]->job && login_waits_for(l[7]->login), "the last waits for the others' attempts to settle");
    for (size_t i = 0; i < 8; i++) {
        ok(login_is_open(l[i]->login), "a conversation");
        DESK_CALL(d, l[i], on_busy(&h, &step));
        ok(l[i]->n_got == 1 && l[i]->got[0].number == MSG_refused && l[i]->got[0].refused.error == REFUSAL_BUSY &&
               l[i]->closed && l[i]->not_before_ms == 0,
           "L12: is told at once that there is no room");
        ok(!login_is_open(l[i]->login), "and is over");
    }
    is_int(in_flight(d), before, "L12: nothing is in flight");
    is_int(charged(d), failures, "L12: nor charged");
    desk_hash(d, l[1]);
    ok(desk_verdict(l[1]) == 0, "a hash that comes back finds nobody");
    desk_gone(d, l[1]);
    is_int(charged(d), failures, "L12: nor does their hanging up charge anything");
    d->keep_jobs = false;
    l[0] = begin_as(d, 0, PHASE_AUTH, "one", "ada");
    desk_answer(d, l[0], "x");
    is_int(desk_verdict(l[0]), VERDICT_DENIED, "a wrong answer is denied");
    int64_t now = charged(d);
    ok(now > failures, "and charged");
    DESK_CALL(d, l[0], on_busy(&h, &step));
    ok(l[0]->n_got == 1 && l[0]->got[0].number == MSG_refused, "whoever has its verdict loses it");
    is_int(charged(d), now, "but not its charge");
}

static void by_a_locker(struct desk *d)
{
    struct line *l = begin_as(d, 1001, PHASE_AUTH, "sshd", "ada");
    char code[16];

    is_int(desk_prompt(l), PROMPT_PASSWORD, "a locker of one's own is asked");
    desk_answer(d, l, password);
    desk_answer(d, l, "");
    is_int(desk_verdict(l), VERDICT_DENIED, "by [service self], whatever service it names");
    l = begin_as(d, 1001, PHASE_AUTH, "xlock", "bob");
    desk_answer(d, l, password);
    if (desk_prompt(l))
        desk_answer(d, l, "123456");
    is_int(desk_verdict(l), VERDICT_DENIED,
           "M15: a locker for another's account is denied, with the right password too");
    l = begin_as(d, 1001, PHASE_AUTH, "xlock", "cyd");
    desk_answer(d, l, password);
    oath_totp_generate(secret, 20, (time_t)d->now.wall_s, 30, 0, 6, code);
    if (desk_prompt(l))
        desk_answer(d, l, code);
    is_int(desk_verdict(l), VERDICT_DENIED, "M15: with the right code too");
    l = begin_as(d, 1003, PHASE_AUTH, "xlock", "cyd");
    desk_answer(d, l, password);
    desk_answer(d, l, code);
    is_int(desk_verdict(l), VERDICT_GRANTED, "M15: which was not used up");
    int64_t hashes = d->counters.hashes;
    for (int i = 0; i < 20; i++) {
        l = begin_as(d, 1001, PHASE_AUTH, "xlock", "bob");
        desk_answer(d, l, "wrong");
        if (desk_prompt(l))
            desk_answer(d, l, "123456");
    }
    ok(d->counters.hashes - hashes <= 5, "M15: and is never compared with it");
    l = begin_as(d, 0, PHASE_AUTH, "one", "bob");
    desk_answer(d, l, password);
    is_int(desk_verdict(l), VERDICT_GRANTED, "M15: the other's counters are unchanged");
}

static void stepup(struct desk *d)
{
    char code[16];
    struct line *l = begin_as(d, 1001, PHASE_STEPUP, "authctl", "ada");

    desk_answer(d, l, password);
    is_int(desk_prompt(l), PROMPT_CODE, "stepup asks for all that one has");
    oath_totp_generate(secret, 20, (time_t)d->now.wall_s, 30, 0, 6, code);
    desk_answer(d, l, code);
    is_int(desk_verdict(l), VERDICT_GRANTED, "and grants");
    ok(l->peer.proved && !l->closed, "the connection goes on, proved");
    ok(!l->got[0].verdict.handle[0], "without a handle");
    l = begin_as(d, 1002, PHASE_STEPUP, "authctl", "ada");
    desk_answer(d, l, password);
    if (desk_prompt(l))
        desk_answer(d, l, code);
    ok(desk_verdict(l) == VERDICT_DENIED && !l->peer.proved, "nobody steps up to another's account");
}

int main(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service self]\nunenrolled = deny\n[service one]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", password, secret, 6);
    desk_account(&d, "bob", 1002, "admin", password, NULL, 0);
    desk_account(&d, "cyd", 1003, "admin", password, secret, 6);
    order(&d);
    busy(&d);
    by_a_locker(&d);
    stepup(&d);
    desk_close(&d);
    return tap_done();
}
