/* SPDX-License-Identifier: MIT
 *
 * Guess limits under a made-up clock: parallel guesses get no more looks than serial ones (L1, L2), the best guesser
 * gets in a day what the table promises, a clock set wrong across a reboot neither frees nor holds for longer than the
 * cap (L6), a refund gives back exactly what was charged (L12).
 */
#include "limit.h"

#include <stddef.h>

#include "tap.h"

enum { DAY_S = 86400, HOUR_MS = 3600000, YEAR_S = 31536000 };

static const struct limit_rule *account, *pair;

static struct clock start(void)
{
    struct clock now = {.wall_s = 1700000000, .boot_ms = 5000, .boot_id = "boot-1"};
    return now;
}

static void pass(struct clock *now, int64_t ms)
{
    now->boot_ms += ms;
    now->wall_s += ms / 1000;
}

static void reboot(struct clock *now, int64_t wall_jump_s)
{
    now->boot_ms = 0;
    now->wall_s += wall_jump_s;
    now->boot_id[5]++;
}

static void charge_and_fail(const struct limit_rule *rule, struct limit_row *row, const struct clock *now, int n)
{
    for (int i = 0; i < n; i++) {
        limit_charge(rule, row, now, true);
        limit_fail(row);
    }
}

/* The fields, not the bytes: what lies between them is nobody's. */
static bool same_row(const struct limit_row *a, const struct limit_row *b)
{
    return a->level == b->level && a->share == b->share && a->in_flight == b->in_flight &&
           a->consecutive == b->consecutive;
}

static void test_table(void)
{
    is_int(account->free, 5, "ACCOUNT: five failures cost nothing");
    is_int(account->base_ms, 30000, "ACCOUNT: 30 s at first");
    is_int(account->cap_ms, HOUR_MS, "ACCOUNT: an hour at most");
    is_int(account->leak_per_h, 1, "ACCOUNT: one forgotten an hour");
    is_int(account->consecutive, 100, "ACCOUNT: a hundred in a row");
    is_int(pair->free, 5, "PAIR: five failures cost nothing");
    is_int(pair->base_ms, 2000, "PAIR: 2 s at first");
    is_int(pair->cap_ms, 900000, "PAIR: 15 min at most");
    is_int(pair->leak_per_h, 1, "PAIR: one forgotten an hour");
    is_int(pair->consecutive, 0, "PAIR: never refused for good");
    is_int(pair->forfeit, 100, "PAIR: a hundred in a row make a stranger of it");
}

static void is_row(const struct limit_rule *r, const char *name, uint32_t free, int64_t base_s, int64_t cap_s,
                   uint32_t leak_per_h, uint32_t consecutive)
{
    ok(r && r->free == free && r->base_ms == base_s * 1000 && r->cap_ms == cap_s * 1000 &&
           r->leak_per_h == leak_per_h && r->consecutive == consecutive,
       "%s", name);
}

