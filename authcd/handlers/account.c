/* SPDX-License-Identifier: MIT
 *
 * The phases that ask nothing: acct (may this account come in here at all, also when its auth was a key that we never
 * saw), open and close of a session. None of them clears a failure.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "text.h"

static const char too_many[] = "as many sessions as may be are open";

int account_acct(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    const struct account *a = &login->account;
    struct policy_plan plan;
    bool locked = false;

    int error = login_explain(h, false, &plan);
    if (error == 0 && a->id)
        error = attempt_locked(h->db, h->config->authcd.limits, a->id, &h->now, &locked);
    if (error < 0)
        return error;
    enum verdict verdict = plan.acct;
    if (login->bar_event == AUDIT_USER_MISMATCH || (verdict == VERDICT_GRANTED && locked))
        verdict = VERDICT_FORBIDDEN;
    if (verdict == VERDICT_GRANTED || verdict == VERDICT_UNKNOWN)
        return converse_verdict(h, step, verdict, "", "");
    /* Who is told has proved who they are, or is root's own program. */
    const char *why = plan.acct_bar == POLICY_BAR_SESSIONS ? too_many : verdict_text(verdict);
    error = login_audit(h, AUDIT_ACCT_REFUSED, why);
    return error < 0 ? error : converse_verdict(h, step, verdict, "", why);
}

static int handle_refused(struct handler *h, struct step *step, const char *why)
{
    int error = login_audit(h, AUDIT_HANDLE_REFUSED, why);
    return error < 0 ? error : converse_verdict(h, step, VERDICT_DENIED, "", "");
}

/* acct has looked already, but two may have been looked at before one of them opened. */
static int has_room(struct handler *h, bool *ret)
{
    struct policy_plan plan;
    int error = login_explain(h, false, &plan);

    if (error == 0)
        *ret = plan.acct_bar != POLICY_BAR_SESSIONS;
    return error;
}

static int open_session(struct handler *h, struct session *s, struct step *step)
{
    struct login *login = *h->login;

    s->audit_session = login->begin.audit_session;
    s->leader_pid = h->peer->pid;
    s->leader_start = h->peer->started;
    int error = text_copy(s->tty, sizeof s->tty, login->begin.tty);
    if (error < 0 || (error = text_copy(s->boot_id, sizeof s->boot_id, h->now.boot_id)) < 0 ||
        (error = welcome_tell(h, step)) < 0 || (error = sessions_open(h->db, s, h->now.wall_s)) < 0 ||
        (error = login_audit(h, AUDIT_SESSION_OPEN, s->name)) < 0)
        return error;
    h->counters->sessions_opened++;
    return converse_verdict(h, step, VERDICT_GRANTED, s->name, "");
}

int account_open(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    struct session s = {0};
    bool room = false;
    int error;

    if (h->peer->uid != 0 || login->account.id == 0 || !login->service.sessions)
        return converse_verdict(h, step, VERDICT_NO_SESSION, "", "");
    if (login->bar || login->account.state != ACCOUNT_ACTIVE ||
        !policy_role_allowed(&login->service, login->account.role))
        return handle_refused(h, step, "account not allowed here");
    if (!login->begin.handle[0]) {
        if (!login->key_verified) /* neither ours nor a key: a session of somebody else's making, and none of ours */
            return converse_verdict(h, step, VERDICT_GRANTED, "", "");
        error = login_session(h, "swk", "aal1", &s);
    } else
        error = sessions_handle_take(h->db, login->begin.handle, login->account.uid, login->begin.service,
                                     login->begin.rhost, h->now.wall_s, &s);
    explicit_bzero(login->begin.handle, sizeof login->begin.handle);
    if (error == -ENOENT)
        return handle_refused(h, step, "handle unknown, used or expired");
    if (error == -EACCES)
        return handle_refused(h, step, "handle of another login");
    if (error < 0 || (error = has_room(h, &room)) < 0)
        return error;
    return room ? open_session(h, &s, step) : handle_refused(h, step, too_many);
}

int account_close(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    struct session s = {0};

    if (h->peer->uid != 0 || login->account.id == 0)
        return converse_verdict(h, step, VERDICT_NO_SESSION, "", "");
    int error = sessions_get(h->db, login->begin.handle, &s);
    if (error == -ENOENT || (error == 0 && s.account_id != login->account.id))
        return converse_verdict(h, step, VERDICT_NO_SESSION, "", "");
    if (error < 0 || (error = sessions_end(h->db, s.name, "closed", h->now.wall_s)) < 0 ||
        (error = login_audit(h, AUDIT_SESSION_CLOSE, s.name)) < 0)
        return error;
    return converse_verdict(h, step, VERDICT_GRANTED, "", "");
}
