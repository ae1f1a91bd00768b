/* SPDX-License-Identifier: MIT
 *
 * The turn's lists and the crowd's caps (W6): held replies leave in order of time, the dead are in no list, uid 0 keeps
 * its share.
 */
#include "lists.h"
#include "login.h"

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

/* ---- who waits for what is in flight ---- */

enum { ROOM = 2, ACCOUNTS = 3, ROWS = 5, GUESTS = 40 }; /* rows: three accounts, two sources */

/* Each row has room for two attempts in flight; an attempt is charged to an account's and to a source's. */
struct hall {
    struct lists l;
    struct conn *guests[GUESTS]; /* NULL: not there */
    int64_t rows[GUESTS][2];
    bool in_flight[GUESTS];
    int open[ROWS];
    uint32_t seed;
    unsigned looks, deaths_chosen;
};

static unsigned dice(struct hall *h, unsigned sides)
{
    h->seed = h->seed * 1664525 + 1013904223;
    return (h->seed >> 8) % sides;
}

static void wait_for(struct conn *c, int64_t tag)
{
    c->login->waiting = tag != 0;
    c->login->attempt.waits_for = tag;
}

/* As attempt_reserve: charged to both rows, or it waits for the first that has no room. Tags are rows' numbers + 1. */
static void reserve(struct hall *h, unsigned i)
{
    int64_t tag = 0;

    for (int k = 1; k >= 0; k--)
        tag = h->open[h->rows[i][k]] >= ROOM ? h->rows[i][k] + 1 : tag;
    wait_for(h->guests[i], tag);
    if (tag)
        return;
    h->in_flight[i] = true;
    h->looks++;
    h->open[h->rows[i][0]]++;
    h->open[h->rows[i][1]]++;
}

static void settle(struct hall *h, unsigned i)
{
    if (!h->in_flight[i])
        return;
    h->in_flight[i] = false;
    for (int k = 0; k < 2; k++) {
        h->open[h->rows[i][k]]--;
        lists_settled(&h->l, h->rows[i][k] + 1);
    }
}

static unsigned number_of(const struct hall *h, const struct conn *c)
{
    unsigned i = 0;

    while (h->guests[i] != c)
        i++;
    return i;
}

static void reap(struct hall *h)
{
    struct conn *c;

    while ((c = TAILQ_FIRST(&h->l.dead))) {
        unsigned i = number_of(h, c);
        settle(h, i);
        lists_forget(&h->l, c);
        h->guests[i] = NULL;
        free(c->login);
        free(c);
    }
}

/* The end of a turn, as traffic has it, but now and then one of those that were chosen dies before it can look. */
static void end_turn(struct hall *h)
{
    struct conn *c;

    reap(h);
    while ((c = lists_take_retry(&h->l))) {
        int64_t tag = c->waits_for;
        if (dice(h, 8) == 0) {
            c->retry = true;
            h->deaths_chosen++;
            lists_die(&h->l, c);
            reap(h);
            continue;
        }
        reserve(h, number_of(h, c));
        lists_note_waiting(&h->l, c);
        if (c->waits_for != tag)
            lists_settled(&h->l, tag);
    }
}

static void come(struct hall *h, unsigned i)
{
    h->guests[i] = made(0);
    h->guests[i]->login = calloc(1, sizeof *h->guests[i]->login);
    if (!h->guests[i]->login)
        abort();
    h->rows[i][0] = dice(h, ACCOUNTS);
    h->rows[i][1] = ACCOUNTS + dice(h, ROWS - ACCOUNTS);
    reserve(h, i);
    lists_note_waiting(&h->l, h->guests[i]);
}

/* What may happen to a guest within a turn: a verdict, a hang-up, an abort, an answer that changes nothing. */
static void befall(struct hall *h, unsigned i)
{
    struct conn *c = h->guests[i];

    switch (dice(h, 4)) {
    case 0:
        settle(h, i);
        lists_die(&h->l, c);
        break;
    case 1:
        lists_die(&h->l, c);
        break;
    case 2:
        wait_for(c, 0);
        lists_note_waiting(&h->l, c);
        settle(h, i);
        lists_die(&h->l, c);
        break;
    default:
        lists_note_waiting(&h->l, c);
    }
}

/* Does anybody wait for a row that has room? */
static unsigned forgotten(const struct hall *h)
{
    const struct conn *c;
    unsigned n = 0;

    TAILQ_FOREACH (c, &h->l.waiting, waiting)
        n += h->open[c->waits_for - 1] < ROOM;
    return n;
}

static void nobody_is_forgotten(void)
{
    static struct hall h;
    unsigned turns = 0, most = 0, lost = 0, over = 0;

    h.seed = 1;
    lists_init(&h.l);
    for (; turns < 100000; turns++) {
        for (unsigned n = dice(&h, 6); n > 0; n--) {
            unsigned i = dice(&h, GUESTS);
            if (!h.guests[i])
                come(&h, i);
            else if (!h.guests[i]->dead)
                befall(&h, i);
        }
        end_turn(&h);
        lost += forgotten(&h);
        for (int row = 0; row < ROWS; row++)
            over += h.open[row] > ROOM;
        most += !TAILQ_EMPTY(&h.l.waiting);
    }
    is_int(lost, 0, "L2: in %u turns nobody waits for a row that has room", turns);
    is_int(over, 0, "and no row is ever overdrawn");
    ok(most > turns / 4 && h.looks > 10000 && h.deaths_chosen > 1000,
       "some waited in %u turns, %u looked, %u died chosen", most, h.looks, h.deaths_chosen);
    for (unsigned i = 0; i < GUESTS; i++)
        if (h.guests[i])
            lists_die(&h.l, h.guests[i]);
    reap(&h);
    ok(TAILQ_EMPTY(&h.l.waiting), "in the end all have left");
}

int main(void)
{
    nobody_is_forgotten();
    held();
    touched_and_dead();
    caps();
    return tap_done();
}