static void test_whole_table(void)
{
    const enum config_limits nist = CONFIG_LIMITS_NIST;

    is_row(limit_rule(nist, BUCKET_SOURCE, LIMIT_STRANGER), "SOURCE", 20, 5, 3600, 20, 0);
    is_row(limit_rule(nist, BUCKET_NET, LIMIT_STRANGER), "NET", 200, 5, 3600, 200, 0);
    is_row(limit_rule(nist, BUCKET_OTP, LIMIT_STRANGER), "OTP of strangers", 3, 30, 3600, 1, 20);
    is_row(limit_rule(nist, BUCKET_OTP, LIMIT_KNOWN), "OTP of known sources", 3, 30, 3600, 1, 20);
    is_row(limit_rule(nist, BUCKET_PAIR, LIMIT_CONSOLE), "PAIR of the console", 5, 2, 300, 1, 0);
    is_row(limit_rule(CONFIG_LIMITS_CIS, BUCKET_ACCOUNT, LIMIT_STRANGER), "cis: ACCOUNT", 5, 900, 900, 2, 0);
    is_row(limit_rule(CONFIG_LIMITS_STIG, BUCKET_ACCOUNT, LIMIT_STRANGER), "stig: ACCOUNT", 3, 900, 900, 2, 3);
    for (int who = LIMIT_KNOWN; who <= LIMIT_CONSOLE; who++) {
        ok(!limit_rule(nist, BUCKET_ACCOUNT, (enum limit_who)who), "L3: known sources (%d) have no ACCOUNT", who);
        ok(!limit_rule(nist, BUCKET_SOURCE, (enum limit_who)who), "L3: nor SOURCE");
        ok(!limit_rule(nist, BUCKET_NET, (enum limit_who)who), "L3: nor NET");
        ok(limit_rule(CONFIG_LIMITS_CIS, BUCKET_ACCOUNT, (enum limit_who)who) != NULL, "cis stops them too");
        ok(limit_rule(CONFIG_LIMITS_STIG, BUCKET_ACCOUNT, (enum limit_who)who) != NULL, "and stig");
    }
    for (int preset = CONFIG_LIMITS_NIST; preset <= CONFIG_LIMITS_STIG; preset++)
        for (int bucket = 0; bucket < BUCKET_COUNT; bucket++) {
            int64_t ms = limit_forgotten_ms((enum config_limits)preset, (enum bucket)bucket);
            const struct limit_rule *r = limit_rule((enum config_limits)preset, (enum bucket)bucket, LIMIT_STRANGER);
            struct clock now = start();
            struct limit_row row = {0};
            ok(r != NULL, "every bucket is there for strangers in every preset");
            charge_and_fail(r, &row, &now, 500);
            pass(&now, ms);
            is_int(limit_failures(r, &row, &now), 0, "%s %d: forgotten after %d s", r->name, preset, (int)(ms / 1000));
        }
}

/* CIS: five failures within fifteen minutes, however they are spread, stop the sixth for fifteen. STIG: three in a row
 * stop all. */
static void test_presets(void)
{
    const struct limit_rule *cis = limit_rule(CONFIG_LIMITS_CIS, BUCKET_ACCOUNT, LIMIT_KNOWN);
    const struct limit_rule *stig = limit_rule(CONFIG_LIMITS_STIG, BUCKET_ACCOUNT, LIMIT_KNOWN);
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = 0;

    for (int i = 0; i < 5; i++) {
        is_int(limit_look(cis, &row, &now, &wait_ms), LIMIT_ADMIT, "cis: look %d", i + 1);
        charge_and_fail(cis, &row, &now, 1);
        pass(&now, 210000);
    }
    is_int(limit_look(cis, &row, &now, &wait_ms), LIMIT_REFUSE, "cis: no sixth within 17 minutes");
    is_int(wait_ms, 900000 - 210000, "cis: but 15 minutes after the fifth");
    row = (struct limit_row){0};
    charge_and_fail(stig, &row, &now, 3);
    pass(&now, 30 * (int64_t)DAY_S * 1000);
    is_int(limit_look(stig, &row, &now, &wait_ms), LIMIT_REFUSE, "stig: three in a row stop all, a month later too");
}

static void test_delays(void)
{
    static const int64_t want_s[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600};
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = -1;
    charge_and_fail(account, &row, &now, 4);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_ADMIT, "the fifth look is free");
    is_int(wait_ms, -1, "an admitted attempt is told no wait");
    for (size_t i = 0; i < sizeof want_s / sizeof *want_s; i++) {
        charge_and_fail(account, &row, &now, 1);
        is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "failure %zu: a wait", i + 5);
        is_int(wait_ms, want_s[i] * 1000, "failure %zu: of %d s", i + 5, (int)want_s[i]);
    }
    pass(&now, HOUR_MS - 1);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "a millisecond early is refused");
    is_int(wait_ms, 1, "and told to wait for it");
    pass(&now, 1);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_ADMIT, "one look after the wait");
    limit_charge(account, &row, &now, false);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "and no second one beside it");
    pass(&now, HOUR_MS);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_WAIT, "nor later, as long as it is in flight");
}

