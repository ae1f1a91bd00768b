/* SPDX-License-Identifier: MIT
 *
 * See dispatch.h. The table of handlers comes from messages.def, in its order, so that a message without a handler does
 * not link. A name in a payload never grants anything here: only the kernel's uid and what was proved on the connection
 * count. What SELF means for an account is the handlers' to decide.
 */
#include "dispatch.h"

#include <errno.h>
#include <string.h>

#include "buckets.h"
#include "log.h"
#include "source.h"
#include "text.h"

typedef int handler_function(struct handler *h, const struct msg *in, struct step *step);

#define MESSAGE_REPLY_CALL(name)
#define MESSAGE_REQUEST_CALL(name)                                                                                     \
    static int call_##name(struct handler *h, const struct msg *in, struct step *step)                                 \
    {                                                                                                                  \
        return on_##name(h, &in->name, step);                                                                          \
    }
#define MESSAGE(name, number, direction, who) MESSAGE_##direction##_CALL(name)
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"

#define MESSAGE_REPLY_ROW(name) NULL,
#define MESSAGE_REQUEST_ROW(name) call_##name,
static handler_function *const dispatch_table[] = {
#define MESSAGE(name, number, direction, who) MESSAGE_##direction##_ROW(name)
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
};

/* ---- what cannot fail ---- */

static void refuse_and_close(struct step *step, enum refusal error, const char *text)
{
    step_clear(step);
    step->close = true;
    if (step_refuse(step, error, "%s", text) < 0)
        step_clear(step), step->close = true; /* not even memory for that: hanging up says enough */
}

static void refuse(struct step *step, enum refusal error, const char *text)
{
    if (step_refuse(step, error, "%s", text) < 0)
        step->close = true;
}

void dispatch_malformed(struct step *step, const char *what)
{
    refuse_and_close(step, REFUSAL_PROTOCOL, what);
}

static void refuse_version(struct step *step)
{
    struct msg m = {.number = MSG_versions, .versions = {.lowest = PROTOCOL_VERSION, .highest = PROTOCOL_VERSION}};

    step->close = true;
    if (step_reply(step, &m) < 0)
        step_clear(step), step->close = true;
}

static void verdict_unavailable(const struct msg_begin *begin, struct step *step)
{
    struct msg m = {.number = MSG_verdict, .verdict = {.verdict = VERDICT_UNAVAILABLE}};

    step_clear(step);
    step->close = true;
    memcpy(m.verdict.nonce, begin->nonce, sizeof m.verdict.nonce);
    memcpy(m.verdict.user, begin->user, sizeof m.verdict.user);
    if (step_reply(step, &m) < 0)
        step_clear(step), step->close = true;
}

/* Only what says that the state itself is broken is UNAVAILABLE. Anything else (no memory, a disk that takes nothing, a
 * text that did not fit) could be brought about by load or by what a stranger typed, and must not open whatever a PAM
 * stack has for that case. */
static bool is_broken_state(int error)
{
    return error == -EIO || error == -EBADMSG || error == -ENOKEY;
}

static void answer_failure(struct dispatch_from from, const struct msg *in, int error, struct step *step)
{
    if (!is_broken_state(error))
        refuse_and_close(step, REFUSAL_BUSY, error == -ENOMEM ? "out of memory" : "authcd could not do that");
    else if (in && in->number == MSG_begin && from.peer->uid == 0)
        verdict_unavailable(&in->begin, step);
    else
        refuse_and_close(step, REFUSAL_UNAVAILABLE, "authcd cannot use its database");
}

/* ---- one transaction a call ---- */

/* What runs inside: a message, or one of those that serve calls by itself. */
struct call {
    handler_function *message;
    const struct msg *in;
    int (*event)(struct handler *, struct step *);
    const struct password_job *job;
};

static int run_call(const struct call *call, struct handler *h, struct step *step)
{
    if (call->message)
        return call->message(h, call->in, step);
    return call->event ? call->event(h, step) : on_hashed(h, call->job, step);
}

static int run_in_transaction(struct dispatch *d, struct dispatch_from from, const struct call *call, struct step *step)
{
    DB_TRANSACTION struct db_transaction t = {0};
    struct handler h = {d->db, d->config, d->counters, d->now, from.peer, from.login, disk_frozen(d->disk)};
    int error = db_transaction(d->db, &t);

    if (error < 0 || (error = run_call(call, &h, step)) < 0)
        return error;
    return db_transaction_commit(&t);
}

