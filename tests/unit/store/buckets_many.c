/* SPDX-License-Identifier: MIT
 *
 * L7: ever new names from ever new sources: no more rows than the quota, no more memory, no row of an account pushed
 * out, and what had to go is remembered by its network, to the last failure. A number on the command line: so many
 * names (a million takes a minute).
 */
#include "buckets.h"

#include <stdlib.h>
#include <time.h>

#include "fixture.h"

#ifdef __SANITIZE_ADDRESS__
enum { NAMES = 36000, MEMORY_IS_OURS = 0 };
#else
enum { NAMES = 50000, MEMORY_IS_OURS = 1 };
#endif
enum { NETS = 50, A_TURN = 500 };

static int64_t memory_kb(void)
{
    int64_t kb = 0;
    char line[128];
    FILE *status = fopen("/proc/self/status", "re");

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtoll(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return kb;
}

static void save(struct db *db, struct buckets_key key, int64_t failures, long number)
{
    struct limit_row row = {.level = failures * LIMIT_UNIT, .charged_at = NOW + number, .charged_boot_ms = number};

    fixture_must(buckets_save(db, &key, &row) == 0, "save");
}

static void save_net(struct db *db, int number)
{
    char net[32];

    snprintf(net, sizeof net, "10.%d.0.0/16", number);
    save(db, (struct buckets_key){BUCKET_NET, 0, "", net, NULL}, 1000, 0);
}

/* A name that is tried once, from a source of its own. */
static void try_name(struct db *db, long number)
{
    char name[32], source[32], net[32];

    snprintf(name, sizeof name, "guess%ld", number);
    snprintf(source, sizeof source, "10.%ld.%ld.%ld", number % NETS, number / NETS % 250, number / NETS / 250);
    snprintf(net, sizeof net, "10.%ld.0.0/16", number % NETS);
    save(db, (struct buckets_key){BUCKET_PAIR, 0, name, source, net}, 1, number);
    save(db, (struct buckets_key){BUCKET_ACCOUNT, 0, name, source, NULL}, 1, number);
    if (number % A_TURN == A_TURN - 1) {
        fixture_commit(db);
        fixture_must(db_sync(db) == 0, "sync");
        if (db_wants_checkpoint(db))
            fixture_must(db_checkpoint(db) == 0, "checkpoint");
        fixture_begin(db);
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct db *db = fixture_fresh();
    long names = argc > 1 ? strtol(argv[1], NULL, 10) : NAMES;
    int64_t at_quota_kb = 0;
    double start = seconds();
    bool known = false;

    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct buckets_key home = {BUCKET_PAIR, a.id, "ada", "192.0.2.7", NULL};
    fixture_must(buckets_remember(db, &home, NOW) == 0, "remember");
    save(db, (struct buckets_key){BUCKET_ACCOUNT, a.id, "ada", NULL, NULL}, 0, 0);
    save(db, (struct buckets_key){BUCKET_PAIR, a.id, "ada", "198.51.100.1", "198.51.0.0/16"}, 1, 0);
    for (int i = 0; i < NETS; i++)
        save_net(db, i);
    for (long i = 0; i < names; i++) {
        try_name(db, i);
        if (i == BUCKETS_UNKNOWN_MAX / 2)
            at_quota_kb = memory_kb();
    }
    fixture_commit(db);
    int64_t more_kb = memory_kb() - at_quota_kb;
    printf("# %ld names in %.1f s, %+" PRId64 " KiB since the quota was reached\n", names, seconds() - start, more_kb);
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE account_id IS NULL"), BUCKETS_UNKNOWN_MAX,
           "L7: as many rows as the quota has");
    is_int(fixture_number(db, "SELECT unknown_rows FROM limits_state"), BUCKETS_UNKNOWN_MAX, "L7: which is known");
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE account_id IS NOT NULL"), 3,
           "L7: no row of an account is pushed out, however low");
    is_int(buckets_known(db, &home, NOW, &known), 0, "asked");
    ok(known, "L7: ada's home is known");
    is_int(fixture_number(db, "SELECT sum(level) / 1000000 FROM limits WHERE account_id IS NULL AND bucket IN (1, 3)"),
           names + NETS * 1000, "L7: networks remember each failure of a source that had to go");
    ok(fixture_number(db, "SELECT min(level) / 1000000 FROM limits WHERE bucket = 3") > 1000, "L7: each of them");
    ok(!MEMORY_IS_OURS || more_kb < 4096, "L7: memory is flat");
    db_close(db);
    return tap_done();
}
