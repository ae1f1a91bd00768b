/* SPDX-License-Identifier: MIT
 *
 * Who is hashed next. Two queues: first come, first served for priority jobs; round-robin by source for all others, so
 * that one noisy source makes nobody else wait. Whoever takes from the line serves both by turns. A pure data
 * structure: threads, the lock and the clock are pool's.
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "password.h"

/* A job, and for whom: what the token means is the caller's. */
struct line_item {
    TAILQ_ENTRY(line_item) entry;
    struct password_job *job; /* owned */
    uint64_t token;
    int64_t since_us; /* the caller's: when it was submitted */
};
TAILQ_HEAD(line_items, line_item);

struct line_source; /* the jobs of one source that wait; exists only while there are any */
TAILQ_HEAD(line_sources, line_source);

struct line {
    struct line_items priority;
    struct line_sources sources;   /* the first one's turn is next */
    unsigned n_priority, n_others; /* that wait */
    bool was_priority;             /* the last one that was taken */
};

/* Takes job over. NULL: out of memory, and job is still the caller's. */
struct line_item *line_item_new(struct password_job *job, uint64_t token);
void line_item_free(struct line_item *item); /* with its job; NULL does nothing */
void line_items_free(struct line_items *items);

void line_init(struct line *l);
void line_clear(struct line *l); /* frees all that wait */

/* To the end of its queue. -ENOMEM: item stays the caller's. */
int line_add(struct line *l, struct line_item *item) __attribute__((warn_unused_result));

/* The next, now the caller's; NULL if there is none. others: may it be one without priority? */
struct line_item *line_take(struct line *l, bool others);

/* Frees all items of token. */
void line_forget(struct line *l, uint64_t token);

unsigned line_length(const struct line *l);

/* How many would be taken before an item that came now: one of each source a round, and priority in between. */
uint64_t line_before(const struct line *l, const char *source, bool priority);

#endif
