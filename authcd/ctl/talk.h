/* SPDX-License-Identifier: MIT
 *
 * A login conversation led by authcd, as authctl has it: for a new password (chauthtok) and for proving one's factors
 * again (stepup). Answers come from ask; the verdict is believed only if it names this conversation and this user.
 */
#ifndef TALK_H
#define TALK_H

#include "ask.h"
#include "link.h"

struct talk {
    enum phase phase;
    const char *service;
    const char *user;
    uint32_t flags;      /* BEGIN_* */
    struct msg *ret_row; /* BEGIN_ONE_TIME: the row_one_time that comes before the verdict; NULL: none is expected */
};

enum { TALK_REASON_SIZE = 600 };

/* Talks until the verdict. reason is what may be told to the person, "" if nothing is.
 *   0            *ret_verdict is authcd's
 *   -ECANCELED   a question was not answered; reason says why; authcd was told
 *   -EACCES      authcd refused the request; reason says why
 *   -EPROTO      nonsense, another nonce or user, too many rounds
 *   other        as link_send and link_receive */
int talk_run(struct link *l, const struct talk *t, struct ask *ask, enum verdict *ret_verdict,
             char reason[TALK_REASON_SIZE]) __attribute__((warn_unused_result));

/* The name of the person who runs this, by the real uid. -ENOENT: the host knows none. */
int talk_self(char name[257]) __attribute__((warn_unused_result));

/* What ask_secret's errors mean to a person. */
const char *talk_why(int ask_error);

#endif