/* More than the delay's cap is worth is not held: twelve hours after any attack all is forgotten. */
static void test_top(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    charge_and_fail(account, &row, &now, 40);
    is_int(limit_failures(account, &row, &now), 12, "forty failures are held as twelve");
    limit_charge(account, &row, &now, false);
    is_int(limit_failures(account, &row, &now), 12, "one in flight beside them is none of them");
    limit_refund(&row, false);
    pass(&now, 12 * (int64_t)HOUR_MS);
    is_int(limit_failures(account, &row, &now), 0, "twelve hours later none is held");
}

static void test_huge_numbers(void)
{
    struct clock now = {.wall_s = INT64_MAX, .boot_ms = INT64_MAX, .boot_id = "x"};
    struct limit_row row = {.level = INT64_MAX, .charged_at = INT64_MIN, .boot_id = "y"};
    int64_t wait_ms = -1;
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_ADMIT, "after ages all is forgotten, without overflow");
    now = start();
    row.charged_boot_ms = now.boot_ms;
    memcpy(row.boot_id, now.boot_id, sizeof row.boot_id);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "a huge level is a wait");
    is_int(wait_ms, HOUR_MS, "of the cap");
    row.level = INT64_MIN;
    limit_charge(account, &row, &now, false);
    is_int(row.level, LIMIT_UNIT, "a level below nothing is nothing");
}

static void test_fresh_failure_counts_whole(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = 0;
    charge_and_fail(account, &row, &now, 5);
    pass(&now, 1);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "five failures are five a millisecond later");
    is_int(limit_failures(account, &row, &now), 5, "and shown as five");
    pass(&now, HOUR_MS - 2);
    is_int(limit_failures(account, &row, &now), 5, "until the hour is over");
    pass(&now, 1);
    is_int(limit_failures(account, &row, &now), 4, "then one is forgotten");
    pass(&now, 4 * (int64_t)HOUR_MS);
    is_int(limit_failures(account, &row, &now), 0, "and the rest in four more");
}

static void test_parallel_wrong(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = 0;
    int admitted = 0, waiting = 0;
    for (int i = 0; i < 64; i++) {
        enum limit_answer answer = limit_look(account, &row, &now, &wait_ms);
        if (answer == LIMIT_ADMIT)
            limit_charge(account, &row, &now, false);
        admitted += answer == LIMIT_ADMIT;
        waiting += answer == LIMIT_WAIT;
    }
    is_int(admitted, 5, "64 at once: five get a look");
    is_int(waiting, 59, "the others wait for their verdicts");
    for (int i = 0; i < 4; i++) {
        limit_fail(&row);
        is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_WAIT, "verdict %d: still waiting", i + 1);
    }
    limit_fail(&row);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "all five wrong: the others are refused");
    is_int(wait_ms, 30000, "for 30 s");
    is_int(row.consecutive, 5, "five in a row");
    is_int(limit_failures(account, &row, &now), 5, "five counted");
}

static void test_parallel_right(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = 0;
    int left = 256, most = 0, refused = 0;
    while (left > 0 && refused == 0) {
        int open = 0;
        enum limit_answer answer;
        while (open < left && (answer = limit_look(pair, &row, &now, &wait_ms)) == LIMIT_ADMIT) {
            limit_charge(pair, &row, &now, true);
            open++;
        }
        refused += open == 0;
        most = open > most ? open : most;
        for (int i = 0; i < open; i++)
            limit_refund(&row, true);
        left -= open;
    }
    is_int(refused, 0, "256 right ones at once: none refused");
    is_int(most, 5, "five at a time");
    is_int(row.level, 0, "and nothing is held against anybody");
    is_int(row.share, 0, "nor shared");
}

