/* SPDX-License-Identifier: MIT
 *
 * The turn: all connections in one epoll descriptor that is one source of the event loop. A turn drains what is ready,
 * so much and no more, each packet in a transaction of its own; then one sync makes all of it durable; then, and only
 * then, replies leave, hashes start and events go to the journal. If the sync fails the process ends: nothing of that
 * turn was seen by anybody. When all this happens is here; what happens to connections is traffic's.
 */
#ifndef TURN_H
#define TURN_H

#include <systemd/sd-event.h>

#include "dispatch.h"
#include "journal.h"
#include "sockets.h"

struct turn;

/* Starts accepting. d, journal (NULL if there is no database) and sockets stay the caller's and must outlive the turn.
 */
int turn_new(sd_event *loop, struct dispatch *d, struct journal *journal, const struct sockets *sockets,
             struct turn **ret) __attribute__((warn_unused_result));

/* Closes every connection as if its peer had hung up, and syncs. NULL does nothing. */
void turn_free(struct turn *t);

/* What others committed outside of a packet: sync, events to the journal. */
void turn_finish(struct turn *t);

/* Has anything been made durable since the last call? */
bool turn_wrote(struct turn *t);

/* Accepts no more; what begins nothing is closed; the loop ends as soon as no connection is left. */
void turn_drain(struct turn *t);

#endif
