/* SPDX-License-Identifier: MIT
 *
 * Where a turn keeps its connections between the steps of one: who has something to send, who must wait to send it, who
 * waits for an account's attempts to settle, who is gone. Lists only: no socket, no clock, no database.
 */
#ifndef LISTS_H
#define LISTS_H

#include "crowd.h"

struct lists {
    struct conns touched; /* to be looked at when the turn ends */
    struct conns dead;    /* to be reaped; linked by the same entry, so a connection is in one of the two at most */
    struct conns held;    /* by held_until_ms, the first to leave first */
    struct conns waiting; /* in the order in which they began to */
};

void lists_init(struct lists *l);

void lists_touch(struct lists *l, struct conn *c);
/* The next touched one, no longer touched; NULL if there is none. */
struct conn *lists_take_touched(struct lists *l);
void lists_die(struct lists *l, struct conn *c);

/* Holds c until its held_until_ms. */
void lists_hold(struct lists *l, struct conn *c);
/* Holds it no longer. */
void lists_release(struct lists *l, struct conn *c);
/* The first held one whose time has come, no longer held; NULL if there is none. */
struct conn *lists_take_held(struct lists *l, int64_t now_ms);

/* Enters or leaves `waiting` as its login says. */
void lists_note_waiting(struct lists *l, struct conn *c);
/* Whoever waits for this account shall look again. */
void lists_settled(struct lists *l, int64_t tag);
/* The first that shall look again, and is now held to have; NULL if there is none. */
struct conn *lists_take_retry(struct lists *l);

/* Takes a dead c out of all lists. */
void lists_forget(struct lists *l, struct conn *c);

#endif