static void test_forgive(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    charge_and_fail(account, &row, &now, 7);
    is_int(row.failed_at, now.wall_s, "when the last failure was");
    pass(&now, HOUR_MS);
    limit_charge(account, &row, &now, true);
    is_int(row.failed_at, now.wall_s - 3600, "a charge is none");
    limit_refund(&row, true);
    is_int(row.failed_at, now.wall_s - 3600, "nor is a success");
    limit_charge(account, &row, &now, true);
    limit_charge(account, &row, &now, false);
    limit_forgive(&row);
    ok(row.level == 2 * LIMIT_UNIT && row.share <= 2 * LIMIT_UNIT && row.in_flight == 2, "what is in flight stays");
    ok(row.consecutive == 0 && row.failed_at == 0, "all else is forgotten");
    limit_fail(&row);
    limit_fail(&row);
    is_int(limit_failures(account, &row, &now), 2, "and fails later");
    is_int(limit_wait_s(0), 0, "no wait");
    is_int(limit_wait_s(1), 1, "a wait is never told too short");
    is_int(limit_wait_s(2000), 2, "nor too long");
    is_int(limit_wait_s(INT64_MAX), -1, "no end");
}

static void test_refund(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    charge_and_fail(pair, &row, &now, 3);
    for (int shared = 0; shared < 2; shared++) {
        struct limit_row before = row;
        limit_charge(pair, &row, &now, shared);
        is_int(row.level, before.level + LIMIT_UNIT, "shared %d: charged one", shared);
        is_int(row.share, before.share + (shared ? LIMIT_UNIT : 0), "shared %d: noted", shared);
        limit_refund(&row, shared);
        ok(same_row(&row, &before), "shared %d: a refund restores", shared);
    }
    charge_and_fail(pair, &row, &now, 40);
    pass(&now, pair->cap_ms);
    limit_charge(pair, &row, &now, true);
    limit_refund(&row, true);
    struct limit_row before = row;
    limit_charge(pair, &row, &now, true);
    limit_refund(&row, true);
    ok(same_row(&row, &before), "also at the top");
    limit_refund(&row, true);
    ok(same_row(&row, &before), "a refund of nothing gives nothing");
}

/* What a success clears of ACCOUNT is what its own pair put there, as far as it is still there. */
static void test_share(void)
{
    struct clock now = start();
    struct limit_row p = {0}, a = {0};
    charge_and_fail(pair, &p, &now, 3);
    charge_and_fail(account, &a, &now, 5);
    limit_take(&a, p.share);
    is_int(a.level, 2 * LIMIT_UNIT, "three of five were the pair's");
    pass(&now, 2 * (int64_t)HOUR_MS);
    limit_charge(pair, &p, &now, false);
    is_int(p.share, LIMIT_UNIT, "a share leaks with its level");
    is_int(p.level, 2 * LIMIT_UNIT, "to which a charge that is not shared was added");
    limit_take(&a, 9 * (int64_t)LIMIT_UNIT);
    is_int(a.level, 0, "more than there is leaves nothing");
    limit_charge(account, &a, &now, false);
    limit_charge(account, &a, &now, false);
    limit_take(&a, 9 * (int64_t)LIMIT_UNIT);
    is_int(a.level, 2 * LIMIT_UNIT, "attempts in flight are not taken");
    limit_take(&a, -5);
    is_int(a.level, 2 * LIMIT_UNIT, "nothing is added by taking less than nothing");
}

static void test_consecutive(void)
{
    struct clock now = start();
    struct limit_row row = {.consecutive = 99};
    int64_t wait_ms = 0;
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_ADMIT, "99 in a row: a look");
    charge_and_fail(account, &row, &now, 1);
    pass(&now, 30 * (int64_t)DAY_S * 1000);
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "100 in a row: none, a month later too");
    ok(wait_ms == INT64_MAX, "and no wait helps");
    row.consecutive = UINT32_MAX;
    limit_fail(&row);
    is_int(row.consecutive, UINT32_MAX, "the count stays at its end");
}

