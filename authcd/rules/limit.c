/* SPDX-License-Identifier: MIT
 *
 * The table of guess limits and the arithmetic on its rows. Where time has to be doubted (after a reboot only the wall
 * clock is left, and anybody may have set it) the answer errs towards waiting, but never longer than the rule's cap:
 * this boot's own age is time that has certainly passed. Leaves out where rows are kept and which ones an attempt
 * touches.
 */
#include "limit.h"

#include <string.h>

enum {
    NIST = 1 << CONFIG_LIMITS_NIST,
    CIS = 1 << CONFIG_LIMITS_CIS,
    STIG = 1 << CONFIG_LIMITS_STIG,
    ALL_PRESETS = NIST | CIS | STIG,
    STRANGER = 1 << LIMIT_STRANGER,
    KNOWN = 1 << LIMIT_KNOWN,
    CONSOLE = 1 << LIMIT_CONSOLE,
    EVERYBODY = STRANGER | KNOWN | CONSOLE,
};

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* clang-format off */
static const struct row {
    enum bucket bucket;
    int presets, who;
    struct limit_rule rule;
} table[] = {
    {BUCKET_ACCOUNT, NIST, STRANGER, {"account", .free = 5, .base_ms = 30 * SECOND, .cap_ms = HOUR, .leak_per_h = 1, .consecutive = 100}},
    /* What CIS and STIG ask for counts everybody, and so lets strangers lock people out. That two an hour leak means
     * that of the failures of a quarter of an hour none has leaked whole when their wait ends. */
    {BUCKET_ACCOUNT, CIS, EVERYBODY, {"account", .free = 5, .base_ms = 15 * MINUTE, .cap_ms = 15 * MINUTE, .leak_per_h = 2}},
    {BUCKET_ACCOUNT, STIG, EVERYBODY, {"account", .free = 3, .base_ms = 15 * MINUTE, .cap_ms = 15 * MINUTE, .leak_per_h = 2, .consecutive = 3}},
    {BUCKET_PAIR, ALL_PRESETS, CONSOLE, {"pair", .free = 5, .base_ms = 2 * SECOND, .cap_ms = 5 * MINUTE, .leak_per_h = 1}},
    {BUCKET_PAIR, ALL_PRESETS, STRANGER | KNOWN, {"pair", .free = 5, .base_ms = 2 * SECOND, .cap_ms = 15 * MINUTE, .leak_per_h = 1, .forfeit = 100}},
    {BUCKET_SOURCE, ALL_PRESETS, STRANGER, {"source", .free = 20, .base_ms = 5 * SECOND, .cap_ms = HOUR, .leak_per_h = 20}},
    {BUCKET_NET, ALL_PRESETS, STRANGER, {"net", .free = 200, .base_ms = 5 * SECOND, .cap_ms = HOUR, .leak_per_h = 200}},
    {BUCKET_OTP, ALL_PRESETS, EVERYBODY, {"otp", .free = 3, .base_ms = 30 * SECOND, .cap_ms = HOUR, .leak_per_h = 1, .consecutive = 20}},
};
/* clang-format on */

enum { ROWS = sizeof table / sizeof table[0] };

const struct limit_rule *limit_rule(enum config_limits preset, enum bucket bucket, enum limit_who who)
{
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].bucket == bucket && table[i].presets & 1 << preset && table[i].who & 1 << who)
            return &table[i].rule;
    return NULL;
}

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The wait after that many settled failures. Doubles in steps, so that no shift can overflow. */
static int64_t delay_ms(const struct limit_rule *rule, int64_t failures)
{
    if (failures < rule->free)
        return 0;
    int64_t delay = rule->base_ms;
    for (int64_t n = rule->free; n < failures && delay < rule->cap_ms; n++)
        delay *= 2;
    return min_i64(delay, rule->cap_ms);
}

/* The level at which the delay reaches the cap: more is not remembered. */
static int64_t top_level(const struct limit_rule *rule)
{
    int64_t failures = rule->free;
    for (int64_t delay = rule->base_ms; delay < rule->cap_ms; delay *= 2)
        failures++;
    return failures * LIMIT_UNIT;
}

int64_t limit_forgotten_ms(enum config_limits preset, enum bucket bucket)
{
    int64_t most = 0;

    for (size_t i = 0; i < ROWS; i++)
        if (table[i].bucket == bucket && table[i].presets & 1 << preset)
            most = max_i64(most, top_level(&table[i].rule) / table[i].rule.leak_per_h * 3600000 / LIMIT_UNIT);
    return most;
}

