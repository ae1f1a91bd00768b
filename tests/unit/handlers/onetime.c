/* SPDX-License-Identifier: MIT
 *
 * P6: a password that authcd makes is for one login, which changes it, and for a week; whoever comes later is denied
 * like with a wrong one (P1). It is told once, to root alone, and takes the place of what was there.
 */
#include "desk.h"
#include "desk_ask.h"
#include "sessions.h"

static const char sha1_secret[] = "12345678901234567890";
static const char password[] = "correct horse battery";
enum { WEEK_S = 7 * 86400 };

/* One line: what authcd made, or "". */
static const char *make(struct desk *d, uint32_t peer, uint32_t caller, uint32_t flags, enum phase phase,
                        struct line **ret)
{
    static char made[4][33];
    static size_t turn;
    char *to = made[turn++ % 4];
    struct msg_begin b;
    struct line *l = desk_line(d, peer);

    desk_begin_msg(&b, phase, "authctl", "ada");
    b.caller_uid = caller;
    b.flags = BEGIN_ONE_TIME | flags;
    b.rhost[0] = '\0';
    desk_begin(d, l, &b);
    to[0] = '\0';
    for (size_t i = 0; i < l->n_got; i++)
        if (l->got[i].number == MSG_row_one_time)
            strcpy(to, l->got[i].row_one_time.password);
    *ret = l;
    return to;
}

static const char *reset(struct desk *d)
{
    struct line *l;
    const char *made = make(d, 0, 0, 0, PHASE_CHAUTHTOK, &l);

    is_int(desk_verdict(l), VERDICT_GRANTED, "made");
    return made;
}

static struct line *login(struct desk *d, const char *typed, const char *code)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "sshd", "ada");
    desk_begin(d, l, &b);
    desk_answer(d, l, typed);
    if (desk_prompt(l) == PROMPT_CODE)
        desk_answer(d, l, code);
    return l;
}

static uint32_t acct(struct desk *d)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_ACCT, "sshd", "ada");
    desk_begin(d, l, &b);
    return desk_verdict(l);
}

static struct line *change(struct desk *d, uint32_t flags, const char *from, const char *to)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_CHAUTHTOK, "sshd", "ada");
    b.flags = flags;
    desk_begin(d, l, &b);
    if (desk_prompt(l) == PROMPT_CURRENT_PASSWORD)
        desk_answer(d, l, from);
    if (desk_prompt(l) == PROMPT_NEW_PASSWORD)
        desk_answer(d, l, to);
    if (desk_prompt(l) == PROMPT_RETYPE_PASSWORD)
        desk_answer(d, l, to);
    return l;
}

static struct audit newest(struct desk *d)
{
    struct audit row = {0};

    desk_must(audit_next(d->db, ask_position(d) - 1, "", 0, &row), "audit row");
    return row;
}

static void first_login(struct desk *d)
{
    struct account a;
    struct line *l;

    DESK_STORE(d, accounts_add(d->db, "ada", 1001, "admin", d->now.wall_s, &a));
    const char *made = make(d, 0, 0, 0, PHASE_CHAUTHTOK, &l);
    const struct msg_row_one_time *row = &l->got[0].row_one_time;
    ok(l->n_got == 2 && l->got[0].number == MSG_row_one_time && desk_verdict(l) == VERDICT_GRANTED,
       "one row, and the verdict");
    ok(strcmp(row->user, "ada") == 0 && row->uid == 1001 && strcmp(row->role, "admin") == 0 &&
           row->expires_at == d->now.wall_s + WEEK_S,
       "it says whose, and until when");
    ok(strlen(made) == 24 && strspn(made, "bcdefghjknprstvx-") == 24, "20 letters of 4 bits, in groups");
    struct audit audit = newest(d);
    ok(audit.event == AUDIT_PASSWORD_RESET && !strcmp(audit.actor, "uid:0") && !strstr(audit.result, made),
       "the audit says who did it, and not what came of it");
    ASK(d, l, user_show, .user = "ada");
    ok(!strcmp(asked.first.row_user.state, "active") && asked.first.row_user.must_change &&
           asked.first.row_user.password_expires_at == row->expires_at,
       "user show: active, must change, until when");
    is_int(desk_verdict(login(d, made, "")), VERDICT_GRANTED, "it opens");
    is_int(acct(d), VERDICT_MUST_CHANGE, "P6: to one who must change it");
    is_int(desk_prompt(change(d, BEGIN_ONLY_EXPIRED, made, made)), PROMPT_NEW_PASSWORD, "into another one");
    is_int(desk_verdict(change(d, BEGIN_ONLY_EXPIRED, made, password)), VERDICT_GRANTED, "which is done");
    is_int(acct(d), VERDICT_GRANTED, "and all is well");
    is_int(desk_verdict(login(d, made, "")), VERDICT_DENIED, "P6: the made one opens nothing any more");
    desk_tick(d, 1000 * (int64_t)WEEK_S);
    is_int(desk_verdict(login(d, password, "")), VERDICT_GRANTED, "the person's own does, also after a week");
    is_int(desk_verdict(change(d, BEGIN_ONLY_EXPIRED, "", "")), VERDICT_GRANTED, "and nothing is to be changed");
}

