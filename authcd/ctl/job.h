/* SPDX-License-Identifier: MIT
 *
 * One run of a verb: what was asked for, the connection, the answer. Most verbs are job_run and a row of the table; the
 * others (own) put the same three parts together: fill, ask, show.
 */
#ifndef JOB_H
#define JOB_H

#include <stdio.h>

#include "ask.h"
#include "call.h"
#include "table.h"
#include "tail.h"
#include "verbs.h"

struct job {
    const struct verbs_verb *verb;
    const struct args *args;
    size_t used;         /* words that name the verb */
    const char *session; /* $AUTHC_SESSION, or NULL */
    bool json, colour;
    int64_t now_s;
    struct call call;
    struct ask ask;
    struct msg request;
    struct msg row; /* of a verb with one row; of a list that is shown row by row, the last; number 0: not yet */
    const char *done, *next;
    struct table table;
    struct tail tail;
    uint64_t newest; /* keep only so many rows of a list; 0: all */
    size_t n_listed; /* rows written so far */
};

/* Options of every verb into the job. Says what is wrong with them. */
enum verbs_exit job_prepare(struct job *job);

/* Runs the verb from the filled command line to the last line of output. */
enum verbs_exit job_run(struct job *job);

/* The three parts. Each says what is wrong. */
enum verbs_exit job_fill(struct job *job);
enum verbs_exit job_ask(struct job *job);
enum verbs_exit job_show(struct job *job);

/* A usage error: the message, and where help is. */
enum verbs_exit job_usage(const struct job *job, const char *message);

void job_wipe(struct job *job);

#endif
