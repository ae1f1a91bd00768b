/* SPDX-License-Identifier: MIT
 *
 * Local time by libc, which knows the zone and its summer time. A date is checked by converting it there and back: what
 * does not return as itself (31 February) is no date. Leaves out: seconds in what is typed, other zones, words but two.
 */
#include "when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text.h"

static const struct unit {
    char letter;
    int64_t s;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

enum { UNITS = sizeof units / sizeof units[0] };

static bool local(int64_t at_s, struct tm *ret)
{
    time_t t = (time_t)at_s;
    return localtime_r(&t, ret) != NULL;
}

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

static int midnight(int64_t now_s, int days_ago, int64_t *ret_s)
{
    struct tm tm;

    if (!local(now_s, &tm))
        return -EINVAL;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday -= days_ago;
    tm.tm_isdst = -1;
    *ret_s = (int64_t)mktime(&tm);
    return 0;
}

static int ago(const char *text, int64_t now_s, int64_t *ret_s)
{
    char digits[12];
    uint64_t n = 0;
    size_t len = strlen(text);

    if (len < 2 || len > sizeof digits)
        return -EINVAL;
    memcpy(digits, text, len - 1);
    digits[len - 1] = '\0';
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].letter == text[len - 1] && text_to_u64(digits, INT32_MAX, &n) == 0) {
            int64_t span_s = (int64_t)n * units[i].s;
            *ret_s = span_s < now_s ? now_s - span_s : 0;
            return 0;
        }
    return -EINVAL;
}

/* n digits as a number; -1 if they are not all digits. */
static int digits(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int date(const char *text, int64_t *ret_s)
{
    size_t len = strlen(text);
    bool timed = len == 16;

    if ((!timed && len != 10) || text[4] != '-' || text[7] != '-' || (timed && (text[10] != ' ' || text[13] != ':')))
        return -EINVAL;
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    int hour = timed ? digits(text + 11, 2) : 0, minute = timed ? digits(text + 14, 2) : 0;
    if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return -EINVAL;
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};
    tm.tm_isdst = -1;
    int64_t at_s = (int64_t)mktime(&tm);
    if (tm.tm_year != year - 1900 || tm.tm_mon != month - 1 || tm.tm_mday != day)
        return -EINVAL;
    *ret_s = at_s;
    return 0;
}

int when_parse(const char *text, int64_t now_s, int64_t *ret_s)
{
    if (strcmp(text, "today") == 0)
        return midnight(now_s, 0, ret_s);
    if (strcmp(text, "yesterday") == 0)
        return midnight(now_s, 1, ret_s);
    if (ago(text, now_s, ret_s) == 0)
        return 0;
    return date(text, ret_s);
}

static bool is_today(const struct tm *at, int64_t now_s)
{
    struct tm now;
    return local(now_s, &now) && same_day(at, &now);
}

static void stamp(char out[WHEN_SIZE], const struct tm *tm, bool with_day, bool with_seconds)
{
    char day[WHEN_SIZE] = "", seconds[8] = "";
    int error = 0;

    if (with_day)
        error = text_format(day, sizeof day, "%04d-%02d-%02d ", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
    if (error == 0 && with_seconds)
        error = text_format(seconds, sizeof seconds, ":%02d", tm->tm_sec);
    if (error == 0)
        error = text_format(out, WHEN_SIZE, "%s%02d:%02d%s", day, tm->tm_hour, tm->tm_min, seconds);
    if (error < 0)
        out[0] = '\0';
}

/* False, and the bare number, for what four digits of a year cannot say. */
static bool sayable(char out[WHEN_SIZE], int64_t at_s, struct tm *ret)
{
    if (local(at_s, ret) && ret->tm_year >= 0 && ret->tm_year + 1900 <= 9999)
        return true;
    snprintf(out, WHEN_SIZE, "@%lld", (long long)at_s);
    return false;
}

void when_short(char out[WHEN_SIZE], int64_t at_s, int64_t now_s)
{
    struct tm tm;

    if (sayable(out, at_s, &tm))
        stamp(out, &tm, !is_today(&tm, now_s), is_today(&tm, now_s));
}

void when_full(char out[WHEN_SIZE], int64_t at_s)
{
    struct tm tm;

    if (sayable(out, at_s, &tm))
        stamp(out, &tm, true, true);
}

void when_minute(char out[WHEN_SIZE], int64_t at_s, int64_t now_s)
{
    struct tm tm;

    if (sayable(out, at_s, &tm))
        stamp(out, &tm, !is_today(&tm, now_s), false);
}

void when_duration(char out[WHEN_SIZE], int64_t s)
{
    size_t used = 0, i = 0;

    if (s <= 0) {
        snprintf(out, WHEN_SIZE, "0s");
        return;
    }
    while (s < units[i].s)
        i++;
    for (size_t end = i + 2; i < UNITS && i < end; i++) {
        if (s >= units[i].s)
            used +=
                (size_t)snprintf(out + used, WHEN_SIZE - used, "%lld%c", (long long)(s / units[i].s), units[i].letter);
        s %= units[i].s;
    }
}
