/* SPDX-License-Identifier: MIT
 *
 * Live sessions: list, kill, and the one that a peer acts in. Ending a session takes away what it was good for
 * (tokens); its processes go on.
 */
#include "session.h"

#include <errno.h>
#include <string.h>

#include "text.h"

int session_of_peer(struct handler *h, const struct account *a, const char *name, struct session *ret)
{
    const struct peer *peer = h->peer;
    struct session s;
    int error = -ENOENT;
    if (name[0] != '\0')
        error = sessions_get(h->db, name, &s);
    else if (peer->audit_session != PROTOCOL_NO_SESSION)
        error = sessions_by_audit_session(h->db, peer->uid, peer->audit_session, h->now.boot_id, &s);
    if (error < 0)
        return error;
    if (s.uid != peer->uid || s.account_id != a->id || strcmp(s.boot_id, h->now.boot_id) != 0 ||
        (s.audit_session != PROTOCOL_NO_SESSION && s.audit_session != peer->audit_session))
        return -ENOENT;
    *ret = s;
    return 0;
}

static int reply_session(const struct account *a, const struct session *s, struct step *step)
{
    struct msg m = {.number = MSG_row_session};
    struct msg_row_session *row = &m.row_session;
    row->created_at = s->created_at;
    row->last_used_at = s->last_used_at;
    int error = text_copy(row->session, sizeof row->session, s->name);
    if (error < 0 || (error = text_copy(row->user, sizeof row->user, a->name)) < 0 ||
        (error = text_copy(row->service, sizeof row->service, s->service)) < 0 ||
        (error = text_copy(row->tty, sizeof row->tty, s->tty)) < 0 ||
        (error = text_copy(row->source, sizeof row->source, s->source)) < 0 ||
        (error = text_copy(row->amr, sizeof row->amr, s->amr)) < 0 ||
        (error = text_copy(row->acr, sizeof row->acr, s->acr)) < 0)
        return error;
    return step_reply(step, &m);
}

/* Sessions of account_id (0: everybody's), one page. */
static int list(struct handler *h, int64_t account_id, int64_t after, struct step *step)
{
    struct session s;
    struct account a;
    int64_t cursor = after, before = after;
    uint32_t n = 0;
    int error;
    while ((error = sessions_next(h->db, account_id, &cursor, &s)) == 0 && n < HANDLER_PAGE_ROWS) {
        error = accounts_by_id(h->db, s.account_id, &a);
        if (error < 0 || (error = reply_session(&a, &s, step)) < 0)
            return error;
        before = cursor;
        n++;
    }
    return error < 0 && error != -ENOENT ? error : step_end(step, n, error == 0 ? before : 0);
}

int on_session_list(struct handler *h, const struct msg_session_list *in, struct step *step)
{
    struct account a;
    if (h->peer->uid == 0 && in->user[0] == '\0')
        return list(h, 0, in->after, step);
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    return list(h, a.id, in->after, step);
}

int on_session_kill(struct handler *h, const struct msg_session_kill *in, struct step *step)
{
    bool anybodys = h->peer->uid == 0 && in->user[0] == '\0';
    struct account a;
    struct session s;
    int error = anybodys ? 0 : handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = sessions_get(h->db, in->session, &s);
    if (error == -ENOENT || (error == 0 && !anybodys && s.account_id != a.id))
        return step_refuse(step, REFUSAL_NOT_FOUND, "no live session \"%s\"", in->session);
    if (error == 0 && anybodys)
        error = accounts_by_id(h->db, s.account_id, &a);
    if (error < 0 || (error = sessions_end(h->db, s.name, "killed", h->now.wall_s)) < 0 ||
        (error = handler_audit(h, AUDIT_SESSION_KILL, &a, s.service, NULL, "%s", s.name)) < 0 ||
        (error = reply_session(&a, &s, step)) < 0)
        return error;
    return step_end(step, 1, 0);
}