/* Time since the last charge. After a reboot: what the wall clock says within [0, cap], and never less than this boot
 * has lasted, or a clock set back would hold a lock for as long as it was set back. */
static int64_t elapsed_ms(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now)
{
    if (strcmp(row->boot_id, now->boot_id) == 0)
        return max_i64(now->boot_ms - row->charged_boot_ms, 0);
    int64_t wall_s;
    if (__builtin_sub_overflow(now->wall_s, row->charged_at, &wall_s))
        wall_s = 0;
    int64_t wall_ms = min_i64(max_i64(wall_s, 0), rule->cap_ms / 1000) * 1000;
    return max_i64(now->boot_ms, wall_ms);
}

static int64_t leaked(const struct limit_rule *rule, int64_t elapsed)
{
    int64_t product;
    if (__builtin_mul_overflow(elapsed, (int64_t)rule->leak_per_h * LIMIT_UNIT, &product))
        return INT64_MAX; /* thousands of years */
    return product / 3600000;
}

/* Settled failures are clipped at the top; charges in flight come on top of it, so that a refund finds them whole. */
static int64_t clipped_level(const struct limit_rule *rule, const struct limit_row *row)
{
    return max_i64(min_i64(row->level, top_level(rule) + (int64_t)row->in_flight * LIMIT_UNIT), 0);
}

static int64_t level_now(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now)
{
    return max_i64(clipped_level(rule, row) - leaked(rule, elapsed_ms(rule, row, now)), 0);
}

/* A failure counts whole until the last of it has leaked: a fresh one must not be gone a millisecond later. */
static int64_t whole(int64_t level)
{
    return (level + LIMIT_UNIT - 1) / LIMIT_UNIT;
}

enum limit_answer limit_look(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now,
                             int64_t *ret_wait_ms)
{
    if (rule->consecutive > 0 && row->consecutive >= rule->consecutive) {
        *ret_wait_ms = INT64_MAX;
        return LIMIT_REFUSE;
    }
    int64_t failures = whole(level_now(rule, row, now));
    int64_t settled = max_i64(failures - row->in_flight, 0);
    if (failures < rule->free)
        return LIMIT_ADMIT;
    if (settled < rule->free)
        return LIMIT_WAIT;
    int64_t remaining = delay_ms(rule, settled) - elapsed_ms(rule, row, now);
    if (remaining > 0) {
        *ret_wait_ms = remaining;
        return LIMIT_REFUSE;
    }
    return row->in_flight > 0 ? LIMIT_WAIT : LIMIT_ADMIT;
}

void limit_charge(const struct limit_rule *rule, struct limit_row *row, const struct clock *now, bool shared)
{
    int64_t level = level_now(rule, row, now);
    int64_t gone = clipped_level(rule, row) - level;
    int64_t share = min_i64(max_i64(row->share - gone, 0), level);
    row->level = level + LIMIT_UNIT;
    row->share = share + (shared ? LIMIT_UNIT : 0);
    row->in_flight++;
    row->charged_boot_ms = now->boot_ms;
    row->charged_at = now->wall_s;
    memcpy(row->boot_id, now->boot_id, sizeof row->boot_id);
}

void limit_fail(struct limit_row *row)
{
    if (row->in_flight > 0)
        row->in_flight--;
    if (row->consecutive < UINT32_MAX)
        row->consecutive++;
    row->failed_at = row->charged_at;
}

void limit_refund(struct limit_row *row, bool shared)
{
    if (row->in_flight == 0)
        return; /* nothing is open: giving back would take a settled failure */
    row->in_flight--;
    row->level = max_i64(row->level - LIMIT_UNIT, 0);
    if (shared)
        row->share = max_i64(row->share - LIMIT_UNIT, 0);
}

/* Charges in flight stay, or taking a share would make room for more looks at once than the rule allows. */
void limit_take(struct limit_row *row, int64_t share)
{
    int64_t open = min_i64((int64_t)row->in_flight * LIMIT_UNIT, row->level);
    row->level = max_i64(row->level - max_i64(share, 0), max_i64(open, 0));
}

void limit_forgive(struct limit_row *row)
{
    int64_t open = (int64_t)row->in_flight * LIMIT_UNIT;
    row->level = min_i64(row->level, open);
    row->share = min_i64(row->share, open);
    row->consecutive = 0;
    row->failed_at = 0;
}

uint32_t limit_failures(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now)
{
    return (uint32_t)max_i64(whole(level_now(rule, row, now)) - row->in_flight, 0);
}

int64_t limit_wait_s(int64_t wait_ms)
{
    return wait_ms == INT64_MAX ? -1 : wait_ms / 1000 + (wait_ms % 1000 != 0);
}
