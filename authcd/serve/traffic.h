/* SPDX-License-Identifier: MIT
 *
 * All connections, from a ready descriptor to a reply that is sent: packets and hashes in, each through dispatch, what
 * comes of it to whom it concerns, and out. When each of this is done, and that it is durable before anything leaves,
 * is turn's.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "dispatch.h"
#include "listeners.h"
#include "lists.h"
#include "room.h"

struct traffic {
    struct dispatch *d; /* not owned */
    struct listeners listeners;
    struct crowd crowd;
    struct lists lists;
    struct room room;
    /* Who is watched, by whose they are: root's connections are served first, whatever all others ask for. The second
     * is in the first, and so are system.sock and what the pool gives back. */
    int epolls[SOCKETS_COUNT];
    bool draining;
    int64_t start_us;
    unsigned packets; /* since then */
    unsigned char packet[PROTOCOL_PACKET_MAX];
};

/* Starts accepting; t was zeroed. To be closed also where it fails. */
int traffic_open(struct traffic *t, struct dispatch *d, const struct sockets *sockets)
    __attribute__((warn_unused_result));
/* Each connection ends as if its peer had hung up. What that wrote is not synced. */
void traffic_end_all(struct traffic *t);
void traffic_close(struct traffic *t);

/* Reads the clocks; every turn begins with it. */
void traffic_start(struct traffic *t);
/* New connections, packets, and hashes that came back: of root's, and then of all others', at most 64 or 2 ms each. */
void traffic_take_in(struct traffic *t);
/* Held replies whose time has come will leave. */
void traffic_release(struct traffic *t);
/* Cuts off who has been silent for too long, and listens again where it could not. */
void traffic_sweep(struct traffic *t);
/* Accepts no more, and closes what begins nothing. Who waits in the backlog is left to the next authcd if the sockets
 * are handed; otherwise nobody would ever come, and they are let in first. */
void traffic_drain(struct traffic *t, bool handed);

/* Reaps the dead, and tells those who waited for what they held. */
void traffic_reap(struct traffic *t);
/* Lets go on who waited for what has changed, first come, first served. True: some are left for another turn. */
bool traffic_retry(struct traffic *t);
/* Starts hashes and sends replies: all that they say must be durable by now. */
void traffic_let_out(struct traffic *t);
/* Has the last of these left nothing that the others must see? */
bool traffic_is_settled(const struct traffic *t);

/* BOOTTIME at which the next held reply leaves; 0: none is held. */
int64_t traffic_next_release_ms(const struct traffic *t);
/* Is there anything to sweep? */
bool traffic_wants_sweep(const struct traffic *t);

#endif