static void forgotten(struct desk *d, struct account *a)
{
    struct session s = ask_session(d, a, "pwd otp", "aal2", 7);
    char handle[HANDLE_SIZE];
    struct line *l;

    DESK_STORE(d, sessions_handle_make(d->db, &s, d->now.wall_s, handle));
    const char *first = reset(d), *second = reset(d);
    ok(strcmp(first, second) != 0 && desk_verdict(login(d, first, "")) == VERDICT_DENIED,
       "each takes the last one's place");
    is_int(desk_verdict(login(d, password, "")), VERDICT_DENIED, "the old password is gone");
    ok(!ask_live(d, &s), "T5: its sessions are over");
    desk_must(db_begin(d->db), "begin");
    is_int(sessions_handle_take(d->db, handle, a->uid, s.service, s.rhost, d->now.wall_s, &s), -ENOENT,
           "T5: and handles from before");
    db_rollback(d->db);
    is_int(desk_verdict(login(d, second, "000000")), VERDICT_DENIED, "a code factor stays: a wrong code");
    is_int(desk_verdict(login(d, second, desk_code(d, sha1_secret, 0, 6))), VERDICT_GRANTED, "and the right one");
    desk_must(accounts_by_id(d->db, a->id, a), "account");
    a->state = ACCOUNT_DISABLED;
    DESK_STORE(d, accounts_update(d->db, a, d->now.wall_s));
    reset(d);
    desk_must(accounts_by_id(d->db, a->id, a), "account");
    is_int(a->state, ACCOUNT_DISABLED, "a disabled account stays that");
    d->keep_jobs = true;
    make(d, 0, 0, 0, PHASE_CHAUTHTOK, &l);
    DESK_STORE(d, accounts_delete(d->db, a->id, d->now.wall_s));
    desk_hash(d, l);
    d->keep_jobs = false;
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "one deleted meanwhile has none");
}

/* At the last second, and at the next. */
static void too_late(struct desk *d)
{
    struct line *l = NULL;
    const char *made = reset(d);

    desk_tick(d, 1000 * (int64_t)(WEEK_S - 1));
    is_int(desk_verdict(login(d, made, desk_code(d, sha1_secret, 0, 6))), VERDICT_GRANTED, "P6: the last second");
    is_int(acct(d), VERDICT_MUST_CHANGE, "counts");
    d->keep_jobs = true;
    l = login(d, made, desk_code(d, sha1_secret, 30, 6));
    desk_tick(d, 1000);
    desk_hash(d, l);
    d->keep_jobs = false;
    is_int(desk_verdict(l), VERDICT_DENIED, "P6: a login that lasts until the next does not");
    const char *wrong[] = {"not it at all", made};
    for (size_t i = 0; i < 2; i++) {
        int64_t hashes = d->counters.hashes;
        l = login(d, wrong[i], desk_code(d, sha1_secret, 30, 6));
        is_int(desk_verdict(l), VERDICT_DENIED, "P1: %s", i ? "too late: denied" : "wrong: denied");
        ok(d->counters.hashes == hashes + 1 && l->n_got == 1 && l->got[0].verdict.reason[0] == '\0' &&
               l->not_before_ms == d->now.boot_ms + d->config.authcd.deny_time_ms,
           "P1: as much work, as late, as silent");
        ok(newest(d).event == AUDIT_LOGIN_REFUSED && strstr(newest(d).result, "expired"), "the audit knows why");
    }
    is_int(acct(d), VERDICT_EXPIRED, "a public key does not get in either");
    is_int(desk_verdict(change(d, BEGIN_ONLY_EXPIRED, made, password)), VERDICT_DENIED,
           "it cannot be changed any more");
    is_int(desk_verdict(change(d, 0, made, password)), VERDICT_GRANTED, "but by root");
    is_int(acct(d), VERDICT_GRANTED, "and all is well");
}

/* None of these may have one made. */
static void others(struct desk *d)
{
    static const struct {
        uint32_t peer, caller, flags;
        enum phase phase;
        const char *what;
    } rows[] = {
        {1001, 1001, 0, PHASE_CHAUTHTOK, "the user"},
        {1001, 0, 0, PHASE_CHAUTHTOK, "the user who says to be root"},
        {0, 1001, 0, PHASE_CHAUTHTOK, "a setuid program"},
        {0, 0, 0, PHASE_AUTH, "phase auth"},
        {0, 0, BEGIN_ONLY_EXPIRED, PHASE_CHAUTHTOK, "a forced change"},
        {0, 0, BEGIN_PRELIM, PHASE_CHAUTHTOK, "a preliminary check"},
    };
    struct line *l;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *made = make(d, rows[i].peer, rows[i].caller, rows[i].flags, rows[i].phase, &l);
        ok(made[0] == '\0' && l->closed && l->n_got == 1 && l->got[0].number == MSG_refused && !l->login, "not for %s",
           rows[i].what);
    }
    is_int(desk_verdict(login(d, password, "")), VERDICT_GRANTED, "nothing was changed");
    DESK_STORE(d, accounts_delete(d->db, 1, d->now.wall_s));
    is_int((make(d, 0, 0, 0, PHASE_CHAUTHTOK, &l), desk_verdict(l)), VERDICT_UNKNOWN, "nor for who has no account");
}

int main(void)
{
    struct desk d;

    desk_open(&d);
    first_login(&d);
    others(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    forgotten(&d, &a);
    a = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    too_late(&d);
    desk_close(&d);
    return tap_done();
}
