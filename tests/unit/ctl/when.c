/* SPDX-License-Identifier: MIT
 *
 * Times as people write and read them, with a clock of the test's own.
 */
#include "when.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tap.h"

enum { NOON = 1763726400 }; /* 2025-11-21 12:00:00 UTC */

static int64_t at_s;
static char out[WHEN_SIZE];

static void parses(const char *text, int64_t want_s)
{
    at_s = -1;
    is_int(when_parse(text, NOON, &at_s), 0, "\"%s\" is a time", text);
    is_int(at_s, want_s, "the right one");
}

static void refuses(const char *text)
{
    at_s = -1;
    is_int(when_parse(text, NOON, &at_s), -EINVAL, "\"%s\" is no time", text);
    is_int(at_s, -1, "nothing was written");
}

static void test_parse(void)
{
    parses("today", NOON - 12 * 3600);
    parses("yesterday", NOON - 36 * 3600);
    parses("90s", NOON - 90);
    parses("15m", NOON - 900);
    parses("12h", NOON - 12 * 3600);
    parses("7d", NOON - 7 * 86400);
    parses("0s", NOON);
    parses("99999d", 0); /* before 1970 is as good as ever */
    parses("2025-11-21", NOON - 12 * 3600);
    parses("2025-11-21 09:40", NOON - 140 * 60);
    parses("2024-02-29", 1709164800);
    static const char *const wrong[] = {"",
                                        "m",
                                        "-5m",
                                        "+5m",
                                        "5",
                                        "5w",
                                        "5 m",
                                        "05m",
                                        "5mm",
                                        "99999999999d",
                                        "tomorrow",
                                        "Today",
                                        "2025-02-29",
                                        "2025-13-01",
                                        "2025-00-01",
                                        "2025-01-00",
                                        "2025-01-32",
                                        "2025-1-1",
                                        "2025-11-21 24:00",
                                        "2025-11-21 09:60",
                                        "2025-11-21T09:40",
                                        "2025-11-21 09:40:00",
                                        "1969-12-31",
                                        "20x5-11-21",
                                        "2025-11-21 "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuses(wrong[i]);
}

static void test_summer_time(void)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    int64_t noon_s = 1743339600; /* 2025-03-30 15:00 CEST: this day has 23 hours */
    is_int(when_parse("today", noon_s, &at_s), 0, "today, where the clock was put forward");
    is_int(at_s, 1743289200, "began at local midnight");
    is_int(when_parse("yesterday", noon_s, &at_s), 0, "yesterday");
    is_int(at_s, 1743289200 - 86400, "began at the midnight before");
    setenv("TZ", "UTC", 1);
    tzset();
}

static void test_show(void)
{
    when_short(out, NOON - 60, NOON);
    is_str(out, "11:59:00", "today: the time alone");
    when_short(out, NOON - 86400, NOON);
    is_str(out, "2025-11-20 12:00", "another day: the date as well");
    when_short(out, NOON - 365 * 86400, NOON);
    is_str(out, "2024-11-21 12:00", "the same day of another year is not today");
    when_minute(out, NOON, NOON);
    is_str(out, "12:00", "to the minute");
    when_full(out, NOON);
    is_str(out, "2025-11-21 12:00:00", "in full");
    when_full(out, INT64_MAX);
    is_str(out, "@9223372036854775807", "past all calendars: the number");
    when_full(out, 253402300800);
    is_str(out, "@253402300800", "the year 10000: the number");
}

static void duration(int64_t s, const char *want)
{
    when_duration(out, s);
    is_str(out, want, "%lld seconds", (long long)s);
}

static void test_durations(void)
{
    duration(0, "0s");
    duration(59, "59s");
    duration(900, "15m");
    duration(90, "1m30s");
    duration(3720, "1h2m");
    duration(3605, "1h");
    duration(604800, "7d");
    duration(90000, "1d1h");
    duration(INT64_MAX, "106751991167300d15h");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    test_parse();
    test_summer_time();
    test_show();
    test_durations();
    return tap_done();
}
