/* SPDX-License-Identifier: MIT
 *
 * Requests and their answers. A request of several pages is sent again with the cursor of the last END, which must move
 * forward; a request that wants proof first is sent again once, after the proof. Leaves out retries: whoever is told
 * that authcd is busy decides when to come back.
 */
#include "call.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "text.h"

enum { BUDGET_MS = 60000 };

static int said_link(int error, const char *path)
{
    switch (error) {
    case -ENOENT:
        say_error("authcd is not running: nobody answers at %s", path);
        break;
    case -EPERM:
        say_error(
            "%s is not to be trusted: it, or what leads to it, belongs to somebody else or can be changed by others",
            path);
        break;
    case -ETIMEDOUT:
        say_error("authcd does not answer in time");
        break;
    case -ECONNRESET:
    case -EPIPE:
        say_error("authcd hung up");
        break;
    case -EPROTO:
    case -ENOMSG:
        say_error("authcd's answer makes no sense");
        break;
    case -EPROTONOSUPPORT:
        say_error("authcd speaks another version of the protocol: authctl and authcd are of different releases");
        break;
    case -EMSGSIZE:
    case -EILSEQ:
        say_error("a value is too long, or not UTF-8");
        break;
    default:
        say_error("%s: %s", path, strerror(-error));
    }
    return error;
}

int call_open(struct call *c)
{
    char path[256];
    const char *name = geteuid() == 0 ? PROTOCOL_SYSTEM_SOCKET : PROTOCOL_USER_SOCKET;
    int error = text_format(path, sizeof path, "%s/%s", c->run_dir, name);

    if (error == 0)
        error = link_open(&c->link, path, c->server_uid, BUDGET_MS);
    return error < 0 ? said_link(error, path) : 0;
}

void call_close(struct call *c)
{
    link_close(&c->link);
}

/* ---- conversations ---- */

static int said_talk(int error, enum verdict verdict, const char *user, const char *reason)
{
    if (error == -ECANCELED || error == -EACCES)
        say_error("%s", reason[0] != '\0' ? reason : "refused");
    else if (error < 0)
        return said_link(error, "authcd");
    else if (verdict != VERDICT_GRANTED)
        say_error("%s: %s", user, reason[0] != '\0' ? reason : verdict_text(verdict));
    if (error == 0 && verdict == VERDICT_UNKNOWN && geteuid() == 0)
        say_next("authctl user add %s", user);
    return error < 0 ? error : verdict == VERDICT_GRANTED ? 0 : -EACCES;
}

int call_try(struct call *c, struct ask *ask, enum phase phase, const char *service, const char *user,
             enum verdict *ret_verdict, char reason[TALK_REASON_SIZE])
{
    const struct talk t = {phase, service, user, BEGIN_TEST, NULL};

    c->link.budget_ms = BUDGET_MS;
    int error = talk_run(&c->link, &t, ask, ret_verdict, reason);
    return error < 0 ? said_talk(error, VERDICT_DENIED, user, reason) : 0;
}

static int converse(struct call *c, struct ask *ask, const struct talk *t)
{
    char reason[TALK_REASON_SIZE] = "";
    enum verdict verdict = VERDICT_DENIED;

    c->link.budget_ms = BUDGET_MS;
    int error = talk_run(&c->link, t, ask, &verdict, reason);
    return said_talk(error, verdict, t->user, reason);
}

/* Proves the factors of the person who runs this, on this connection. */
static int stepup(struct call *c, struct ask *ask)
{
    char self[257];

    if (talk_self(self) < 0) {
        say_error("this host has no name for uid %u", (unsigned)getuid());
        return -ENOENT;
    }
    return converse(c, ask, &(struct talk){PHASE_STEPUP, "authctl", self, 0, NULL});
}

int call_password(struct call *c, struct ask *ask, const char *user)
{
    return converse(c, ask, &(struct talk){PHASE_CHAUTHTOK, "passwd", user, 0, NULL});
}

int call_one_time(struct call *c, struct ask *ask, const char *user, struct msg *ret)
{
    int error = converse(c, ask, &(struct talk){PHASE_CHAUTHTOK, "authctl", user, BEGIN_ONE_TIME, ret});

    if (error == 0 && ret->number != MSG_row_one_time)
        return said_link(-EPROTO, "authcd");
    return error;
}

/* ---- requests ---- */

struct answer {
    bool wants_proof;
    int64_t cursor;
};

static int said_refused(const struct msg_refused *r, struct answer *ret)
{
    ret->wants_proof = r->error == REFUSAL_STEPUP;
    if (ret->wants_proof)
        return -EACCES;
    if (r->text[0] != '\0')
        say_error("%s", r->text);
    else if (r->error == REFUSAL_BUSY)
        say_error("authcd is busy; try again");
    else
        say_error("refused (%u)", r->error);
    return -EACCES;
}

static int said_odd(const struct msg *m)
{
    if (m->number != MSG_versions)
        return said_link(-EPROTO, "authcd");
    say_error("authcd speaks versions %u to %u of the protocol, this is version %d", m->versions.lowest,
              m->versions.highest, PROTOCOL_VERSION);
    return -EPROTONOSUPPORT;
}

/* Receives one packet. 1: END was it. */
static int receive(struct call *c, const struct call_sink *sink, struct answer *ret)
{
    MSG_AUTO struct msg m = {0};
    int error = link_receive(&c->link, &m);

    if (error < 0)
        return said_link(error, "authcd");
    if (m.number == MSG_refused)
        return said_refused(&m.refused, ret);
    if (m.number == MSG_end) {
        ret->cursor = m.end.cursor;
        return 1;
    }
    if (m.number != sink->type)
        return said_odd(&m);
    return sink->row(sink->arg, &m);
}

static int exchange(struct call *c, const struct msg *request, const struct call_sink *sink, struct answer *ret)
{
    c->link.budget_ms = BUDGET_MS;
    int error = link_send(&c->link, request);

    if (error < 0 && error != -EPIPE)
        return said_link(error, "authcd");
    error = 0; /* whoever hung up may have said why before */
    while (error == 0)
        error = receive(c, sink, ret);
    if (error < 0)
        return error;
    return sink->page != NULL ? sink->page(sink->arg) : 0;
}

/* Asks for what comes after the cursor. -EPROTO if that leads nowhere. */
static int turn_page(struct msg *request, int64_t cursor)
{
    int64_t *after = NULL;

    if (request->number == MSG_user_list)
        after = &request->user_list.after;
    else if (request->number == MSG_session_list)
        after = &request->session_list.after;
    else if (request->number == MSG_audit_list)
        after = &request->audit_list.after;
    else if (request->number == MSG_limits_list)
        after = &request->limits_list.after;
    if (after == NULL || cursor <= *after)
        return said_link(-EPROTO, "authcd");
    *after = cursor;
    return 0;
}

int call_ask(struct call *c, struct ask *ask, struct msg *request, const struct call_sink *sink)
{
    for (bool proved = false;;) {
        struct answer answer = {0};
        int error = exchange(c, request, sink, &answer);
        if (error == -EACCES && answer.wants_proof && !proved) {
            if ((error = stepup(c, ask)) < 0)
                return error;
            proved = true;
            continue;
        }
        if (error == -EACCES && answer.wants_proof)
            say_error("refused: authcd does not take the proof");
        if (error < 0 || answer.cursor == 0)
            return error;
        if ((error = turn_page(request, answer.cursor)) < 0)
            return error;
    }
}
