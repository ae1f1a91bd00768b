/* SPDX-License-Identifier: MIT
 *
 * See line.h. Plain walks of lists: a source has at most a few thousand jobs, and walks happen once a login.
 */
#include "line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line_source {
    TAILQ_ENTRY(line_source) entry;
    struct line_items items;
    unsigned n;
    char name[sizeof((struct password_job *)0)->source];
};

struct line_item *line_item_new(struct password_job *job, uint64_t token)
{
    struct line_item *item = calloc(1, sizeof *item);

    if (!item)
        return NULL;
    item->job = job;
    item->token = token;
    return item;
}

void line_item_free(struct line_item *item)
{
    if (!item)
        return;
    password_job_free(item->job);
    free(item);
}

void line_items_free(struct line_items *items)
{
    struct line_item *item;

    while ((item = TAILQ_FIRST(items))) {
        TAILQ_REMOVE(items, item, entry);
        line_item_free(item);
    }
}

static struct line_source *find(const struct line *l, const char *name)
{
    struct line_source *s;

    TAILQ_FOREACH (s, &l->sources, entry)
        if (strncmp(s->name, name, sizeof s->name - 1) == 0)
            return s;
    return NULL;
}

static void drop_if_empty(struct line *l, struct line_source *s)
{
    if (s->n > 0)
        return;
    TAILQ_REMOVE(&l->sources, s, entry);
    free(s);
}

void line_init(struct line *l)
{
    *l = (struct line){.n_priority = 0};
    TAILQ_INIT(&l->priority);
    TAILQ_INIT(&l->sources);
}

void line_clear(struct line *l)
{
    struct line_source *s;

    line_items_free(&l->priority);
    while ((s = TAILQ_FIRST(&l->sources))) {
        line_items_free(&s->items);
        TAILQ_REMOVE(&l->sources, s, entry);
        free(s);
    }
    line_init(l);
}

static struct line_source *find_or_make(struct line *l, const char *name)
{
    struct line_source *s = find(l, name);

    if (s || !(s = calloc(1, sizeof *s)))
        return s;
    memcpy(s->name, name, strnlen(name, sizeof s->name - 1));
    TAILQ_INIT(&s->items);
    TAILQ_INSERT_TAIL(&l->sources, s, entry);
    return s;
}

int line_add(struct line *l, struct line_item *item)
{
    if (item->job->priority) {
        TAILQ_INSERT_TAIL(&l->priority, item, entry);
        l->n_priority++;
        return 0;
    }
    struct line_source *s = find_or_make(l, item->job->source);
    if (!s)
        return -ENOMEM;
    TAILQ_INSERT_TAIL(&s->items, item, entry);
    s->n++;
    l->n_others++;
    return 0;
}

static struct line_item *take_priority(struct line *l)
{
    struct line_item *item = TAILQ_FIRST(&l->priority);

    if (!item)
        return NULL;
    TAILQ_REMOVE(&l->priority, item, entry);
    l->n_priority--;
    l->was_priority = true;
    return item;
}

/* The first source's oldest job; the source then goes to the end of the line. */
static struct line_item *take_other(struct line *l)
{
    struct line_source *s = TAILQ_FIRST(&l->sources);

    if (!s)
        return NULL;
    struct line_item *item = TAILQ_FIRST(&s->items);
    TAILQ_REMOVE(&s->items, item, entry);
    s->n--;
    TAILQ_REMOVE(&l->sources, s, entry);
    TAILQ_INSERT_TAIL(&l->sources, s, entry);
    drop_if_empty(l, s);
    l->n_others--;
    l->was_priority = false;
    return item;
}

/* Priority first, but not twice while others wait for a slot that is free: it has a thread for itself, and those who
 * have it are people of this host like any other. */
struct line_item *line_take(struct line *l, bool others)
{
    struct line_item *item = others && l->was_priority ? take_other(l) : NULL;

    if (!item)
        item = take_priority(l);
    return item || !others ? item : take_other(l);
}

/* Gives how many. */
static unsigned forget_in(struct line_items *items, uint64_t token)
{
    struct line_item *item = TAILQ_FIRST(items);
    unsigned n = 0;

    while (item) {
        struct line_item *next = TAILQ_NEXT(item, entry);
        if (item->token == token) {
            TAILQ_REMOVE(items, item, entry);
            line_item_free(item);
            n++;
        }
        item = next;
    }
    return n;
}

void line_forget(struct line *l, uint64_t token)
{
    struct line_source *s = TAILQ_FIRST(&l->sources);

    l->n_priority -= forget_in(&l->priority, token);
    while (s) {
        struct line_source *next = TAILQ_NEXT(s, entry);
        unsigned n = forget_in(&s->items, token);
        s->n -= n;
        l->n_others -= n;
        drop_if_empty(l, s);
        s = next;
    }
}

unsigned line_length(const struct line *l)
{
    return l->n_priority + l->n_others;
}

uint64_t line_before(const struct line *l, const char *source, bool priority)
{
    uint64_t turns = 1;
    const struct line_source *own = find(l, source), *s;
    unsigned rounds = own ? own->n : 0;

    if (priority)
        return l->n_priority;
    TAILQ_FOREACH (s, &l->sources, entry)
        turns += s == own || s->n < rounds + 1 ? s->n : rounds + 1;
    return turns - 1 + (l->n_priority < turns ? l->n_priority : turns);
}
