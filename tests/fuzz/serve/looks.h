/* SPDX-License-Identifier: MIT
 *
 * How many looks at an account's secrets the guess limits may ever allow, counted a second time and from outside: only
 * by the hash jobs that leave, the verdicts and the clock. Where it cannot know (after a reboot, what a success takes
 * off) it errs towards allowing, so that an abort here is a look too many.
 */
#ifndef LOOKS_H
#define LOOKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_MAX = 96, LOOKS_FREE = 5, LOOKS_HOUR_MS = 3600000 };

/* One bucket: an account for strangers, or an account and a source. */
struct looks {
    char key[1400];
    int64_t base_ms, cap_ms;
    double level; /* at at_ms */
    int64_t at_ms;
    int open, share, share_open; /* in flight; charged to the account, too; of these, in flight */
};

static struct looks looks_table[LOOKS_MAX];
static size_t looks_n;

static void looks_reset(void)
{
    looks_n = 0;
}

static struct looks *looks_find(const char *account, const char *source)
{
    char key[sizeof looks_table->key];
    snprintf(key, sizeof key, "%s\n%s", account, source);
    for (size_t i = 0; i < looks_n; i++)
        if (strcmp(looks_table[i].key, key) == 0)
            return &looks_table[i];
    if (looks_n == LOOKS_MAX)
        abort();
    struct looks *l = &looks_table[looks_n++];
    memset(l, 0, sizeof *l);
    memcpy(l->key, key, sizeof key);
    l->base_ms = source[0] ? 2000 : 30000;
    l->cap_ms = source[0] ? 900000 : LOOKS_HOUR_MS;
    return l;
}

static double looks_level(const struct looks *l, int64_t now_ms)
{
    double level = l->level - (double)(now_ms - l->at_ms) / LOOKS_HOUR_MS;
    return level < 0 ? 0 : level;
}

static int64_t looks_delay(const struct looks *l, double level)
{
    int64_t delay = l->base_ms;
    for (double n = LOOKS_FREE; n < level && delay < l->cap_ms; n++)
        delay *= 2;
    return delay < l->cap_ms ? delay : l->cap_ms;
}

/* A look left: aborts if it must not have. */
static void looks_charge(struct looks *l, int64_t now_ms, bool shared)
{
    double level = looks_level(l, now_ms);
    if (level > LOOKS_FREE - 1 + 1e-3 && (l->open > 0 || now_ms - l->at_ms + 1 < looks_delay(l, level - 1e-3)))
        abort();
    double top = LOOKS_FREE;
    while (looks_delay(l, top) < l->cap_ms)
        top++;
    if (level > top + l->open)
        level = top + l->open;
    l->level = level + 1;
    l->at_ms = now_ms;
    l->open++;
    l->share += shared;
    l->share_open += shared;
}

static void looks_less(struct looks *l, double n)
{
    l->level = l->level < n ? 0 : l->level - n;
}

static void looks_settle(struct looks *l, bool shared)
{
    if (l->open-- == 0)
        abort();
    l->share_open -= shared;
}

static void looks_refund(struct looks *l, bool shared)
{
    looks_settle(l, shared);
    l->share -= shared;
    looks_less(l, 1);
}

/* Everything was proved from this source: what failed there before is forgiven, and its share of the account's. */
static void looks_forgive(struct looks *pair, struct looks *account)
{
    looks_less(account, pair->share - pair->share_open);
    pair->level = pair->open;
    pair->share = pair->share_open;
}

/* An administrator forgives all of an account's. */
static void looks_unlock(const char *account)
{
    size_t len = strlen(account);
    for (size_t i = 0; i < looks_n; i++) {
        struct looks *l = &looks_table[i];
        if (strncmp(l->key, account, len) != 0 || l->key[len] != '\n')
            continue;
        l->level = l->level < l->open ? l->level : l->open;
        l->share = l->share_open;
    }
}

/* authcd died. A reboot on top of it may have taken any time, but counts for an hour at most, and for its own age. */
static void looks_restart(bool reboot)
{
    for (size_t i = 0; i < looks_n; i++) {
        looks_table[i].open = looks_table[i].share_open = 0;
        if (reboot)
            looks_table[i].at_ms = -LOOKS_HOUR_MS;
    }
}

#endif
