/* SPDX-License-Identifier: MIT
 *
 * What the guess limits let through and whom they stop, as tables: authcd.conf(5) shows them as they are printed here,
 * and tests/system/88-page-of-limits.t compares. Rules only, a made-up clock, a fixed seed.
 */
#include <stdio.h>
#include <string.h>

#include "duel.h"
#include "people.h"

#define MILLION 1e6

static const char *const presets[] = {"nist", "cis", "stig"};
static const int64_t spans_ms[] = {PLAY_HOUR, PLAY_DAY, PLAY_YEAR};

enum { SPANS = 3, PRESETS = 3, ACCOUNTS = 10000, WINDOW = 3 /* steps whose code is right: one before, one after */ };

/* Three columns of three: each 18 wide, the first and last figure of each told apart by more room before it. */
static const int widths[SPANS] = {6, 6, 7};

static void heading(const char *title)
{
    printf("%s\n%-17s%19s%19s%19s\n%-17s", title, "", "one source", "10,000 sources", "owner's source", "");
    for (int from = 0; from < DUEL_FROM_COUNT; from++)
        printf("%*s%*s%*s", widths[0], "hour", widths[1], "day", widths[2], "year");
    printf("\n");
}

static double chance_percent(int64_t guesses)
{
    double miss = 1;

    for (int64_t i = 0; i < guesses; i++)
        miss *= 1 - WINDOW / MILLION;
    return 100 * (1 - miss);
}

struct row {
    int64_t guesses[DUEL_FROM_COUNT][SPANS];
};

static void play_row(enum config_limits preset, bool code, bool owner, struct row *ret)
{
    for (int from = 0; from < DUEL_FROM_COUNT; from++)
        for (int span = 0; span < SPANS; span++)
            ret->guesses[from][span] =
                duel_guesses(&(struct duel){preset, (enum duel_from)from, code, owner, spans_ms[span]});
}

static void print_row(int preset, bool owner, const struct row *row, bool chances)
{
    printf("%-5s%-12s", owner ? "" : presets[preset], owner ? "owner daily" : "owner away");
    for (int from = 0; from < DUEL_FROM_COUNT; from++)
        for (int span = 0; span < SPANS; span++) {
            int64_t guesses = row->guesses[from][span];
            if (chances)
                printf("%*.3f", widths[span], chance_percent(guesses));
            else
                printf("%*lld", widths[span], (long long)guesses);
        }
    printf("\n");
}

static void one_account(bool code, const char *title, const char *chances)
{
    struct row rows[PRESETS][2];

    heading(title);
    for (int preset = 0; preset < PRESETS; preset++)
        for (int owner = 0; owner < 2; owner++) {
            play_row((enum config_limits)preset, code, owner, &rows[preset][owner]);
            print_row(preset, owner, &rows[preset][owner], false);
        }
    if (!chances)
        return;
    printf("%s\n", chances);
    for (int preset = 0; preset < PRESETS; preset++)
        for (int owner = 0; owner < 2; owner++)
            print_row(preset, owner, &rows[preset][owner], true);
}

/* ---- many accounts ---- */

static void print_spray(const char *from, const int64_t guesses[SPANS], const char *once)
{
    printf("%-25s", from);
    for (int span = 0; span < SPANS; span++)
        printf("%12lld", (long long)guesses[span]);
    printf("%13s\n", once);
}

/* From one source, or from ever new ones of one network. */
static void spray(const char *from, bool one_source)
{
    struct limit_row source = {0}, net = {0};
    int64_t now_ms = 0, guesses = 0, most[SPANS], once_ms = 0;
    char once[32];

    for (int span = 0; span < SPANS;) {
        struct play_account name = {0};
        struct play_pair pair = {0};
        struct play p = {CONFIG_LIMITS_NIST, &name, &pair, &source, &net, false};
        now_ms += one_source ? play_wait(&p, now_ms) : play_told(&p, now_ms);
        if (now_ms >= spans_ms[span]) {
            most[span++] = guesses;
            continue;
        }
        play_fail(&p, now_ms);
        if (++guesses == ACCOUNTS)
            once_ms = now_ms;
        if (!one_source)
            source = (struct limit_row){0};
    }
    snprintf(once, sizeof once, "%lld hours", (long long)((once_ms + PLAY_HOUR - 1) / PLAY_HOUR));
    print_spray(from, most, once);
}

/* A source for each account: what one account allows, that many times. */
static void spray_apart(int preset)
{
    int64_t most[SPANS];
    char from[32];

    for (int span = 0; span < SPANS; span++)
        most[span] = ACCOUNTS * duel_guesses(&(struct duel){(enum config_limits)preset, DUEL_MANY_SOURCES, false, true,
                                                            spans_ms[span]});
    snprintf(from, sizeof from, "10,000 networks, %s", presets[preset]);
    print_spray(from, most, "at once");
}

static void many_accounts(void)
{
    printf("Guesses at 10,000 accounts' passwords, whose owners log in daily\n%-25s%12s%12s%12s%13s\n", "from", "hour",
           "day", "year", "one at each");
    spray("one source", true);
    spray("one network", false);
    for (int preset = 0; preset < PRESETS; preset++)
        spray_apart(preset);
}

/* ---- people ---- */

static void print_month(const char *preset, const char *what, const struct people_result *r)
{
    printf("%-5s%-34s%7lld%6lld%7lld%7lld%4lld min\n", preset, what, (long long)r->logins,
           (long long)r->refused_first_day, (long long)r->refused_later, (long long)r->never,
           (long long)(r->longest_ms / PLAY_MINUTE));
}

/* One line if the presets do not differ. */
static void month(const char *what, struct people p)
{
    struct people_result r[PRESETS];
    bool same = true;

    for (int preset = 0; preset < PRESETS; preset++) {
        p.preset = (enum config_limits)preset;
        people_month(&p, &r[preset]);
        same = same && memcmp(&r[preset], &r[0], sizeof r[0]) == 0;
    }
    for (int preset = 0; preset < (same ? 1 : PRESETS); preset++)
        print_month(same ? "all" : presets[preset], what, &r[preset]);
}

static void people(void)
{
    static const struct {
        const char *what;
        struct people p;
    } rows[] = {
        {"nobody attacks", {.spray_from_day = -1}},
        {"one of them sprays from day 1", {.spray_from_day = 0}},
        {"... and they are in proxies", {.spray_from_day = 0, .proxies = true}},
        {"one of them sprays from day 2", {.spray_from_day = 1}},
        {"strangers guess at all from day 2", {.spray_from_day = -1, .besieged = true}},
    };

    printf("1,000 people behind one address, a month, a slip each a day\n%-46s%13s%7s%8s\n%-39s%7s%6s%7s%7s%8s\n", "",
           "right refused", "never", "longest", "", "logins", "day 1", "later", "in", "wait");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        month(rows[i].what, rows[i].p);
}

int main(void)
{
    one_account(false, "Guesses at one password", NULL);
    printf("\n");
    one_account(true, "Guesses at one account's codes, the password being known", "Chance to be in, in percent");
    printf("\n");
    many_accounts();
    printf("\n");
    people();
    return 0;
}
