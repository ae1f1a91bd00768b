/* SPDX-License-Identifier: MIT
 *
 * Times and durations between people and Unix seconds, in the local time zone. Now is passed in.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stddef.h>
#include <stdint.h>

enum { WHEN_SIZE = 32 };

/* "today", "yesterday" (local midnights), "90s" "15m" "12h" "7d" (that long ago), "YYYY-MM-DD", "YYYY-MM-DD HH:MM".
 * -EINVAL for anything else, and for days that no calendar has. */
int when_parse(const char *text, int64_t now_s, int64_t *ret_s) __attribute__((warn_unused_result));

/* HH:MM:SS if it is the day of now_s, else YYYY-MM-DD HH:MM. */
void when_short(char out[WHEN_SIZE], int64_t at_s, int64_t now_s);
/* YYYY-MM-DD HH:MM:SS. */
void when_full(char out[WHEN_SIZE], int64_t at_s);
/* HH:MM if it is the day of now_s, else YYYY-MM-DD HH:MM. */
void when_minute(char out[WHEN_SIZE], int64_t at_s, int64_t now_s);

/* The two largest units of it: 45s, 15m, 1h2m, 7d. */
void when_duration(char out[WHEN_SIZE], int64_t s);

#endif
