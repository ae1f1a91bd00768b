/* SPDX-License-Identifier: MIT
 *
 * acct, open and close: who is refused, and that a handle opens one session, once, where it belongs (W4's handles).
 */
#include "desk.h"
#include "sessions.h"

static const char password[] = "correct horse battery";

static struct line *phase(struct desk *d, uint32_t peer, enum phase phase, const char *service, const char *user,
                          const char *handle)
{
    struct line *l = desk_line(d, peer);
    struct msg_begin b;

    desk_begin_msg(&b, phase, service, user);
    strcpy(b.handle, handle);
    b.audit_session = 5;
    desk_begin(d, l, &b);
    return l;
}

static void auth(struct desk *d, const char *service, char handle[HANDLE_SIZE])
{
    struct line *l = phase(d, 0, PHASE_AUTH, service, "ada", "");

    desk_answer(d, l, password);
    is_int(desk_verdict(l), VERDICT_GRANTED, "%s: granted", service);
    memcpy(handle, l->got[l->n_got - 1].verdict.handle, HANDLE_SIZE);
}

static void acct(struct desk *d, struct account *a)
{
    is_int(desk_verdict(phase(d, 0, PHASE_ACCT, "sshd", "ada", "")), VERDICT_GRANTED, "acct: an account of ours");
    is_int(desk_verdict(phase(d, 0, PHASE_ACCT, "sshd", "postgres", "")), VERDICT_UNKNOWN, "M14: acct: not ours");
    is_int(desk_verdict(phase(d, 0, PHASE_ACCT, "cron", "gus", "")), VERDICT_FORBIDDEN, "M14: acct: role not allowed");
    is_int(desk_verdict(phase(d, 1002, PHASE_ACCT, "sshd", "ada", "")), VERDICT_UNKNOWN,
           "W7: acct by another uid looks like none");
    struct msg_begin b;
    desk_begin_msg(&b, PHASE_ACCT, "sshd", "ada");
    b.target_uid = 4711;
    struct line *l = desk_line(d, 0);
    desk_begin(d, l, &b);
    is_int(desk_verdict(l), VERDICT_FORBIDDEN, "acct: the host gives the name another uid");
    a->state = ACCOUNT_DISABLED;
    DESK_STORE(d, accounts_update(d->db, a, d->now.wall_s));
    is_int(desk_verdict(phase(d, 0, PHASE_ACCT, "sshd", "ada", "")), VERDICT_EXPIRED, "acct: disabled");
    a->state = ACCOUNT_ACTIVE;
    DESK_STORE(d, accounts_update(d->db, a, d->now.wall_s));
}

static void sessions(struct desk *d)
{
    char handle[HANDLE_SIZE], other[HANDLE_SIZE];
    struct session s = {0};

    auth(d, "sudo", handle);
    is_str(handle, "", "a service without sessions gets no handle");
    auth(d, "sshd", handle);
    ok(strlen(handle) == 26, "sshd gets one");
    struct line *l = phase(d, 0, PHASE_OPEN, "sshd", "ada", handle);
    is_int(desk_verdict(l), VERDICT_GRANTED, "which opens a session");
    ok(strlen(l->got[l->n_got - 1].verdict.handle) == 16, "with a name");
    desk_must(sessions_get(d->db, l->got[l->n_got - 1].verdict.handle, &s), "session");
    is_str(s.amr, "pwd", "that says what was proved");
    is_str(s.acr, "aal1", "one factor: aal1");
    is_int(desk_verdict(phase(d, 0, PHASE_OPEN, "sshd", "ada", handle)), VERDICT_DENIED, "W4: the handle works once");
    auth(d, "sshd", other);
    is_int(desk_verdict(phase(d, 0, PHASE_OPEN, "login", "ada", other)), VERDICT_DENIED, "W4: not for another service");
    auth(d, "sshd", other);
    is_int(desk_verdict(phase(d, 0, PHASE_OPEN, "sshd", "bob", other)), VERDICT_DENIED, "W4: not for another user");
    auth(d, "sshd", other);
    desk_tick(d, (HANDLE_LIFETIME_S + 1) * 1000);
    is_int(desk_verdict(phase(d, 0, PHASE_OPEN, "sshd", "ada", other)), VERDICT_DENIED, "W4: not late");
    auth(d, "sshd", other);
    is_int(desk_verdict(phase(d, 1001, PHASE_OPEN, "sshd", "ada", other)), VERDICT_NO_SESSION,
           "only uid 0 opens sessions");

    is_int(desk_verdict(phase(d, 0, PHASE_CLOSE, "sshd", "bob", s.name)), VERDICT_NO_SESSION,
           "nobody closes another's session");
    is_int(desk_verdict(phase(d, 1001, PHASE_CLOSE, "sshd", "ada", s.name)), VERDICT_NO_SESSION,
           "nor without being root");
    is_int(desk_verdict(phase(d, 0, PHASE_CLOSE, "sshd", "ada", s.name)), VERDICT_GRANTED, "close ends it");
    is_int(sessions_get(d->db, s.name, &s), -ENOENT, "it is over");
    is_int(desk_verdict(phase(d, 0, PHASE_CLOSE, "sshd", "ada", s.name)), VERDICT_NO_SESSION, "once");
}

