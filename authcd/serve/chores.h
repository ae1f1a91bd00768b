/* SPDX-License-Identifier: MIT
 *
 * What authcd does without being asked: checkpoints, expired rows, published files, acknowledged events, the watchdog.
 * Each on its own timer, none of it in the way of a login for long.
 */
#ifndef CHORES_H
#define CHORES_H

#include "turn.h"

struct chores;

/* d, journal and turn stay the caller's and must outlive the chores. Without a database only the watchdog is left. */
int chores_new(sd_event *loop, struct dispatch *d, struct journal *journal, struct turn *turn, struct chores **ret)
    __attribute__((warn_unused_result));
void chores_free(struct chores *c); /* NULL does nothing */

#endif
