/* SPDX-License-Identifier: MIT
 *
 * The only place of the daemon that reads a clock: everything below serve/ is told the time.
 */
#ifndef CLOCKS_H
#define CLOCKS_H

#include "clock.h"

/* Reads both clocks and the boot id. -EIO: /proc has no boot id, so waits would mean nothing. */
int clocks_open(struct clock *ret) __attribute__((warn_unused_result));

/* Moves an opened clock on to now. */
void clocks_read(struct clock *c);

#endif
