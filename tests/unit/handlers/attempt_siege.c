/* SPDX-License-Identifier: MIT
 *
 * L3: ten thousand sources against one account, and a thousand failures on other names from where its owner is known:
 * its known source, its key and its console are looked at each time. L6: a clock that was set, and a reboot, free none
 * of the five buckets, and stop none for longer than its cap.
 */
#include "buckets.h"
#include "desk_attempt.h"

#define YEAR_S INT64_C(31536000)

/* ---- L3 ---- */

static int ways_in(struct desk *d, const struct attempt *home)
{
    struct source away = desk_source(d, "203.0.113.99"), console = desk_source(d, "");
    struct attempt key = *home, desk = *home;

    key.source = &away;
    key.key = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
    desk.source = &console;
    return desk_right(d, *home) + desk_right(d, key) + desk_right(d, desk);
}

static void siege(void)
{
    struct desk d;
    char name[32];
    int looks = 0, inside = 0, tried = 0;

    desk_open(&d);
    struct account account = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    desk_must(db_begin(d.db), "begin");
    struct source home = desk_source(&d, "192.0.2.7"), away;
    struct attempt ada = desk_attempt(CONFIG_LIMITS_NIST, account.id, "ada", &home), guess = ada;
    guess.source = &away;
    is_int(desk_right(&d, ada), 1, "ada is known at home");
    for (int i = 0; i < 10000; i++) {
        away = desk_source_number(&d, i);
        looks += desk_wrong(&d, guess);
        if (i % 500 == 0 && ++tried)
            inside += ways_in(&d, &ada);
    }
    is_int(looks, 5, "L3: of ten thousand sources five are looked at");
    is_int(inside, 3 * tried, "home, key and console each time");
    looks = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "name%d", i);
        looks += desk_wrong(&d, desk_attempt(CONFIG_LIMITS_NIST, 0, name, &home));
    }
    is_int(looks, 20, "L3: of a thousand failures on other names there, twenty");
    is_int(ways_in(&d, &ada), 3, "home, key and console");
    desk_must(db_commit(d.db), "commit");
    desk_close(&d);
}

/* ---- L6 ---- */

/* Where somebody is stopped, by which bucket. */
struct lock {
    const char *name;
    enum bucket bucket;
    int64_t cap_ms;
    int looks;     /* after which it is about as far stopped as can be */
    int forgotten; /* in the time of a cap */
};

static const struct lock locks[] = {
    {"ACCOUNT", BUCKET_ACCOUNT, 3600000, 14, 1}, {"PAIR", BUCKET_PAIR, 900000, 16, 1},
    {"SOURCE", BUCKET_SOURCE, 3600000, 40, 20},  {"NET", BUCKET_NET, 3600000, 230, 200},
    {"OTP", BUCKET_OTP, 3600000, 12, 1},
};

struct game {
    struct desk d;
    const struct lock *lock;
    int64_t account_id;
    struct source source;
    int names;
};

/* The next guess that only this bucket would stop. */
static int guess(struct game *g)
{
    char name[32];
    struct attempt a = desk_attempt(CONFIG_LIMITS_NIST, g->account_id, "ada", &g->source);

    snprintf(name, sizeof name, "name%d", g->names);
    switch (g->lock->bucket) {
    case BUCKET_NET:
        snprintf(name, sizeof name, "10.9.%d.%d", g->names / 250, g->names % 250);
        g->source = desk_source(&g->d, name);
        break;
    case BUCKET_ACCOUNT:
        g->source = desk_source_number(&g->d, g->names);
        break;
    case BUCKET_SOURCE:
    case BUCKET_PAIR:
    case BUCKET_OTP:
    case BUCKET_COUNT:
        break;
    }
    if (g->lock->bucket == BUCKET_SOURCE || g->lock->bucket == BUCKET_NET)
        a.account_id = 0, a.subject = name;
    g->names++;
    return g->lock->bucket == BUCKET_OTP ? desk_wrong_code(&g->d, a) : desk_wrong(&g->d, a);
}

static int looks_at_once(struct game *g)
{
    int looks = 0;

    while (guess(g))
        looks++;
    return looks;
}

/* Guesses, and waits for as little as will do: a second, and then twice as long each. */
static void lock_up(struct game *g, const struct lock *lock)
{
    desk_open(&g->d);
    g->lock = lock;
    g->names = 0;
    g->account_id = desk_account(&g->d, "ada", 1001, "admin", "the password", NULL, 0).id;
    g->source = desk_source(&g->d, "192.0.2.7");
    desk_must(db_begin(g->d.db), "begin");
    if (lock->bucket == BUCKET_PAIR)
        desk_right(&g->d, desk_attempt(CONFIG_LIMITS_NIST, g->account_id, "ada", &g->source));
    for (int looks = looks_at_once(g), wait_ms = 1000; looks < lock->looks;) {
        desk_tick(&g->d, wait_ms);
        int looked = looks_at_once(g);
        looks += looked;
        wait_ms = looked ? 1000 : wait_ms * 2;
    }
}

/* Looks that are to be had in that time. */
static int looks_within(struct game *g, int64_t ms)
{
    int looks = 0;

    for (int64_t step = ms / 64; ms > 0; ms -= step) {
        desk_tick(&g->d, step);
        looks += looks_at_once(g);
    }
    return looks;
}

static void reboot(struct game *g, int64_t wall_jump_s)
{
    g->d.now.boot_ms = 0;
    g->d.now.wall_s += wall_jump_s;
    g->d.now.boot_id[0]++;
}

static void close_game(struct game *g)
{
    desk_must(db_commit(g->d.db), "commit");
    desk_close(&g->d);
}

static void clocks(const struct lock *lock)
{
    static const int64_t jumps_s[] = {YEAR_S, -YEAR_S};
    struct game g;

    for (size_t i = 0; i < 2; i++) {
        lock_up(&g, lock);
        g.d.now.wall_s += jumps_s[i];
        is_int(looks_at_once(&g), 0, "L6: %s: a clock set by %+d y in one boot frees nobody", lock->name, i ? -1 : 1);
        ok(looks_within(&g, lock->cap_ms) >= 1, "L6: %s: nor is more than the cap waited", lock->name);
        close_game(&g);
        lock_up(&g, lock);
        reboot(&g, jumps_s[i]);
        int looks = looks_at_once(&g);
        ok(looks <= (i ? 0 : lock->forgotten), "L6: %s: a reboot with it: %d looked at", lock->name, looks);
        looks = looks_within(&g, lock->cap_ms);
        ok(looks >= 1 && looks <= 2 * lock->forgotten, "L6: %s: within the cap after it: %d", lock->name, looks);
        close_game(&g);
    }
}

int main(void)
{
    siege();
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
        clocks(&locks[i]);
    return tap_done();
}
