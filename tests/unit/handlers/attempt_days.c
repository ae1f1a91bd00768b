/* SPDX-License-Identifier: MIT
 *
 * A day of guesses at one account, through attempt and the rows that it stores: as many looks as tests/sim/play comes
 * to with rows in memory, whose tables are in authcd.conf(5). Here the guesser asks every twenty seconds.
 */
#include "attempt.h"
#include "desk.h"

enum { EACH_MS = 20000, DAY_MS = 86400000 };

struct game {
    enum config_limits preset;
    bool many; /* each guess from another network */
    bool code; /* the password is known */
};

static void place(struct desk *d, struct source *s, int64_t number)
{
    struct source_facts facts = {.peer_is_root = true, .caller_uid = PROTOCOL_NO_UID, .service = "su", .tty = ""};
    char rhost[32];

    snprintf(rhost, sizeof rhost, "10.%d.%d.1", (int)(number % 250), (int)(number / 250));
    facts.rhost = rhost;
    source_from(s, &facts, &d->config.authcd);
}

/* One that is looked at, or none at all. */
static int guess(struct desk *d, const struct game *g, const struct source *s, int64_t account_id)
{
    struct attempt a = {.preset = g->preset, .account_id = account_id, .subject = "ada", .source = s, .key = ""};
    enum limit_answer answer = LIMIT_REFUSE;
    int64_t wait_ms = 0;
    uint32_t failures = 0;
    bool looks = true;

    desk_must(attempt_reserve(d->db, &a, &d->now, &answer, &wait_ms), "reserve");
    if (answer != LIMIT_ADMIT)
        return 0;
    if (g->code)
        desk_must(attempt_code_look(d->db, &a, &d->now, &looks), "look");
    if (!looks) {
        desk_must(attempt_refund(d->db, &a), "refund");
        return 0;
    }
    if (g->code)
        desk_must(attempt_code_failed(d->db, &a, &d->now), "code");
    desk_must(attempt_fail(d->db, &a, &d->now, &failures), "fail");
    return 1;
}

static int looks_in_a_day(const struct game *g, bool known)
{
    struct desk d;
    struct source s;
    int looks = 0;

    desk_open(&d);
    struct account account = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    desk_must(db_begin(d.db), "begin");
    place(&d, &s, 0);
    if (known) {
        struct attempt a = {.preset = g->preset, .account_id = account.id, .subject = "ada", .source = &s, .key = ""};
        enum limit_answer answer = LIMIT_REFUSE;
        int64_t wait_ms = 0;
        desk_must(attempt_reserve(d.db, &a, &d.now, &answer, &wait_ms), "reserve");
        desk_must(attempt_succeed(d.db, &a, ATTEMPT_ALL, &d.now), "succeed");
    }
    for (int64_t at_ms = 0; at_ms < DAY_MS; at_ms += EACH_MS) {
        if (g->many)
            place(&d, &s, looks);
        looks += guess(&d, g, &s, account.id);
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
        bool known;
        int looks;
    } days[] = {
        {"nist, one source", {CONFIG_LIMITS_NIST, false, false}, false, 35},
        {"nist, many sources", {CONFIG_LIMITS_NIST, true, false}, false, 35},
        {"nist, the owner's source", {CONFIG_LIMITS_NIST, false, false}, true, 108},
        {"nist, codes", {CONFIG_LIMITS_NIST, true, true}, false, 20},
        {"cis, many sources", {CONFIG_LIMITS_CIS, true, false}, false, 100},
        {"stig, many sources", {CONFIG_LIMITS_STIG, true, false}, false, 3},
    };

    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        is_int(looks_in_a_day(&days[i].game, days[i].known), days[i].looks, "%s: looks in a day", days[i].what);
    return tap_done();
}
