/* SPDX-License-Identifier: MIT
 *
 * All connections: how many there may be, how many of them one uid may hold, and which one a token means. uid 0 has a
 * share that nobody else can take, so that logins go on beside a flood on user.sock. There may be more of them than the
 * room has seats, so that whoever comes to a full room is heard.
 */
#ifndef CROWD_H
#define CROWD_H

#include "conn.h"

enum { CROWD_MAX = ROOM_MAX + 512, CROWD_PER_UID_MAX = 64, CROWD_RESERVE = 256 };

TAILQ_HEAD(conns, conn);

struct crowd {
    struct conns all;
    unsigned n, max;  /* max: CROWD_MAX, or what open files allow */
    unsigned leaving; /* of n: their places are taken already */
    uint64_t tokens;  /* given out */
};

void crowd_init(struct crowd *c, unsigned max);
bool crowd_admits(const struct crowd *c, uint32_t uid);
void crowd_add(struct crowd *c, struct conn *conn);
void crowd_remove(struct crowd *c, struct conn *conn);
struct conn *crowd_find(const struct crowd *c, uint64_t token); /* NULL: it is gone */

#endif
