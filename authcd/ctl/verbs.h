/* SPDX-License-Identifier: MIT
 *
 * What authctl can do, as one table: from it come the reading of the command line, the requests, what is shown, and the
 * help at every level. A test compares it with authctl(1) and with the completions.
 */
#ifndef VERBS_H
#define VERBS_H

#include "args.h"
#include "msg.h"

struct job;

enum verbs_exit { VERBS_DONE = 0, VERBS_FAILED = 1, VERBS_USAGE = 2 }; /* authctl's exit status */

enum verbs_shape {
    VERBS_ONE,    /* at most one row: done and next for people */
    VERBS_RECORD, /* one row: all of it for people */
    VERBS_LIST,   /* rows: a table for people */
};

struct verbs_verb {
    const char *noun, *verb; /* verb NULL: the noun alone */
    const char *synopsis;    /* after noun and verb */
    const char *help;        /* one line */
    uint32_t options;        /* ARGS_BIT of each, beside those for every verb */
    const char *words;       /* fields that the words fill, in order; "-": the word "-", for stdin */
    const char *required;    /* fields that may not be left out */
    enum msg_number request, row;
    enum verbs_shape shape;
    const char *columns;                    /* of a table or record: names of fields; NULL: all */
    const char *columns_others;             /* of a record that others than uid 0 get; NULL: the same */
    int64_t (*rank)(const struct msg *row); /* of a list: the highest first; NULL: as they come */
    const char *done;                       /* for people, with {field} */
    const char *next;                       /* what they would do then */
    void (*show)(const struct job *job,
                 const struct msg *row); /* instead of shape, done and next; of a list: each row */
    void (*more)(const struct job *job, const struct msg *row); /* below a record */
    enum verbs_exit (*run)(struct job *job);                    /* instead of asking and showing */
};

/* The verb that the words begin with, and how many of them name it; NULL if there is none. */
const struct verbs_verb *verbs_find(const struct args *a, size_t *ret_used);

/* The whole table. */
const struct verbs_verb *verbs_all(size_t *ret_n);

#endif
