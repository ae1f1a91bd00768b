/* SPDX-License-Identifier: MIT
 *
 * Whoever fills the waiting room makes room for others (W6): the newcomer of the longest source is turned away, and for
 * any other the newest of the longest leaves, first of all one who has not answered.
 */
#include "room.h"

#include <errno.h>
#include <stdio.h>

#include "tap.h"

static struct room_seat *leaves; /* for the last that entered */

static int enter(struct room *r, struct room_seat *seat, const char *source)
{
    leaves = NULL;
    return room_enter(r, seat, source, false, &leaves);
}

static void longest(void)
{
    struct room_seat a[4] = {{.source = NULL}}, b[2] = {{.source = NULL}}, c = {.source = NULL};
    struct room r;

    room_init(&r, 5);
    for (size_t i = 0; i < 4; i++)
        is_int(enter(&r, &a[i], "a"), 0, "room for %zu of a", i + 1);
    is_int(enter(&r, &b[0], "b"), 0, "and one of b");
    ok(!leaves && r.n == 5, "for which nobody leaves");
    is_int(enter(&r, &c, "a"), -EBUSY, "a has most: its next one is not let in");
    ok(!c.source && r.n == 5, "nor counted");
    is_int(enter(&r, &b[1], "b"), 0, "b's is");
    ok(leaves == &a[3], "a's newest leaves for it");
    room_leave(&r, leaves);
    ok(!leaves->source && r.n == 5, "which makes five again");
    a[2].answered = a[1].answered = true;
    is_int(enter(&r, &c, "c"), 0, "another source's first is let in");
    ok(leaves == &a[0], "of a's the one that has not answered leaves, though it is the oldest");
    room_leave(&r, leaves);
    is_int(enter(&r, &a[0], "a"), -EBUSY, "a has no more than b, but not less either");
    room_leave(&r, &c);
    is_int(enter(&r, &c, "c"), 0, "whoever left made room");
    ok(!leaves, "without more");
    for (size_t i = 0; i < 4; i++)
        room_leave(&r, &a[i]);
    room_leave(&r, &b[0]);
    room_leave(&r, &b[1]);
    room_leave(&r, &c);
    room_leave(&r, &c);
    ok(r.n == 0 && TAILQ_EMPTY(&r.sources), "empty, though somebody left twice");
}

static void equal(void)
{
    struct room_seat a = {.source = NULL}, b = {.source = NULL}, c = {.source = NULL}, d[20] = {{.source = NULL}};
    struct room r;
    unsigned kept = 0;

    room_init(&r, 2);
    ok(enter(&r, &a, "a") == 0 && enter(&r, &b, "b") == 0, "full of sources that have one each");
    a.answered = true;
    is_int(enter(&r, &c, "c"), 0, "a new one is let in all the same");
    ok(leaves == &b, "for one that has not answered");
    room_leave(&r, &b);
    c.answered = true;
    is_int(enter(&r, &b, "b"), 0, "all have answered: still");
    ok(leaves == &a, "for who has been there longest");
    room_leave(&r, &a);
    while (kept < 20 && room_enter(&r, &d[kept], "console", true, &leaves) == 0 && !leaves)
        kept++;
    is_int(kept, ROOM_KEPT, "the console needs nobody to leave for it");
    ok(!room_first_to_leave(&r, ROOM_KEPT), "nobody has more than that");
    ok(room_first_to_leave(&r, ROOM_KEPT - 1) == &d[ROOM_KEPT - 1],
       "if asked for one less, the console's newest is it");
    while (kept-- > 0)
        room_leave(&r, &d[kept]);
    room_leave(&r, &b);
    room_leave(&r, &c);
}

static void names(void)
{
    struct room_seat a = {.source = NULL}, b = {.source = NULL};
    struct room r;
    char long_name[200];

    snprintf(long_name, sizeof long_name, "%0199d", 1);
    room_init(&r, 1000000);
    is_int(r.max, ROOM_MAX, "never more than there may be");
    ok(enter(&r, &a, long_name) == 0, "a long name");
    long_name[100] = 'x';
    ok(enter(&r, &b, long_name) == 0 && a.source == b.source, "is one with what begins like it");
    room_leave(&r, &a);
    room_leave(&r, &b);
}

int main(void)
{
    longest();
    equal();
    names();
    return tap_done();
}
