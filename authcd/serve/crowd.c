/* SPDX-License-Identifier: MIT
 *
 * See crowd.h. Plain walks of a list: it is short, and a walk happens once a connection or once a hash.
 */
#include "crowd.h"

void crowd_init(struct crowd *c, unsigned max)
{
    *c = (struct crowd){.max = max < CROWD_MAX ? max : CROWD_MAX};
    TAILQ_INIT(&c->all);
}

bool crowd_admits(const struct crowd *c, uint32_t uid)
{
    const struct conn *conn;
    unsigned own = 0;

    if (uid == 0)
        return c->n - c->leaving < c->max;
    if (c->n + CROWD_RESERVE >= c->max)
        return false;
    TAILQ_FOREACH (conn, &c->all, all)
        own += conn->peer.uid == uid;
    return own < CROWD_PER_UID_MAX;
}

void crowd_add(struct crowd *c, struct conn *conn)
{
    TAILQ_INSERT_TAIL(&c->all, conn, all);
    c->n++;
}

void crowd_remove(struct crowd *c, struct conn *conn)
{
    TAILQ_REMOVE(&c->all, conn, all);
    c->n--;
    c->leaving -= conn->leaving;
}

struct conn *crowd_find(const struct crowd *c, uint64_t token)
{
    struct conn *conn;

    TAILQ_FOREACH (conn, &c->all, all)
        if (conn->token == token)
            return conn;
    return NULL;
}
