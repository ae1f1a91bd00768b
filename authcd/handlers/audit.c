/* SPDX-License-Identifier: MIT
 *
 * The audit, for administrators: to read, rows in order, of one account or of all, and to verify. Rows hold UUIDs; the
 * name that is shown beside one is the account's name now.
 */
#include "audit.h"

#include <errno.h>

#include "handler.h"
#include "text.h"

/* A deleted account is asked for by its UUID, an unknown name by the keyed hash that the rows show. */
static int find(struct handler *h, const char *user, char uuid[37], struct step *step)
{
    struct account a;
    if (user[0] == '\0' || user[0] == '~') {
        int error = text_copy(uuid, 37, user);
        return error < 0 ? step_refuse(step, REFUSAL_INVALID, "\"%s\" is no keyed hash", user) : 1;
    }
    int error = accounts_by_name(h->db, user, &a);
    if (error == -ENOENT)
        error = accounts_by_uuid(h->db, user, &a);
    if (error == -ENOENT)
        return step_refuse(step, REFUSAL_NOT_FOUND, "no account \"%s\"", user);
    if (error == 0)
        error = text_copy(uuid, 37, a.uuid);
    return error < 0 ? error : 1;
}

static int fill_name(struct handler *h, const char *uuid, char *name, size_t cap)
{
    struct account a;
    int error = uuid[0] == '\0' || uuid[0] == '~' ? -ENOENT : accounts_by_uuid(h->db, uuid, &a);
    if (error == -ENOENT || (error == 0 && a.state == ACCOUNT_DELETED))
        return 0;
    return error < 0 ? error : text_copy(name, cap, a.name);
}

static int reply_event(struct handler *h, const struct audit *row, int64_t delivered, struct step *step)
{
    struct msg m = {.number = MSG_row_event};
    struct msg_row_event *event = &m.row_event;
    event->seq = row->seq;
    event->time_at = row->at;
    event->delivered = row->seq <= delivered;
    int error = fill_name(h, row->account, event->user, sizeof event->user);
    if (error < 0 || (error = text_copy(event->event, sizeof event->event, audit_label(row->event))) < 0 ||
        (error = text_copy(event->account, sizeof event->account, row->account)) < 0 ||
        (error = text_copy(event->service, sizeof event->service, row->service)) < 0 ||
        (error = text_copy(event->source, sizeof event->source, row->source)) < 0 ||
        (error = text_copy(event->result, sizeof event->result, row->result)) < 0)
        return error;
    return step_reply(step, &m);
}

int on_audit_list(struct handler *h, const struct msg_audit_list *in, struct step *step)
{
    uint32_t limit = in->limit == 0 || in->limit > HANDLER_PAGE_ROWS ? HANDLER_PAGE_ROWS : in->limit;
    char uuid[37] = "";
    struct audit row;
    int64_t last, delivered, after = in->after;
    uint32_t n = 0;
    int found = find(h, in->user, uuid, step);
    if (found <= 0)
        return found;
    int error = audit_position(h->db, &last, &delivered);
    while (error == 0 && (error = audit_next(h->db, after, uuid, in->since_at, &row)) == 0 && n < limit) {
        error = reply_event(h, &row, delivered, step);
        after = row.seq;
        n++;
    }
    return error < 0 && error != -ENOENT ? error : step_end(step, n, error == 0 ? after : 0);
}

int on_audit_verify(struct handler *h, const struct msg_audit_verify *in, struct step *step)
{
    struct msg m = {.number = MSG_row_verified};
    struct msg_row_verified *row = &m.row_verified;
    (void)in;
    int error = audit_position(h->db, &row->events, &row->delivered);
    if (error < 0)
        return error;
    error = audit_verify(h->db, &row->bad_seq);
    if (error < 0 && error != -EBADMSG) /* a head that does not open is what was asked for, not a failure */
        return error;
    row->intact = error == 0 && row->bad_seq == 0;
    error = step_reply(step, &m);
    return error < 0 ? error : step_end(step, 1, 0);
}
