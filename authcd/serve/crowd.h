/* SPDX-License-Identifier: MIT
 *
 * All connections: how many there may be, how many of them one uid may hold, and which one a token means. uid 0 has a
 * share that nobody else can take, so that logins go on beside a flood on user.sock.
 */
#ifndef CROWD_H
#define CROWD_H

#include "conn.h"

enum { CROWD_MAX = 4096, CROWD_PER_UID_MAX = 64, CROWD_RESERVE = 256 };

TAILQ_HEAD(conns, conn);

struct crowd {
    struct conns all;
    unsigned n, max; /* max: CROWD_MAX, or what open files allow */
    uint64_t tokens; /* given out */
};

void crowd_init(struct crowd *c, unsigned max);
bool crowd_admits(const struct crowd *c, uint32_t uid);
void crowd_add(struct crowd *c, struct conn *conn);
void crowd_remove(struct crowd *c, struct conn *conn);
struct conn *crowd_find(const struct crowd *c, uint64_t token); /* NULL: it is gone */

#endif
