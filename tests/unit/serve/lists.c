/* SPDX-License-Identifier: MIT
 *
 * The turn's lists and the crowd's caps (W6): held replies leave in order of time, the dead are in no list, uid 0 keeps
 * its share.
 */
#include "lists.h"

#include <stdlib.h>

#include "tap.h"

static struct conn *made(uint32_t uid)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->fd = -1;
    c->peer.uid = uid;
    return c;
}

static void held(void)
{
    static const int64_t times[] = {50, 10, 30, 70, 30};
    struct conn *c[5], *got;
    struct lists l;
    int64_t last = 0;
    unsigned n = 0, sorted = 1;

    lists_init(&l);
    for (size_t i = 0; i < 5; i++) {
        c[i] = made(0);
        c[i]->held_until_ms = times[i];
        lists_hold(&l, c[i]);
    }
    ok(!lists_take_held(&l, 9), "nobody's time has come");
    got = lists_take_held(&l, 30);
    ok(got == c[1], "the first to leave");
    c[2]->held_until_ms = 80;
    lists_hold(&l, c[2]); /* held again, for longer */
    while ((got = lists_take_held(&l, 100))) {
        sorted &= got->held_until_ms >= last;
        last = got->held_until_ms;
        n++;
    }
    is_int(n, 4, "all others");
    ok(sorted && last == 80, "in order of time");
    for (size_t i = 0; i < 5; i++)
        free(c[i]);
}

static void touched_and_dead(void)
{
    struct conn *a = made(0), *b = made(0);
    struct lists l;

    lists_init(&l);
    lists_touch(&l, a);
    lists_touch(&l, b);
    lists_touch(&l, a);
    lists_die(&l, a);
    lists_touch(&l, a);
    ok(lists_take_touched(&l) == b && !lists_take_touched(&l), "touched once; the dead are not");
    a->held_until_ms = 5;
    lists_hold(&l, a);
    lists_die(&l, a);
    ok(TAILQ_FIRST(&l.dead) == a, "dead once");
    lists_forget(&l, a);
    ok(TAILQ_EMPTY(&l.dead) && TAILQ_EMPTY(&l.held), "forgotten everywhere");
    free(a);
    free(b);
}

static unsigned fill(struct crowd *crowd, uint32_t uid, unsigned most)
{
    unsigned n = 0;

    for (; n < most && crowd_admits(crowd, uid); n++)
        crowd_add(crowd, made(uid));
    return n;
}

static void caps(void)
{
    struct crowd crowd;
    struct conn *c;
    unsigned others = 0;

    crowd_init(&crowd, 1000000);
    is_int(crowd.max, CROWD_MAX, "never more than there may be");
    is_int(fill(&crowd, 1000, 1000), CROWD_PER_UID_MAX, "one uid holds so many");
    for (uint32_t uid = 1001; uid < 2000; uid++)
        others += fill(&crowd, uid, 1000);
    is_int(others + CROWD_PER_UID_MAX, CROWD_MAX - CROWD_RESERVE, "all who are not root leave a share");
    is_int(fill(&crowd, 0, 100000), CROWD_RESERVE, "which is root's");
    while ((c = TAILQ_FIRST(&crowd.all))) {
        crowd_remove(&crowd, c);
        free(c);
    }
    is_int(crowd.n, 0, "counted down");
    ok(!crowd_find(&crowd, 1), "nobody is there");
}

int main(void)
{
    held();
    touched_and_dead();
    caps();
    return tap_done();
}
