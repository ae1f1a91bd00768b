/* SPDX-License-Identifier: MIT
 *
 * A thousand people behind one address for a month: how many of their right logins are refused, and for how long.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include "play.h"

enum { PEOPLE = 1000, PEOPLE_DAYS = 30 };

struct people {
    enum config_limits preset;
    bool proxies;       /* their address is one of `proxies` */
    int spray_from_day; /* somebody behind the same address tries all names, all the time, from that day; -1: never */
    bool besieged;      /* a stranger with many sources guesses at each of their accounts, from the second day */
};

struct people_result {
    int64_t logins, refused_first_day, refused_later;
    int64_t longest_ms; /* from the first try with the right password until in */
    int64_t never;      /* of the refused: not in that day */
};

void people_month(const struct people *p, struct people_result *ret);

#endif
