/* SPDX-License-Identifier: MIT
 *
 * What authcd says of itself and of who asks: status, whoami, the configuration in force. Counts are root's to see:
 * from them a guesser on this host could read whether an attempt was looked at.
 */
#include <errno.h>

#include "handler.h"
#include "session.h"
#include "text.h"

/* Verdicts that said no, why ever. */
static int64_t count_denied(const struct counters *c)
{
    static const enum counters_login endings[] = {COUNTERS_WRONG,   COUNTERS_REPLAYED, COUNTERS_LIMITED,
                                                  COUNTERS_UNKNOWN, COUNTERS_REFUSED,  COUNTERS_FAKE,
                                                  COUNTERS_FAULT};
    int64_t n = 0;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        n += c->logins[endings[i]];
    return n;
}

static int fill_counts(struct handler *h, struct msg_row_status *row)
{
    const struct counters *c = h->counters;
    row->connections = c->connections;
    row->waiting = (uint32_t)c->hashing.waiting;
    row->slots = c->slots;
    row->hashes = c->hashes;
    row->granted = c->logins[COUNTERS_GRANTED];
    row->denied = count_denied(c);
    int error = accounts_count(h->db, &row->accounts);
    if (error < 0 || (error = sessions_count(h->db, &row->sessions)) < 0)
        return error;
    return audit_position(h->db, &row->audit_seq, &row->audit_delivered);
}

int on_status_get(struct handler *h, const struct msg_status_get *in, struct step *step)
{
    struct msg m = {.number = MSG_row_status,
                    .row_status = {.version = AUTHC_VERSION,
                                   .started_at = h->counters->started_at,
                                   .memory_locked = h->counters->memory_locked}};
    const char *state = h->frozen == NULL ? "serving" : "degraded", *reason = h->frozen == NULL ? "" : h->frozen;
    (void)in;
    int error = h->peer->uid == 0 ? fill_counts(h, &m.row_status) : 0;
    if (error < 0 || (error = text_copy(m.row_status.state, sizeof m.row_status.state, state)) < 0 ||
        (error = text_copy(m.row_status.reason, sizeof m.row_status.reason, reason)) < 0 ||
        (error = step_reply(step, &m)) < 0)
        return error;
    return step_end(step, 1, 0);
}

static int fill_session(const struct session *s, struct msg_row_whoami *row)
{
    row->since_at = s->created_at;
    int error = text_copy(row->session, sizeof row->session, s->name);
    if (error < 0 || (error = text_copy(row->service, sizeof row->service, s->service)) < 0 ||
        (error = text_copy(row->source, sizeof row->source, s->source)) < 0 ||
        (error = text_copy(row->amr, sizeof row->amr, s->amr)) < 0)
        return error;
    return text_copy(row->acr, sizeof row->acr, s->acr);
}

int on_whoami(struct handler *h, const struct msg_whoami *in, struct step *step)
{
    struct msg m = {.number = MSG_row_whoami};
    struct msg_row_whoami *row = &m.row_whoami;
    struct account a;
    struct session s;
    int error = handler_self(h, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = session_of_peer(h, &a, in->session, &s);
    if (error == 0)
        error = fill_session(&s, row);
    if ((error < 0 && error != -ENOENT) || (error = text_copy(row->user, sizeof row->user, a.name)) < 0 ||
        (error = text_copy(row->role, sizeof row->role, a.role)) < 0 ||
        (error = text_copy(row->id, sizeof row->id, a.uuid)) < 0 || (error = step_reply(step, &m)) < 0)
        return error;
    return step_end(step, 1, 0);
}

_Static_assert(sizeof((struct msg_row_setting *)0)->value >= CONFIG_VALUE_SIZE, "whatever is set can be shown");

/* All of it in one answer: how long it can be is bounded by the file's size. */
int on_config_list(struct handler *h, const struct msg_config_list *in, struct step *step)
{
    struct config_setting setting;
    uint32_t n = 0;
    (void)in;
    for (; config_setting(h->config, n, &setting); n++) {
        struct msg m = {.number = MSG_row_setting, .row_setting = {.changed = setting.changed}};
        struct msg_row_setting *row = &m.row_setting;
        int error = text_copy(row->section, sizeof row->section, setting.section);
        if (error < 0 || (error = text_copy(row->key, sizeof row->key, setting.key)) < 0 ||
            (error = text_copy(row->value, sizeof row->value, setting.value)) < 0 || (error = step_reply(step, &m)) < 0)
            return error;
    }
    return step_end(step, n, 0);
}
