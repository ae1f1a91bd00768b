/* SPDX-License-Identifier: MIT
 *
 * Password changes: who is asked what, what is turned down, and that a change ends the account's other sessions (T5).
 */
#include "desk.h"
#include "sessions.h"

static const char password[] = "correct horse battery", fresh[] = "another long one 7";

static struct line *begin_as(struct desk *d, uint32_t peer, uint32_t caller, uint32_t flags, const char *user)
{
    struct line *l = desk_line(d, peer);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_CHAUTHTOK, "passwd", user);
    b.caller_uid = caller;
    b.flags = flags;
    b.rhost[0] = '\0';
    desk_begin(d, l, &b);
    return l;
}

static uint32_t login(struct desk *d, const char *typed)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "sshd", "ada");
    desk_begin(d, l, &b);
    desk_answer(d, l, typed);
    return desk_verdict(l);
}

static void by_root(struct desk *d)
{
    struct line *l = begin_as(d, 0, 0, 0, "ada");

    is_int(desk_prompt(l), PROMPT_NEW_PASSWORD, "root is not asked for the current password");
    desk_answer(d, l, "short");
    ok(l->n_got == 2 && l->got[0].number == MSG_info && desk_prompt(l) == PROMPT_NEW_PASSWORD,
       "too short: told why, asked again");
    desk_answer(d, l, fresh);
    is_int(desk_prompt(l), PROMPT_RETYPE_PASSWORD, "asked to retype");
    desk_answer(d, l, "something else 88");
    is_int(desk_prompt(l), PROMPT_NEW_PASSWORD, "no match: asked again");
    desk_answer(d, l, "ada");
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "the third refusal ends it");
    is_int(login(d, password), VERDICT_GRANTED, "the old password still works");
    l = begin_as(d, 0, 0, BEGIN_ONLY_EXPIRED, "ada");
    is_int(desk_verdict(l), VERDICT_GRANTED, "nothing has expired: nothing is asked");
}

static void by_the_user(struct desk *d)
{
    struct line *l = begin_as(d, 1001, 1001, 0, "ada");

    is_int(desk_prompt(l), PROMPT_CURRENT_PASSWORD, "a user is asked for the current password");
    desk_answer(d, l, "wrong one");
    is_int(desk_verdict(l), VERDICT_DENIED, "which must be right");
    ok(l->not_before_ms > d->now.boot_ms, "the refusal is held back like any other");
    l = begin_as(d, 1001, 1001, 0, "ada");
    desk_answer(d, l, password);
    is_int(desk_prompt(l), PROMPT_NEW_PASSWORD, "then the new one is asked");
    desk_answer(d, l, password);
    is_int(desk_prompt(l), PROMPT_NEW_PASSWORD, "the old one is not a new one");
    desk_answer(d, l, fresh);
    desk_answer(d, l, fresh);
    is_int(desk_verdict(l), VERDICT_GRANTED, "changed");
    is_int(login(d, password), VERDICT_DENIED, "the old password is gone");
    is_int(login(d, fresh), VERDICT_GRANTED, "the new one works");
}

static void others(struct desk *d)
{
    is_int(desk_verdict(begin_as(d, 1002, 1002, 0, "ada")), VERDICT_UNKNOWN, "another's account looks like none");
    is_int(desk_verdict(begin_as(d, 1002, 1002, 0, "nobody-here")), VERDICT_UNKNOWN, "as one that is none");
    is_int(desk_verdict(begin_as(d, 0, 0, BEGIN_PRELIM, "ada")), VERDICT_GRANTED, "the preliminary check knows ours");
    is_int(desk_verdict(begin_as(d, 0, 0, BEGIN_PRELIM, "postgres")), VERDICT_UNKNOWN, "and leaves others alone");
    struct line *l = begin_as(d, 0, 1001, 0, "ada");
    is_int(desk_prompt(l), PROMPT_CURRENT_PASSWORD, "passwd run by a user (setuid) is asked too");
}

