/* SPDX-License-Identifier: MIT
 *
 * Phase chauthtok: a new password. The current one is asked first, under the same limits as a login, unless root set
 * the change going by itself (passwd or authctl passwd run as root): root may give anybody a new one. A change that a
 * login forces asks for the current one all the same, because there the process is root's (sshd, login) and the person
 * is not.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "text.h"

enum { TRIES = 3 }; /* new passwords that may be turned down in one conversation */

int chauthtok_give_up(struct handler *h, struct step *step, const char *why)
{
    int error = login_audit(h, AUDIT_PASSWORD_REJECT, why);
    h->counters->passwords_refused++;
    return error < 0 ? error : converse_verdict(h, step, VERDICT_UNCHANGED, "", why);
}

static bool asks_current(const struct handler *h)
{
    const struct login_begin *in = &(*h->login)->begin;
    bool forced = (in->flags & BEGIN_ONLY_EXPIRED) != 0;

    return h->peer->uid != 0 || in->caller_uid != 0 || forced;
}

int chauthtok_begin(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    const struct account *a = &login->account;

    if (a->id == 0)
        return converse_verdict(h, step, VERDICT_UNKNOWN, "", "");
    if ((login->begin.flags & BEGIN_ONLY_EXPIRED) && !a->must_change)
        return converse_verdict(h, step, VERDICT_GRANTED, "", ""); /* nothing has expired */
    if (h->frozen)
        return chauthtok_give_up(h, step, h->frozen);
    if (login->begin.flags & BEGIN_PRELIM)
        return converse_verdict(h, step, VERDICT_GRANTED, "", "");
    if (login->begin.flags & BEGIN_ONE_TIME)
        return onetime_begin(h, step);
    if (!asks_current(h))
        return converse_prompt(h, step, PROMPT_NEW_PASSWORD);
    if (a->state != ACCOUNT_ACTIVE)
        login_bar(login, AUDIT_PASSWORD_REJECT, "account not active");
    if (handler_password_expired(h, a))
        login_bar(login, AUDIT_PASSWORD_REJECT, LOGIN_PASSWORD_EXPIRED);
    return converse_prompt(h, step, PROMPT_CURRENT_PASSWORD);
}

static int look(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = settle_reserve(h);

    if (error < 0 || login->waiting)
        return error;
    return hashing_start(h, step,
                         login->limited || !password_length_ok(&login->password) ? PASSWORD_TURN : PASSWORD_VERIFY);
}

static int take_current(struct handler *h, const struct secret *typed, struct step *step)
{
    struct login *login = *h->login;

    login->answered_ms = h->now.boot_ms;
    login->password = *typed;
    login->state = LOGIN_HASHING;
    return look(h, step);
}

int chauthtok_retry(struct handler *h, struct step *step)
{
    return look(h, step);
}

/* Turned down: say why and ask again, a few times. */
static int reject(struct handler *h, struct step *step, const char *why)
{
    struct login *login = *h->login;
    struct msg m = {.number = MSG_info};

    secret_wipe(&login->password);
    login->answered_ms = 0; /* no guess was made: nothing to hold back */
    if (++login->rejected >= TRIES)
        return chauthtok_give_up(h, step, why);
    int error = text_copy(m.info.text, sizeof m.info.text, why);
    if (error < 0 || (error = step_reply(step, &m)) < 0)
        return error;
    return converse_prompt(h, step, PROMPT_NEW_PASSWORD);
}

static int take_new(struct handler *h, const struct secret *typed, struct step *step)
{
    struct login *login = *h->login;
    const struct secret *old = login->code.len ? &login->code : NULL;
    char why[PASSWORD_WHY_SIZE];

    if (password_objection(typed, login->account.name, old, h->config->authcd.password_min, why))
        return reject(h, step, why);
    login->password = *typed;
    return converse_prompt(h, step, PROMPT_RETYPE_PASSWORD);
}

static int take_retyped(struct handler *h, const struct secret *typed, struct step *step)
{
    struct login *login = *h->login;

    if (!secret_equal(&login->password, typed))
        return reject(h, step, "The passwords do not match.");
    login->state = LOGIN_HASHING;
    return hashing_start(h, step, PASSWORD_MAKE);
}

int chauthtok_answer(struct handler *h, const struct secret *typed, struct step *step)
{
    struct login *login = *h->login;

    if (login->asking == PROMPT_CURRENT_PASSWORD) {
        login->code = *typed; /* kept to refuse the same one as new; there is no code in this phase */
        return take_current(h, typed, step);
    }
    if (login->asking == PROMPT_NEW_PASSWORD)
        return take_new(h, typed, step);
    return take_retyped(h, typed, step);
}

static int current_hashed(struct handler *h, const struct password_job *job, struct step *step)
{
    struct login *login = *h->login;

    if (login->limited)
        return settle_deny_limited(h, step);
    if (login->bar)
        return settle_deny(h, step, login->bar_event, login->bar);
    hashing_note(login, job);
    if (!login->password_right)
        return settle_deny(h, step, AUDIT_PASSWORD_REJECT, "wrong current password");
    int error = attempt_refund(h->db, &login->attempt);
    if (error < 0)
        return error;
    settle_wake(login, step);
    login->answered_ms = 0;
    return converse_prompt(h, step, PROMPT_NEW_PASSWORD);
}

/* Whoever knew the old password is thrown out: all sessions but the one that asks, and handles that would open one;
 * only a forced change happens between a login and the session that it leads to. */
static int end_other_sessions(struct handler *h)
{
    struct login *login = *h->login;
    uint32_t here = h->peer->uid == 0 ? login->begin.audit_session : h->peer->audit_session;
    struct session own = {0};
    int found = sessions_by_audit_session(h->db, login->account.uid, here, h->now.boot_id, &own);
    int error = found == -ENOENT ? 0 : found;

    if (error == 0 && !(login->begin.flags & BEGIN_ONLY_EXPIRED))
        error = sessions_forget_handles(h->db, login->account.id);
    if (error < 0)
        return error;
    return sessions_end_all(h->db, login->account.id, found == 0 ? own.name : NULL, "password changed", h->now.wall_s);
}

int chauthtok_hashed(struct handler *h, const struct password_job *job, struct step *step)
{
    struct login *login = *h->login;

    if (login->begin.flags & BEGIN_ONE_TIME)
        return onetime_hashed(h, job, step);
    if (job->kind != PASSWORD_MAKE)
        return current_hashed(h, job, step);
    if (job->result != 0 || !job->made[0])
        return -EIO;
    if (asks_current(h) && !login->password_right) /* cannot be: a last lock on the door */
        return -EPERM;
    int error = hashing_look_again(h, asks_current(h));
    if (error == 0 && (login->bar || h->frozen))
        return chauthtok_give_up(h, step, login->bar ? login->bar : h->frozen);
    if (error < 0 || (error = accounts_set_password(h->db, login->account.id, job->made, true, h->now.wall_s)) < 0 ||
        (error = end_other_sessions(h)) < 0 || (error = login_audit(h, AUDIT_PASSWORD_SET, "")) < 0)
        return error;
    h->counters->passwords_set++;
    return converse_verdict(h, step, VERDICT_GRANTED, "", "");
}
