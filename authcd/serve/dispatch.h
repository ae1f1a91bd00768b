/* SPDX-License-Identifier: MIT
 *
 * From a packet to its handler: decodes, checks who may send it, frames the transaction, and turns whatever fails into
 * the refusal that the wire has for it. Knows who asks, not where: sockets, queues and the sync are turn's.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "budget.h"
#include "disk.h"
#include "handler.h"
#include "pool.h"
#include "room.h"

struct dispatch {
    struct db *db;      /* NULL: there is no state to answer from */
    const char *broken; /* why, for root's eyes */
    bool no_room;       /* that is why: load could have brought it about, so it opens no fallback */
    struct disk *disk;  /* NULL: a full disk is nobody's business */
    const struct config *config;
    struct counters *counters;
    struct pool *pool;           /* NULL without db */
    struct room *room;           /* whose conversations go on */
    struct room_seat *makes_way; /* whoever has to leave for what the last packet began; NULL: nobody */
    struct clock now;
    struct budget budget;
    struct login_mark *mark;
    bool unsettled; /* somebody is gone whose attempt in flight could not be settled */
    struct msg in;  /* the packet at hand: too large for a stack that has others */
};

/* Who asks, the conversation that is theirs, and its seat, which they give up when all was said. */
struct dispatch_from {
    const struct peer *peer;
    struct login **login;
    struct room_seat *seat;
};

/* Each fills *step, empty before, and cannot fail: what goes wrong ends in a refusal and step->close. */
void dispatch_packet(struct dispatch *d, struct dispatch_from from, const unsigned char *packet, size_t len,
                     struct step *step);
void dispatch_hashed(struct dispatch *d, struct dispatch_from from, const struct password_job *job, struct step *step);
void dispatch_retry(struct dispatch *d, struct dispatch_from from, struct step *step);
/* There is no room for the peer's conversation: REFUSED BUSY, and close. */
void dispatch_busy(struct dispatch *d, struct dispatch_from from, struct step *step);
/* The peer is gone: step's replies go nowhere. */
void dispatch_gone(struct dispatch *d, struct dispatch_from from, struct step *step);

/* To be called when nobody is connected: settles what could not be, as failures, if the database takes it now. */
void dispatch_settle(struct dispatch *d);

/* A packet that is none: REFUSED PROTOCOL, and close. */
void dispatch_malformed(struct step *step, const char *what);

#endif
