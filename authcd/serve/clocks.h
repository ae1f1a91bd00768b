/* SPDX-License-Identifier: MIT
 *
 * Where the daemon reads clocks: everything below serve/ is told the time. (One deadline is read elsewhere: that of the
 * join in journal.c, which takes CLOCK_REALTIME.)
 */
#ifndef CLOCKS_H
#define CLOCKS_H

#include "clock.h"

/* Reads both clocks and the boot id. -EIO: /proc has no boot id, so waits would mean nothing. */
int clocks_open(struct clock *ret) __attribute__((warn_unused_result));

/* Moves an opened clock on to now. */
void clocks_read(struct clock *c);

/* CLOCK_MONOTONIC in microseconds: how long our own work takes, never what a rule is told. */
int64_t clocks_monotonic_us(void);

#endif
