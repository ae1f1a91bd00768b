/* SPDX-License-Identifier: MIT
 *
 * Ends sessions whose leader is dead: the process that opened one (sshd, login) may be killed before it closes it, and
 * nothing must be minted from what is left. Each leader of live sessions is watched by one pidfd, which no later
 * process of the same number can take over; sessions found at the start are believed only if the process is the same
 * one.
 */
#ifndef LEADERS_H
#define LEADERS_H

#include <systemd/sd-event.h>

#include "db.h"

struct leaders;

/* ended is called after a session was ended, outside of any transaction. */
int leaders_new(sd_event *loop, struct db *db, void (*ended)(void *userdata), void *userdata, struct leaders **ret)
    __attribute__((warn_unused_result));
void leaders_free(struct leaders *l); /* NULL does nothing */

/* Watches the leaders of sessions that were opened since the last call; ends those that are dead already. */
int leaders_look(struct leaders *l) __attribute__((warn_unused_result));

#endif
