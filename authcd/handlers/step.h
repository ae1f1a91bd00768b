/* SPDX-License-Identifier: MIT
 *
 * What a handler wants done: packets to send, a password to hash, whether to close. A handler returns a step and knows
 * no socket, no thread and no callback; serve carries it out after the turn's sync, and comes back with on_hashed.
 */
#ifndef STEP_H
#define STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msg.h"
#include "password.h"

enum { STEP_SETTLED_MAX = 4 };

/* One encoded packet; may hold a token or a secret: free with step_clear only. */
struct reply {
    struct reply *next;
    size_t len;
    unsigned char bytes[];
};

struct step {
    struct reply *first, *last; /* leave in this order, after the sync */
    int64_t not_before_ms;      /* BOOTTIME before which they do not leave (deny_time); 0: at once */
    struct password_job *job;   /* owned; serve takes it and sets NULL */
    bool wait;                  /* no slot within the account's limit: call on_retry when settle_wake says so */
    size_t n_settled; /* rows of limits with one attempt less in flight: whoever waits for one may look again */
    int64_t settled[STEP_SETTLED_MAX];
    bool person;       /* what comes next is typed by a person: wait as long as people take */
    bool proved;       /* phase stepup succeeded: the connection may send PROVED messages for a while */
    int64_t proved_at; /* Unix seconds */
    bool close;        /* once the replies have left */
};

void step_clear(struct step *s);

/* Encodes m and appends it. -ENOMEM, or msg_encode's errors. */
int step_reply(struct step *s, const struct msg *m) __attribute__((warn_unused_result));

/* Appends REFUSED; format must not contain secrets. The connection stays open. */
int step_refuse(struct step *s, enum refusal error, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* Appends END. */
int step_end(struct step *s, uint32_t count, int64_t cursor) __attribute__((warn_unused_result));

#endif
