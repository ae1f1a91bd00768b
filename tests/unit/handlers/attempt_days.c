/* SPDX-License-Identifier: MIT
 *
 * A day of guesses at one account, through attempt and the rows that it stores: as many looks as tests/sim/play comes
 * to with rows in memory, whose tables are in authcd.conf(5). Here the guesser asks every twenty seconds.
 */
#include "desk_attempt.h"

enum { EACH_MS = 20000, DAY_MS = 86400000 };

struct game {
    enum config_limits preset;
    bool many;  /* each guess from another network */
    bool known; /* from where the owner logged in */
    bool code;  /* the password is known */
};

static int looks_in_a_day(const struct game *g)
{
    struct desk d;
    int looks = 0;

    desk_open(&d);
    struct account account = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    desk_must(db_begin(d.db), "begin");
    struct source s = desk_source_number(&d, 0);
    struct attempt a = desk_attempt(g->preset, account.id, "ada", &s);
    if (g->known)
        is_int(desk_right(&d, a), 1, "the owner was here");
    for (int64_t at_ms = 0; at_ms < DAY_MS; at_ms += EACH_MS) {
        if (g->many)
            s = desk_source_number(&d, looks);
        looks += g->code ? desk_wrong_code(&d, a) : desk_wrong(&d, a);
        desk_tick(&d, EACH_MS);
    }
    desk_must(db_commit(d.db), "commit");
    desk_close(&d);
    return looks;
}

int main(void)
{
    static const struct {
        const char *what;
        struct game game;
        int looks;
    } days[] = {
        {"nist, one source", {.preset = CONFIG_LIMITS_NIST}, 35},
        {"nist, many sources", {.preset = CONFIG_LIMITS_NIST, .many = true}, 35},
        {"nist, the owner's source", {.preset = CONFIG_LIMITS_NIST, .known = true}, 108},
        {"nist, codes", {.preset = CONFIG_LIMITS_NIST, .many = true, .code = true}, 20},
        {"cis, many sources", {.preset = CONFIG_LIMITS_CIS, .many = true}, 100},
        {"stig, many sources", {.preset = CONFIG_LIMITS_STIG, .many = true}, 3},
    };

    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        is_int(looks_in_a_day(&days[i].game), days[i].looks, "%s: looks in a day", days[i].what);
    return tap_done();
}
