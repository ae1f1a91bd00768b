/* SPDX-License-Identifier: MIT
 *
 * One who guesses against one account: how many looks the best of many ways to wait comes to, while the owner is away
 * or logs in once a day.
 */
#ifndef DUEL_H
#define DUEL_H

#include "play.h"

enum duel_from {
    DUEL_ONE_SOURCE,   /* a /64 is one source */
    DUEL_MANY_SOURCES, /* DUEL_SOURCES of them, each in a network of its own */
    DUEL_OWNERS,       /* the very address that the owner works behind */
    DUEL_FROM_COUNT,
};

enum { DUEL_SOURCES = 10000 };

struct duel {
    enum config_limits preset;
    enum duel_from from;
    bool code; /* the password is known: codes are guessed */
    bool owner;
    int64_t end_ms;
};

/* The most guesses until end_ms. */
int64_t duel_guesses(const struct duel *d);

#endif
