/* SPDX-License-Identifier: MIT
 *
 * See lists.h. A connection has a flag for each list that it can be in, so that none is entered twice; whoever dies is
 * touched no longer, because the two share an entry.
 */
#include "lists.h"

void lists_init(struct lists *l)
{
    TAILQ_INIT(&l->touched);
    TAILQ_INIT(&l->dead);
    TAILQ_INIT(&l->held);
    TAILQ_INIT(&l->waiting);
}

void lists_touch(struct lists *l, struct conn *c)
{
    if (c->is_touched || c->dead)
        return;
    TAILQ_INSERT_TAIL(&l->touched, c, touched);
    c->is_touched = true;
}

struct conn *lists_take_touched(struct lists *l)
{
    struct conn *c = TAILQ_FIRST(&l->touched);

    if (c) {
        TAILQ_REMOVE(&l->touched, c, touched);
        c->is_touched = false;
    }
    return c;
}

void lists_die(struct lists *l, struct conn *c)
{
    if (c->dead)
        return;
    if (c->is_touched)
        TAILQ_REMOVE(&l->touched, c, touched);
    c->is_touched = false;
    c->dead = true;
    TAILQ_INSERT_TAIL(&l->dead, c, touched);
}

void lists_hold(struct lists *l, struct conn *c)
{
    struct conn *before;

    if (c->is_held)
        TAILQ_REMOVE(&l->held, c, held);
    c->is_held = true;
    TAILQ_FOREACH_REVERSE (before, &l->held, conns, held) /* nearly always the newest belongs at the end */
        if (before->held_until_ms <= c->held_until_ms)
            break;
    if (before)
        TAILQ_INSERT_AFTER(&l->held, before, c, held);
    else
        TAILQ_INSERT_HEAD(&l->held, c, held);
}

void lists_release(struct lists *l, struct conn *c)
{
    if (c->is_held)
        TAILQ_REMOVE(&l->held, c, held);
    c->is_held = false;
}

struct conn *lists_take_held(struct lists *l, int64_t now_ms)
{
    struct conn *c = TAILQ_FIRST(&l->held);

    if (!c || c->held_until_ms > now_ms)
        return NULL;
    lists_release(l, c);
    return c;
}

void lists_note_waiting(struct lists *l, struct conn *c)
{
    int64_t waited_for = c->waits_for;
    bool passes_on = false;

    c->waits_for = login_waits_for(c->login);
    if (c->waits_for && !waited_for)
        TAILQ_INSERT_TAIL(&l->waiting, c, waiting);
    else if (!c->waits_for && waited_for)
        TAILQ_REMOVE(&l->waiting, c, waiting);
    if (c->waits_for != waited_for) {
        passes_on = c->retry;
        c->retry = false;
    }
    if (passes_on)
        lists_settled(l, waited_for);
}

void lists_settled(struct lists *l, int64_t tag)
{
    struct conn *c;

    TAILQ_FOREACH (c, &l->waiting, waiting)
        if (!c->dead && c->waits_for == tag) {
            c->retry = true;
            return;
        }
}

struct conn *lists_take_retry(struct lists *l)
{
    struct conn *c;

    TAILQ_FOREACH (c, &l->waiting, waiting)
        if (c->retry && !c->dead) {
            c->retry = false;
            return c;
        }
    return NULL;
}

void lists_forget(struct lists *l, struct conn *c)
{
    TAILQ_REMOVE(&l->dead, c, touched);
    lists_release(l, c);
    if (c->waits_for)
        TAILQ_REMOVE(&l->waiting, c, waiting);
    if (c->retry)
        lists_settled(l, c->waits_for);
    c->retry = false;
    c->waits_for = 0;
}
