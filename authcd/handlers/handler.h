/* SPDX-License-Identifier: MIT
 *
 * What handlers share: who asks, what time it is, where the state is. One function a message, `on_<message>`, inside a
 * transaction that serve/dispatch opened and commits: it returns 0 with a step, or a negative errno, which rolls back
 * and makes dispatch answer UNAVAILABLE. Handlers see rules and store, never a socket.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include "accounts.h"
#include "audit.h"
#include "clock.h"
#include "config.h"
#include "counters.h"
#include "msg.h"
#include "policy.h"
#include "step.h"

/* Who sent the packet: SO_PEERCRED, equal to what the packet's own credentials said. */
struct peer {
    uint32_t uid;
    int64_t pid;
    /* When pid was, in clock ticks since boot: tells it from a later process of that number. 0: unknown. */
    int64_t started;
    uint32_t audit_session; /* of pid, read when it connected; PROTOCOL_NO_SESSION if unknown */
    bool proved;            /* a stepup succeeded on this connection, not long ago */
    int64_t proved_at;      /* when, in Unix seconds */
};

enum { HANDLER_PAGE_ROWS = 100 }; /* of a list in one answer */

struct login; /* handlers/login: the conversation on one connection */

struct handler {
    struct db *db;
    const struct config *config;
    struct counters *counters;
    struct clock now;
    const struct peer *peer;
    struct login **login; /* the connection's conversation; NULL until BEGIN */
    const char *frozen;   /* NULL, or why nothing can be changed now: for people to read */
};

#define MESSAGE_REQUEST(name)                                                                                          \
    int on_##name(struct handler *h, const struct msg_##name *in, struct step *step)                                   \
        __attribute__((warn_unused_result));
#define MESSAGE_REPLY(name)
#define MESSAGE(name, number, direction, who) MESSAGE_##direction(name)
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
#undef MESSAGE_REQUEST
#undef MESSAGE_REPLY

/* The hash that a step asked for is there (job stays the caller's). */
int on_hashed(struct handler *h, const struct password_job *job, struct step *step) __attribute__((warn_unused_result));
/* An attempt that a waiting login waits for was settled: look again. */
int on_retry(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* The connection is gone: settles what was in flight (a charge that was made stays). */
int on_gone(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* There is no room for the conversation any more: it ends, as no attempt at all. */
int on_busy(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* Is it between BEGIN and its verdict? Has its person answered anything? NULL: no. */
bool login_is_open(const struct login *login);
bool login_has_answered(const struct login *login);
/* What a waiting login waits for, as step's settled names it; 0: it does not wait. */
int64_t login_waits_for(const struct login *login);
void login_free(struct login *login); /* NULL does nothing; wipes */

/* What a call may change of a conversation, kept while it runs: a call whose transaction was rolled back never
 * happened, and may be made again where there is room now. One is enough for all connections. login_mark makes it at
 * its first call (-ENOMEM); login may be NULL, if nothing has begun. */
struct login_mark;
int login_mark(struct login_mark **mark, const struct login *login) __attribute__((warn_unused_result));
void login_undo(const struct login_mark *mark, struct login **login);
void login_mark_wipe(struct login_mark *mark);
void login_mark_free(struct login_mark *mark); /* NULL does nothing */

/* The account that a request is about: `user`, or the peer's own if user is "". -ENOENT (step has the refusal) if there
 * is none or it is not the peer's to ask about: both look alike. */
int handler_account(struct handler *h, const char *user, struct account *ret, struct step *step)
    __attribute__((warn_unused_result));

/* Does what a peer proved on its connection still hold for account a? Not if that was disabled, or given another
 * password, since. -ENOENT (step has the refusal) if it does not; uid 0 has nothing to prove. */
int handler_proved(struct handler *h, const struct account *a, struct step *step) __attribute__((warn_unused_result));

/* The account as policy sees it now; all zero is nobody's. */
struct policy_account handler_facts(const struct handler *h, const struct account *a);

/* Was its password for one login, and did that not come in time? */
bool handler_password_expired(const struct handler *h, const struct account *a);

/* The peer's own account. -ENOENT (step has the refusal) if it has none. */
int handler_self(struct handler *h, struct account *ret, struct step *step) __attribute__((warn_unused_result));

/* The kernel's number for a uid of another user namespace, nobody in particular, and PROTOCOL_NO_UID: never an
 * account's. */
bool handler_uid_is_somebody(uint32_t uid);

/* An audit row about account a (NULL: none), with the peer as actor if it is not a itself. source NULL: the peer. A
 * text that does not fit is cut. */
int handler_audit(struct handler *h, enum audit_event event, const struct account *a, const char *service,
                  const char *source, const char *format, ...)
    __attribute__((format(printf, 6, 7), warn_unused_result));

#endif
