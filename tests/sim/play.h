/* SPDX-License-Identifier: MIT
 *
 * Attempts under the guess limits as handlers/attempt makes them, on rows that lie in memory and under a clock that the
 * game sets. An attempt here takes no time: that many at once get no more looks is the unit tests' to show.
 */
#ifndef PLAY_H
#define PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

enum { PLAY_ROWS_MAX = BUCKET_COUNT, PLAY_FREE_S = 2592000 /* 30 days: how long a source stays known */ };
#define PLAY_SECOND INT64_C(1000)
#define PLAY_MINUTE (60 * PLAY_SECOND)
#define PLAY_HOUR (60 * PLAY_MINUTE)
#define PLAY_DAY (24 * PLAY_HOUR)
#define PLAY_YEAR (365 * PLAY_DAY)
#define PLAY_NEVER INT64_MAX

/* An account's rows; codes[LIMIT_STRANGER] and, for all others, codes[LIMIT_KNOWN]. */
struct play_account {
    struct limit_row all, codes[2];
};

/* An account at a source. */
struct play_pair {
    struct limit_row row;
    int64_t known_until_ms;
};

/* One attempt: whose account, from where, and whether a code is looked at too. */
struct play {
    enum config_limits preset;
    struct play_account *account;
    struct play_pair *pair;
    struct limit_row *source, *net; /* NULL: not counted */
    bool code;
};

struct clock play_clock(int64_t at_ms);

enum limit_who play_who(const struct play *p, int64_t at_ms);

/* The wait that such an attempt is told of: 0, it is looked at; or PLAY_NEVER. */
int64_t play_told(const struct play *p, int64_t at_ms);

/* How long until it would be looked at, a little too long at most: 0, or PLAY_NEVER. */
int64_t play_wait(const struct play *p, int64_t at_ms);

/* One that is looked at, with a wrong password (or, with code, a right one and a wrong code). */
void play_fail(const struct play *p, int64_t at_ms);

/* One that is looked at, and proves all that the account has. */
void play_succeed(const struct play *p, int64_t at_ms);

/* Would one more failure be one in a row too many, for good or as a known source? */
bool play_is_last(const struct play *p, int64_t at_ms, bool forfeit);

#endif