/* A call that failed never happened, except for its time: and if room could be made, it is made again. */
static int run_undoing(struct dispatch *d, struct dispatch_from from, const struct call *call, struct step *step)
{
    struct counters counters = *d->counters;
    int error = login_mark(&d->mark, *from.login);

    if (error < 0)
        return error;
    while ((error = run_in_transaction(d, from, call, step)) < 0) {
        login_undo(d->mark, from.login);
        *d->counters = counters;
        if (!d->disk || !disk_relieve(d->disk, d->db, error, &d->now))
            break;
        step_clear(step);
    }
    login_mark_wipe(d->mark);
    return error;
}

static void run(struct dispatch *d, struct dispatch_from from, const struct call *call, const char *name,
                struct step *step)
{
    int error = run_undoing(d, from, call, step);

    if (error == 0)
        return;
    d->unsettled = d->unsettled || call->event == on_gone;
    log_error("%s: %s", name, strerror(-error));
    answer_failure(from, call->in, error, step);
}

/* ---- who may ---- */

static bool is_allowed(const struct peer *peer, enum msg_who who, struct step *step)
{
    bool root = peer->uid == 0;

    switch (who) {
    case MSG_ANY:
    case MSG_SELF:
        return true;
    case MSG_PROVED:
        if (root || peer->proved)
            return true;
        refuse(step, REFUSAL_STEPUP, "prove your factors first");
        return false;
    case MSG_ADMIN:
    case MSG_ROOT:
        if (root)
            return true;
        break;
    case MSG_NOBODY:
        break;
    }
    refuse(step, REFUSAL_NOT_ALLOWED, "not allowed: for root only");
    return false;
}

static bool is_of_login(enum msg_number number)
{
    return number == MSG_begin || number == MSG_answer || number == MSG_abort;
}

/* A uid that stands for many people proves nothing about any of them; a login asks for proof anyway. */
static bool may_send(const struct peer *peer, const struct msg_type *type, struct step *step)
{
    if (!is_of_login(type->number) && !handler_uid_is_somebody(peer->uid)) {
        refuse(step, REFUSAL_NOT_ALLOWED, "not allowed");
        return false;
    }
    return is_allowed(peer, type->who, step);
}

/* ---- frozen, busy and broken ---- */

/* What goes on while the disk is full: logins, and what only reads. All else changes something or mints, and so does,
 * as long as it is not named here, whatever comes later. */
static bool goes_on(enum msg_number number)
{
    static const enum msg_number list[] = {
        MSG_begin,        MSG_answer,      MSG_abort,       MSG_user_list,   MSG_user_show,    MSG_factor_list,
        MSG_session_list, MSG_audit_list,  MSG_status_get,  MSG_whoami,      MSG_token_verify, MSG_audit_verify,
        MSG_config_list,  MSG_limits_list, MSG_policy_show, MSG_metrics_get,
    };

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == number)
            return true;
    return false;
}

/* Why this cannot be done now; NULL: it can. A tool's request is a reason to look whether that still holds: whoever has
 * just made room wants to go on. */
static const char *why_frozen(struct dispatch *d, const struct msg *in)
{
    bool looks = !is_of_login(in->number) || (in->number == MSG_begin && in->begin.phase == PHASE_CHAUTHTOK);

    if (d->disk && looks)
        disk_look(d->disk, d->db, &d->now);
    return goes_on(in->number) ? NULL : disk_frozen(d->disk);
}

_Static_assert(sizeof((struct password_job *)0)->source == ROOM_SOURCE_SIZE, "one name for a source, in both queues");

/* Decided before the account is looked up, from the source alone, so that it tells nothing about names. */
static bool is_busy(struct dispatch *d, struct dispatch_from from, const struct msg_begin *in)
{
    struct source source;
    char key[sizeof((struct password_job *)0)->source] = "";

    if (in->phase != PHASE_AUTH && in->phase != PHASE_CHAUTHTOK && in->phase != PHASE_STEPUP)
        return false;
    source_of_begin(&source, in, from.peer->uid, &d->config->authcd);
    memcpy(key, source.text, strnlen(source.text, sizeof key - 1));
    bool console = source.kind == SOURCE_CONSOLE;
    return pool_busy(d->pool, key, console) ||
           (!from.seat->source && room_enter(d->room, from.seat, key, console, &d->makes_way) < 0);
}

static void turn_away(struct dispatch *d, enum counters_turned_away why, const char *text, struct step *step)
{
    d->counters->turned_away[why]++;
    refuse_and_close(step, REFUSAL_BUSY, text);
}

