/* SPDX-License-Identifier: MIT
 *
 * One connection to authcd and the requests on it: rows, pages, refusals, and proving one's factors where authcd wants
 * that first. What goes wrong is told to the person here; callers only learn that it did.
 */
#ifndef CALL_H
#define CALL_H

#include <sys/types.h>

#include "ask.h"
#include "link.h"
#include "talk.h"

struct call {
    struct link link;
    const char *run_dir;
    uid_t server_uid;
};

/* What is done with the answer. Both return 0 or a negative errno, which ends it. */
struct call_sink {
    enum msg_number type; /* of every row; 0: no row is expected */
    int (*row)(void *arg, const struct msg *row);
    int (*page)(void *arg); /* after each END; may be NULL */
    void *arg;
};

#define CALL_AUTO __attribute__((cleanup(call_close)))

/* Connects to system.sock (uid 0) or user.sock. Messages are said. */
int call_open(struct call *c) __attribute__((warn_unused_result));

/* Sends request until all pages are there. A refusal is said and is -EACCES. */
int call_ask(struct call *c, struct ask *ask, struct msg *request, const struct call_sink *sink)
    __attribute__((warn_unused_result));

/* What a login over service would come to, by the conversation that it would have: only errors are said. reason may be
 * told. -EACCES: authcd does not do that. */
int call_try(struct call *c, struct ask *ask, enum phase phase, const char *service, const char *user,
             enum verdict *ret_verdict, char reason[TALK_REASON_SIZE]) __attribute__((warn_unused_result));

/* A new password for user. Messages are said. */
int call_password(struct call *c, struct ask *ask, const char *user) __attribute__((warn_unused_result));

/* A password for one login of user, made by authcd, into *ret: a row_one_time. Messages are said. */
int call_one_time(struct call *c, struct ask *ask, const char *user, struct msg *ret)
    __attribute__((warn_unused_result));

void call_close(struct call *c);

#endif