static void keys(struct desk *d)
{
    struct msg_begin b;
    struct session s = {0};

    struct line *l = phase(d, 0, PHASE_OPEN, "sshd", "ada", "");
    ok(desk_verdict(l) == VERDICT_GRANTED && !l->got[l->n_got - 1].verdict.handle[0],
       "neither a handle nor a key: granted, and no session");
    desk_begin_msg(&b, PHASE_OPEN, "sshd", "ada");
    strcpy(b.auth_info, "publickey ssh-ed25519 AAAA\n");
    l = desk_line(d, 0);
    desk_begin(d, l, &b);
    ok(desk_verdict(l) == VERDICT_GRANTED && l->got[l->n_got - 1].verdict.handle[0], "a verified key alone: a session");
    desk_must(sessions_get(d->db, l->got[l->n_got - 1].verdict.handle, &s), "session");
    is_str(s.acr, "aal1", "of one factor");
    strcpy(b.service, "login");
    l = desk_line(d, 0);
    desk_begin(d, l, &b);
    ok(!l->got[l->n_got - 1].verdict.handle[0], "M16: SSH_AUTH_INFO_0 outside sshd is not believed");
}

static void bound(void)
{
    struct desk d;
    char handle[HANDLE_SIZE];

    desk_open(&d);
    desk_config(&d, "[service *]\nfactors = password\n[service sshd]\nmax_sessions = 2\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    for (int i = 0; i < 2; i++) {
        is_int(desk_verdict(phase(&d, 0, PHASE_ACCT, "sshd", "ada", "")), VERDICT_GRANTED, "max_sessions: session %d",
               i + 1);
        auth(&d, "sshd", handle);
        phase(&d, 0, PHASE_OPEN, "sshd", "ada", handle);
    }
    is_int(desk_verdict(phase(&d, 0, PHASE_ACCT, "sshd", "ada", "")), VERDICT_FORBIDDEN, "max_sessions: no third");
    is_int(desk_verdict(phase(&d, 0, PHASE_ACCT, "login", "ada", "")), VERDICT_GRANTED,
           "max_sessions: other services are not counted");
    auth(&d, "sshd", handle);
    is_int(desk_verdict(phase(&d, 0, PHASE_OPEN, "sshd", "ada", handle)), VERDICT_DENIED,
           "max_sessions: nor by two at once");
    desk_close(&d);
}

/* What people are told as their session opens, and that it says nothing where nothing may be said. */
static void welcome(void)
{
    struct desk d;
    char handle[HANDLE_SIZE];

    setenv("TZ", "UTC", 1);
    desk_open(&d);
    desk_config(&d, "[service *]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    auth(&d, "sshd", handle);
    struct line *l = phase(&d, 0, PHASE_OPEN, "sshd", "ada", handle);
    is_int(l->got[0].number, MSG_info, "told something");
    is_str(l->got[0].info.text, "First login.", "the first time");
    auth(&d, "sshd", handle);
    l = phase(&d, 0, PHASE_OPEN, "sshd", "ada", handle);
    is_str(l->got[0].info.text, "Last login: Wed 2033-05-18 03:33 from 192.0.2.7. No failures since.", "the second");
    l = phase(&d, 0, PHASE_AUTH, "sshd", "ada", "");
    desk_answer(&d, l, "wrong");
    desk_tick(&d, 60000);
    auth(&d, "sshd", handle);
    l = phase(&d, 0, PHASE_OPEN, "sshd", "ada", handle);
    is_str(l->got[0].info.text,
           "Last login: Wed 2033-05-18 03:33 from 192.0.2.7. 1 failed login since, the last Wed 2033-05-18 03:33 from"
           " 192.0.2.7.",
           "after a failure");
    auth(&d, "sshd", handle);
    struct msg_begin b;
    desk_begin_msg(&b, PHASE_OPEN, "sshd", "ada");
    strcpy(b.handle, handle);
    b.flags = BEGIN_SILENT;
    l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    ok(l->n_got == 1 && l->got[0].number == MSG_verdict, "M7: PAM_SILENT: told nothing");
    desk_close(&d);
}

int main(void)
{
    bound();
    welcome();
    struct desk d;

    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    desk_account(&d, "bob", 1002, "admin", password, NULL, 0);
    desk_account(&d, "gus", 1003, "guest", password, NULL, 0);
    acct(&d, &a);
    sessions(&d);
    keys(&d);
    desk_close(&d);
    return tap_done();
}