static void begin(struct dispatch *d, struct dispatch_from from, const struct call *call, struct step *step)
{
    if (is_busy(d, from, &call->in->begin)) {
        turn_away(d, COUNTERS_QUEUE, "too many logins wait: try again in a minute", step);
        return;
    }
    run(d, from, call, "begin", step);
    if (!login_is_open(*from.login)) { /* said all at once */
        room_leave(d->room, from.seat);
        d->makes_way = NULL;
    }
}

static int broken_status(const struct dispatch *d, const struct peer *peer, struct step *step)
{
    struct msg m = {.number = MSG_row_status, .row_status = {.version = AUTHC_VERSION, .state = "broken"}};

    text_printable(m.row_status.reason, sizeof m.row_status.reason,
                   peer->uid == 0 ? d->broken : "ask an administrator");
    m.row_status.started_at = d->counters->started_at;
    m.row_status.connections = d->counters->connections;
    m.row_status.memory_locked = d->counters->memory_locked;
    int error = step_reply(step, &m);
    return error < 0 ? error : step_end(step, 1, 0);
}

static void answer_broken(const struct dispatch *d, const struct peer *peer, const struct msg *in, struct step *step)
{
    if (in->number == MSG_begin && peer->uid == 0 && !d->no_room)
        verdict_unavailable(&in->begin, step);
    else if (in->number == MSG_begin && d->no_room)
        refuse_and_close(step, REFUSAL_BUSY, "the disk is full, or read-only: try again later");
    else if (in->number != MSG_status_get || broken_status(d, peer, step) < 0)
        refuse_and_close(step, REFUSAL_UNAVAILABLE, "authcd has no state to answer from: see authctl status as root");
}

/* ---- the way in ---- */

/* What a peer that is not root may have written in the audit as often as it likes to ask. */
static bool is_over_budget(struct dispatch *d, const struct peer *peer, const struct msg *in)
{
    bool writes = in->number == MSG_begin || in->number == MSG_token_mint;

    return peer->uid != 0 && writes && !budget_take(&d->budget, peer->uid, d->now.boot_ms);
}

static void dispatch_message(struct dispatch *d, struct dispatch_from from, const struct msg_type *type,
                             const struct msg *in, struct step *step)
{
    const char *why;
    size_t n;
    struct call call = {.message = dispatch_table[type - msg_types(&n)], .in = in};

    if (!may_send(from.peer, type, step))
        return;
    if (!d->db)
        answer_broken(d, from.peer, in, step);
    else if ((why = why_frozen(d, in)))
        refuse(step, REFUSAL_UNAVAILABLE, why);
    else if (is_over_budget(d, from.peer, in))
        turn_away(d, COUNTERS_BUDGET, "too many requests of this uid: try again in a minute", step);
    else if (in->number == MSG_begin)
        begin(d, from, &call, step);
    else
        run(d, from, &call, type->name, step);
}

void dispatch_packet(struct dispatch *d, struct dispatch_from from, const unsigned char *packet, size_t len,
                     struct step *step)
{
    int error = msg_decode(packet, len, &d->in);
    const struct msg_type *type = error < 0 ? NULL : msg_type(d->in.number);

    d->makes_way = NULL;
    if (error == -EPROTONOSUPPORT)
        refuse_version(step);
    else if (!type)
        dispatch_malformed(step, error == -ENOMSG ? "no such message" : "malformed message");
    else if (type->direction != MSG_REQUEST)
        dispatch_malformed(step, "that message is authcd's to send");
    else
        dispatch_message(d, from, type, &d->in, step);
    msg_wipe(&d->in);
}

void dispatch_hashed(struct dispatch *d, struct dispatch_from from, const struct password_job *job, struct step *step)
{
    run(d, from, &(struct call){.job = job}, "hashed", step);
}

void dispatch_retry(struct dispatch *d, struct dispatch_from from, struct step *step)
{
    run(d, from, &(struct call){.event = on_retry}, "retry", step);
}

void dispatch_busy(struct dispatch *d, struct dispatch_from from, struct step *step)
{
    d->counters->turned_away[COUNTERS_ROOM]++;
    run(d, from, &(struct call){.event = on_busy}, "busy", step);
}

void dispatch_gone(struct dispatch *d, struct dispatch_from from, struct step *step)
{
    run(d, from, &(struct call){.event = on_gone}, "gone", step);
}

void dispatch_settle(struct dispatch *d)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error;

    if (!d->unsettled)
        return;
    if ((error = db_transaction(d->db, &t)) == 0 && (error = buckets_settle_all(d->db)) == 0)
        error = db_transaction_commit(&t);
    d->unsettled = error < 0;
}