static void ends_sessions(struct desk *d, const struct account *a)
{
    struct session here = {.account_id = a->id, .uid = a->uid, .audit_session = 7}, there = here;

    there.audit_session = 8;
    strcpy(here.boot_id, d->now.boot_id);
    strcpy(there.boot_id, d->now.boot_id);
    DESK_STORE(d, sessions_open(d->db, &here, d->now.wall_s));
    DESK_STORE(d, sessions_open(d->db, &there, d->now.wall_s));
    char handle[HANDLE_SIZE];
    DESK_STORE(d, sessions_handle_make(d->db, &there, d->now.wall_s, handle));
    struct line *l = desk_line(d, 1001);
    struct msg_begin b;
    desk_begin_msg(&b, PHASE_CHAUTHTOK, "passwd", "ada");
    b.caller_uid = 1001;
    l->peer.audit_session = 7; /* what the kernel says; not what the peer does */
    b.audit_session = 8;
    desk_begin(d, l, &b);
    desk_answer(d, l, fresh);
    desk_answer(d, l, password);
    desk_answer(d, l, password);
    is_int(desk_verdict(l), VERDICT_GRANTED, "changed inside a session");
    struct session s = {0};
    is_int(sessions_get(d->db, here.name, &s), 0, "T5: that session lives on");
    is_int(sessions_get(d->db, there.name, &s), -ENOENT, "T5: the other one is over");
    desk_must(db_begin(d->db), "begin");
    is_int(sessions_handle_take(d->db, handle, a->uid, there.service, there.rhost, d->now.wall_s, &s), -ENOENT,
           "T5: a handle from before opens nothing");
    db_rollback(d->db);
}

/* Whoever has shown the old password may take minutes over the new one; what was changed since stands. */
static void meanwhile(struct desk *d, struct account *a)
{
    SECRET_AUTO struct secret stored = {0};
    char kept[PASSWORD_STORED_SIZE] = "";
    struct account other = desk_account(d, "bob", 1002, "user", "somebody else's", NULL, 0);
    struct line *l = begin_as(d, 1001, 1001, 0, "ada");

    desk_answer(d, l, password);
    desk_answer(d, l, fresh);
    desk_must(accounts_password(d->db, other.id, &stored), "stored");
    memcpy(kept, stored.bytes, stored.len);
    DESK_STORE(d, accounts_set_password(d->db, a->id, kept, true, d->now.wall_s));
    desk_answer(d, l, fresh);
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "reset by an administrator meanwhile: that one stays");
    is_int(login(d, fresh), VERDICT_DENIED, "the other was not set");
    is_int(login(d, "somebody else's"), VERDICT_GRANTED, "the reset was");
    l = begin_as(d, 1001, 1001, 0, "ada");
    desk_answer(d, l, "somebody else's");
    desk_answer(d, l, fresh);
    desk_must(accounts_by_id(d->db, a->id, a), "account");
    a->state = ACCOUNT_DISABLED;
    DESK_STORE(d, accounts_update(d->db, a, d->now.wall_s));
    desk_answer(d, l, fresh);
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "disabled meanwhile: not changed");
    l = begin_as(d, 0, 0, 0, "ada");
    desk_answer(d, l, fresh);
    DESK_STORE(d, accounts_delete(d->db, a->id, d->now.wall_s));
    desk_answer(d, l, fresh);
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "deleted meanwhile: not changed, and no error");
}

/* D3: nothing is changed while the disk is full; whoever has nothing to change gets in. */
static void frozen(struct desk *d)
{
    d->frozen = "the disk is full";
    struct line *l = begin_as(d, 0, 0, BEGIN_PRELIM, "ada");
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "frozen: not even the first round of passwd");
    is_str(l->got[0].verdict.reason, "the disk is full", "and the person is told why");
    is_int(desk_verdict(begin_as(d, 1001, 1001, 0, "ada")), VERDICT_UNCHANGED, "nor by oneself");
    is_int(desk_verdict(begin_as(d, 0, 0, BEGIN_ONLY_EXPIRED, "ada")), VERDICT_GRANTED,
           "nothing has expired: all the same");
    d->frozen = NULL;
    l = begin_as(d, 0, 0, 0, "ada");
    desk_answer(d, l, "yet another one 9");
    d->frozen = "the disk is full";
    desk_answer(d, l, "yet another one 9");
    is_int(desk_verdict(l), VERDICT_UNCHANGED, "full between two answers: unchanged");
    is_int(login(d, "yet another one 9"), VERDICT_DENIED, "which is so");
    d->frozen = NULL;
}

int main(void)
{
    struct desk d;

    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    by_root(&d);
    frozen(&d);
    by_the_user(&d);
    others(&d);
    ends_sessions(&d, &a);
    meanwhile(&d, &a);
    desk_close(&d);
    return tap_done();
}