/* A guesser who guesses one at a time for a day as soon as he may, or `patience_ms` later. */
static int guesses_in_a_day(const struct limit_rule *rule, int64_t patience_ms)
{
    struct clock now = start();
    int64_t end = now.boot_ms + INT64_C(1000) * DAY_S, wait_ms = 0;
    struct limit_row row = {0};
    int guesses = 0;
    while (now.boot_ms < end) {
        enum limit_answer answer = limit_look(rule, &row, &now, &wait_ms);
        if (answer == LIMIT_ADMIT) {
            charge_and_fail(rule, &row, &now, 1);
            guesses++;
        } else if (answer == LIMIT_WAIT || wait_ms > end - now.boot_ms) {
            break;
        } else {
            pass(&now, wait_ms + patience_ms);
        }
    }
    return guesses;
}

static void test_best_guesser(void)
{
    /* ACCOUNT: 11 within 30 + 60 + ... + 960 s. By then half a failure has leaked, so that 1920 s is to be waited twice
     * before the eleventh becomes the twelfth; from there on an hour each. */
    int64_t hourly_s = DAY_S - (30 * ((1 << 6) - 1) + 2 * 1920);
    is_int(guesses_in_a_day(account, 0), 13 + hourly_s / 3600, "strangers: 35 guesses a day");
    /* PAIR: 14 within 2 + 4 + ... + 512 s, then one each 15 min; that it is a stranger again after a
     * hundred in a row is the caller's to see. */
    int64_t rest_s = DAY_S - 2 * ((1 << 9) - 1);
    is_int(guesses_in_a_day(pair, 0), 14 + rest_s / 900, "a known source: 108 a day");
    /* However one waits: it holds at most 12 (30 s << 7 is over an hour) and forgets 24 a day. */
    int most = 0;
    for (int64_t patience_ms = 1; patience_ms < 6 * (int64_t)HOUR_MS; patience_ms = patience_ms * 3 / 2 + 1) {
        int guesses = guesses_in_a_day(account, patience_ms);
        most = guesses > most ? guesses : most;
    }
    ok(most <= 12 + 24, "patience does not pay: %d", most);
}

static void test_clock_set_in_one_boot(void)
{
    struct clock now = start();
    struct limit_row row = {0};
    int64_t wait_ms = 0;
    charge_and_fail(account, &row, &now, 12);
    now.wall_s += YEAR_S;
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "+1 y without a reboot: no effect");
    is_int(wait_ms, HOUR_MS, "all of the wait is left");
    is_int(limit_failures(account, &row, &now), 12, "nothing is forgotten");
    now.wall_s -= 2 * YEAR_S;
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "-1 y: none either");
    is_int(wait_ms, HOUR_MS, "no longer a wait");
    now.boot_ms = 0;
    is_int(limit_look(account, &row, &now, &wait_ms), LIMIT_REFUSE, "a boot clock that runs backwards (it cannot)");
    is_int(wait_ms, HOUR_MS, "does not make it longer");
}

