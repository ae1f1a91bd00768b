/* SPDX-License-Identifier: MIT
 *
 * A moment, as rules see it: they never ask for the time, they are told. serve reads the clocks once a packet; tests
 * make moments up. Waits count on boot_ms (CLOCK_BOOTTIME), which nobody can set; wall_s is for people, codes, tokens.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct clock {
    int64_t wall_s;   /* CLOCK_REALTIME, Unix seconds */
    int64_t boot_ms;  /* CLOCK_BOOTTIME */
    char boot_id[37]; /* /proc/sys/kernel/random/boot_id: which boot boot_ms belongs to */
};

#endif
