/* SPDX-License-Identifier: MIT
 *
 * Requests of the tools at a desk: one message to its handler in a transaction, and what came back: rows, END or
 * REFUSED, and how many audit rows it left.
 *
 *   ASK(&d, line, user_show, .user = "ada"); ok(asked.rows == 1 && asked.first.row_user.uid == 1001, "shown");
 */
#ifndef DESK_ASK_H
#define DESK_ASK_H

#include "desk.h"
#include "sessions.h"

static struct {
    int error;
    size_t rows;
    struct msg first, last; /* first row; END or REFUSED */
    int64_t audits;
    struct audit audit; /* the newest row, if there is one of this request */
} asked;

static int64_t ask_position(struct desk *d)
{
    int64_t seq = 0, delivered = 0;

    desk_must(audit_position(d->db, &seq, &delivered), "audit position");
    return seq;
}

static void ask_replies(const struct step *step)
{
    for (const struct reply *r = step->first; r; r = r->next) {
        desk_must(msg_decode(r->bytes, r->len, &asked.last), "decode");
        if (asked.last.number == MSG_end || asked.last.number == MSG_refused)
            continue;
        if (asked.rows++ == 0)
            asked.first = asked.last;
    }
}

__attribute__((unused)) static void ask_done(struct desk *d, int64_t before, int error, struct step *step)
{
    memset(&asked, 0, sizeof asked);
    asked.error = error;
    if (error < 0)
        db_rollback(d->db);
    else {
        desk_must(db_commit(d->db), "commit");
        ask_replies(step);
    }
    asked.audits = ask_position(d) - before;
    if (asked.audits > 0)
        desk_must(audit_next(d->db, before + asked.audits - 1, "", 0, &asked.audit), "audit row");
    step_clear(step);
}

#define ASK_IN(d, l, name, in)                                                                                         \
    do {                                                                                                               \
        struct handler ask_h = desk_handler((d), (l));                                                                 \
        struct step ask_step = {0};                                                                                    \
        int64_t ask_before = ask_position(d);                                                                          \
        desk_must(db_begin((d)->db), "begin");                                                                         \
        int ask_error = on_##name(&ask_h, (in), &ask_step);                                                            \
        ask_done((d), ask_before, ask_error, &ask_step);                                                               \
    } while (0)
#define ASK(d, l, name, ...)                                                                                           \
    do {                                                                                                               \
        const struct msg_##name ask_in = {__VA_ARGS__};                                                                \
        ASK_IN(d, l, name, &ask_in);                                                                                   \
    } while (0)
/* For messages without fields. */
#define ASK_BARE(d, l, name)                                                                                           \
    do {                                                                                                               \
        static const struct msg_##name ask_in;                                                                         \
        ASK_IN(d, l, name, &ask_in);                                                                                   \
    } while (0)

/* Refused with that number; nothing changed, so nothing in the audit. */
__attribute__((unused)) static bool ask_refused(enum refusal error)
{
    return asked.error == 0 && asked.rows == 0 && asked.last.number == MSG_refused &&
           asked.last.refused.error == error && asked.audits == 0;
}

/* n rows and END. */
__attribute__((unused)) static bool ask_gave(size_t n, int64_t audits)
{
    return asked.error == 0 && asked.rows == n && asked.last.number == MSG_end && asked.last.end.count == n &&
           asked.audits == audits;
}

/* A live session of a: name in s.name. */
__attribute__((unused)) static struct session ask_session(struct desk *d, const struct account *a, const char *amr,
                                                          const char *acr, uint32_t audit_session)
{
    struct session s = {.account_id = a->id,
                        .uid = a->uid,
                        .service = "sshd",
                        .tty = "ssh",
                        .source = "192.0.2.7",
                        .auth_time = d->now.wall_s - 5,
                        .audit_session = audit_session,
                        .leader_pid = 4711};

    strcpy(s.amr, amr);
    strcpy(s.acr, acr);
    strcpy(s.boot_id, d->now.boot_id);
    desk_must(db_begin(d->db), "begin");
    desk_must(sessions_open(d->db, &s, d->now.wall_s), "open session");
    desk_must(db_commit(d->db), "commit");
    return s;
}

__attribute__((unused)) static bool ask_live(struct desk *d, const struct session *s)
{
    struct session found;

    return sessions_get(d->db, s->name, &found) == 0;
}

#endif