static void test_clock_set_across_reboot(void)
{
    struct clock now = start();
    struct limit_row locked = {0};
    int64_t wait_ms = 0;
    charge_and_fail(account, &locked, &now, 12);

    struct clock later = now;
    reboot(&later, 60);
    is_int(limit_look(account, &locked, &later, &wait_ms), LIMIT_REFUSE, "a reboot of a minute");
    is_int(wait_ms, HOUR_MS - 60000, "takes a minute off");

    later = now;
    reboot(&later, YEAR_S);
    struct limit_row row = locked;
    is_int(limit_failures(account, &row, &later), 11, "+1 y: an hour's worth is forgotten, no more");
    is_int(limit_look(account, &row, &later, &wait_ms), LIMIT_ADMIT, "an hour may have passed: one look");
    charge_and_fail(account, &row, &later, 1);
    is_int(limit_look(account, &row, &later, &wait_ms), LIMIT_REFUSE, "and no second");
    is_int(wait_ms, HOUR_MS, "for an hour again");

    later = now;
    reboot(&later, -YEAR_S);
    is_int(limit_look(account, &locked, &later, &wait_ms), LIMIT_REFUSE, "-1 y: still locked");
    is_int(wait_ms, HOUR_MS, "for the cap");
    pass(&later, HOUR_MS - 1);
    is_int(limit_look(account, &locked, &later, &wait_ms), LIMIT_REFUSE, "to its last millisecond");
    pass(&later, 1);
    is_int(limit_look(account, &locked, &later, &wait_ms), LIMIT_ADMIT, "and not for a year");
    pass(&later, 12 * (int64_t)HOUR_MS);
    is_int(limit_failures(account, &locked, &later), 0, "this boot's own time forgets all of it");
}

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % sides;
}

struct game {
    struct clock now;
    struct limit_row row;
    int failures;
    int64_t forgettable_ms; /* time that may have passed, as far as anybody can tell */
};

static void play_time(const struct limit_rule *rule, struct game *g)
{
    int64_t ms = dice(4) == 0 ? dice(2 * HOUR_MS) : dice(60000);
    if (dice(50) == 0 && g->row.in_flight == 0) {
        reboot(&g->now, (int64_t)dice(2 * YEAR_S) - YEAR_S);
        g->forgettable_ms += rule->cap_ms;
    } else {
        pass(&g->now, ms);
        g->forgettable_ms += ms;
    }
}

/* Whatever happens: never more in flight than is free, no wait above the cap, no more failures than the rule sells. */
static bool play(const struct limit_rule *rule, struct game *g)
{
    int64_t wait_ms = 0;
    enum limit_answer answer = limit_look(rule, &g->row, &g->now, &wait_ms);
    if (answer == LIMIT_REFUSE && wait_ms != INT64_MAX && (wait_ms <= 0 || wait_ms > rule->cap_ms))
        return false;
    if (answer == LIMIT_ADMIT && dice(2) == 0) {
        limit_charge(rule, &g->row, &g->now, false);
    } else if (g->row.in_flight > 0 && dice(5) == 0) {
        limit_refund(&g->row, false);
    } else if (g->row.in_flight > 0) {
        limit_fail(&g->row);
        g->failures++;
    } else {
        play_time(rule, g);
    }
    return g->row.in_flight <= rule->free && g->row.level >= 0;
}

static void test_games(void)
{
    struct limit_rule endless = *account; /* without consecutive, which would end every game early */
    endless.consecutive = 0;
    int broken = 0, oversold = 0;
    for (int round = 0; round < 200; round++) {
        struct game g = {.now = start()};
        for (int i = 0; i < 2000; i++)
            broken += !play(&endless, &g);
        oversold += g.failures > 12 + 1 + g.forgettable_ms / HOUR_MS;
    }
    is_int(broken, 0, "400,000 random steps: in flight <= free, waits <= cap");
    is_int(oversold, 0, "never more failures than 12 and one an hour");
}

int main(void)
{
    account = limit_rule(CONFIG_LIMITS_NIST, BUCKET_ACCOUNT, LIMIT_STRANGER);
    pair = limit_rule(CONFIG_LIMITS_NIST, BUCKET_PAIR, LIMIT_STRANGER);
    test_table();
    test_whole_table();
    test_presets();
    test_delays();
    test_top();
    test_huge_numbers();
    test_fresh_failure_counts_whole();
    test_parallel_wrong();
    test_parallel_right();
    test_refund();
    test_forgive();
    test_share();
    test_consecutive();
    test_best_guesser();
    test_clock_set_in_one_boot();
    test_clock_set_across_reboot();
    test_games();
    return tap_done();
}
