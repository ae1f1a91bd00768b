/* SPDX-License-Identifier: MIT
 *
 * The waiting room: whose conversation goes on, from a BEGIN that may ask something to the verdict that leaves. So many
 * have room; beyond, whoever comes from the source that holds most of it is not let in, and for anybody else one of
 * that source's has to leave: so nobody fills the room for others. A pure data structure: connections embed their seat,
 * and whoever has to leave is told so by traffic.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <sys/queue.h>

enum {
    ROOM_MAX = 4096,
    ROOM_KEPT = 16, /* more, for the console: a host has few of them */
    ROOM_SOURCE_SIZE = 64,
};

struct room_source; /* exists while somebody of it is there */

struct room_seat {
    TAILQ_ENTRY(room_seat) entry;
    struct room_source *source; /* NULL: not taken */
    bool answered;              /* the caller's: somebody has typed something */
};

struct room {
    TAILQ_HEAD(, room_source) sources; /* in the order in which their first ones came */
    unsigned n, max;
};

void room_init(struct room *r, unsigned max); /* ROOM_MAX at most */

/* Takes a seat. 0: *ret_leaves has to leave for it, unless NULL. -EBUSY: the room is full, and nobody's source has
 * more in it than this one; -ENOMEM. kept: this is the console. A source's name counts up to ROOM_SOURCE_SIZE - 1. */
int room_enter(struct room *r, struct room_seat *seat, const char *source, bool kept, struct room_seat **ret_leaves)
    __attribute__((warn_unused_result));
/* Not taken: does nothing. */
void room_leave(struct room *r, struct room_seat *seat);

/* Who is the first to leave: of the source that has most seats, if it has more than `than`, the newest that has not
 * answered, or else the newest; between such sources, the one that came first and has not answered. NULL: nobody. */
struct room_seat *room_first_to_leave(const struct room *r, unsigned than);

#endif
