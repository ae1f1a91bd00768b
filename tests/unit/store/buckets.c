/* SPDX-License-Identifier: MIT
 *
 * Rows of limits come back as they were saved, each under its own key; rows about unknown names stay within their quota
 * and push out no account's (L7); an account has at most sixteen known sources; what was in flight when the daemon died
 * is a failure (L9).
 */
#include "buckets.h"

#include "fixture.h"

static const struct limit_row sample = {.level = 3 * LIMIT_UNIT,
                                        .share = 2 * LIMIT_UNIT,
                                        .in_flight = 1,
                                        .consecutive = 2,
                                        .charged_boot_ms = 123456,
                                        .charged_at = NOW,
                                        .boot_id = "00000000-1111-2222-3333-444444444444"};

static int64_t level(struct db *db, struct buckets_key key)
{
    struct limit_row row = {0};
    fixture_must(buckets_load(db, &key, &row) == 0, "load");
    return row.level;
}

static void save(struct db *db, struct buckets_key key, struct limit_row row)
{
    fixture_must(buckets_save(db, &key, &row) == 0, "save");
}

static void check_rows(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct buckets_key key = {BUCKET_PAIR, a.id, "ada", "10.0.0.7", NULL};
    struct limit_row row = {.level = 99};
    is_int(buckets_load(db, &key, &row), 0, "a row that is not there");
    is_int(row.level, 0, "is all zeros");
    is_int(buckets_save(db, &key, &sample), 0, "saved");
    is_int(buckets_load(db, &key, &row), 0, "loaded");
    ok(row.level == sample.level && row.share == sample.share && row.in_flight == 1 && row.consecutive == 2 &&
           row.charged_boot_ms == 123456 && row.charged_at == NOW,
       "as it was");
    is_str(row.boot_id, sample.boot_id, "boot id");
    is_int(level(db, (struct buckets_key){BUCKET_PAIR, a.id, "x", "10.0.0.7", NULL}), sample.level,
           "whatever the name typed");
    is_int(level(db, (struct buckets_key){BUCKET_PAIR, a.id, "ada", "10.0.0.8", NULL}), 0, "another source");
    is_int(level(db, (struct buckets_key){BUCKET_PAIR, b.id, "ada", "10.0.0.7", NULL}), 0, "another account");
    is_int(level(db, (struct buckets_key){BUCKET_ACCOUNT, a.id, "ada", "10.0.0.7", NULL}), 0, "another bucket");
    save(db, (struct buckets_key){BUCKET_ACCOUNT, a.id, "ada", "10.0.0.7", NULL}, sample);
    is_int(level(db, (struct buckets_key){BUCKET_ACCOUNT, a.id, "ada", "10.0.0.9", NULL}), sample.level,
           "ACCOUNT is the same from everywhere");
    save(db, (struct buckets_key){BUCKET_PAIR, 0, "a:b", "c", NULL}, sample);
    is_int(level(db, (struct buckets_key){BUCKET_PAIR, 0, "a", "b:c", NULL}), 0, "no two names run together");
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE instr(CAST(name AS TEXT), 'ada') > 0"), 0,
           "no name is kept");
    db_rollback(db);
}

static void check_known(struct db *db)
{
    bool known = true;
    char source[32];
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct buckets_key pair = {BUCKET_PAIR, a.id, "ada", "10.0.0.7", NULL};
    is_int(buckets_known(db, &pair, NOW, &known), 0, "asked");
    ok(!known, "not known at first");
    is_int(buckets_remember(db, &pair, NOW), 0, "remembered");
    is_int(buckets_known(db, &pair, NOW + BUCKETS_KNOWN_S - 1, &known), 0, "asked");
    ok(known, "for 30 days");
    is_int(buckets_known(db, &pair, NOW + BUCKETS_KNOWN_S, &known), 0, "asked");
    ok(!known, "not longer");
    save(db, pair, sample);
    is_int(buckets_known(db, &pair, NOW, &known), 0, "asked");
    ok(known, "failures do not make it unknown");
    is_int(buckets_remember(db, &pair, NOW), 0, "remembered again");
    is_int(level(db, pair), sample.level, "being remembered forgives nothing");
    for (int i = 1; i <= BUCKETS_KNOWN_PER_ACCOUNT; i++) {
        snprintf(source, sizeof source, "10.1.0.%d", i);
        struct buckets_key other = {BUCKET_PAIR, a.id, "ada", source, NULL};
        fixture_must(buckets_remember(db, &other, NOW + i) == 0, "remember");
    }
    is_int(buckets_known(db, &pair, NOW, &known), 0, "asked");
    ok(!known, "the oldest of seventeen is forgotten");
    is_int(level(db, pair), sample.level, "but not its failures");
    struct buckets_key second = {BUCKET_PAIR, a.id, "ada", "10.1.0.1", NULL};
    is_int(buckets_known(db, &second, NOW, &known), 0, "asked");
    ok(known, "the others are not");
    is_int(buckets_remember(db, &pair, NOW - 1000), 0, "remembered with the clock set back");
    is_int(buckets_known(db, &pair, NOW, &known), 0, "asked");
    ok(known, "the present one stays");
    is_int(buckets_known(db, &second, NOW, &known), 0, "asked");
    ok(!known, "the oldest other goes");
    is_int(fixture_number(db, "SELECT count(*) FROM limits"), BUCKETS_KNOWN_PER_ACCOUNT, "empty rows do not pile up");
    struct buckets_key unknown = {BUCKET_PAIR, 0, "nobody", "10.0.0.7", NULL};
    is_int(buckets_remember(db, &unknown, NOW), -EINVAL, "an unknown name is never remembered");
    save(db, unknown, sample);
    is_int(buckets_known(db, &unknown, NOW, &known), 0, "asked");
    ok(!known, "nor known");
    db_rollback(db);
}

static void check_forgive(struct db *db)
{
    struct limit_row row = {0};
    bool known = false;
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct buckets_key pair = {BUCKET_PAIR, a.id, "ada", "10.0.0.7", NULL},
                       account = {BUCKET_ACCOUNT, a.id, "ada", "", NULL};
    struct buckets_key other = {BUCKET_ACCOUNT, b.id, "bob", "", NULL};
    fixture_must(buckets_remember(db, &pair, NOW) == 0, "remember");
    save(db, pair, sample);
    save(db, account, (struct limit_row){.level = 100 * LIMIT_UNIT, .consecutive = 100});
    save(db, other, sample);
    is_int(buckets_forgive(db, a.id), 0, "forgiven");
    is_int(buckets_load(db, &pair, &row), 0, "the pair");
    ok(row.level == LIMIT_UNIT && row.share == LIMIT_UNIT && row.in_flight == 1 && row.consecutive == 0,
       "has only what is in flight");
    is_int(buckets_load(db, &account, &row), 0, "the account");
    ok(row.level == 0 && row.consecutive == 0, "is fresh");
    is_int(level(db, other), sample.level, "somebody else is not");
    is_int(buckets_known(db, &pair, NOW, &known), 0, "asked");
    ok(known, "the source is still known");
    db_rollback(db);
}

static void check_settle(struct db *db)
{
    struct limit_row row = {0};
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct buckets_key key = {BUCKET_ACCOUNT, a.id, "ada", "", NULL};
    save(db, key, (struct limit_row){.level = 5 * LIMIT_UNIT, .in_flight = 3, .consecutive = 2, .charged_at = NOW});
    is_int(buckets_settle_all(db), 0, "settled");
    is_int(buckets_load(db, &key, &row), 0, "loaded");
    ok(row.level == 5 * LIMIT_UNIT && row.in_flight == 0 && row.consecutive == 5, "three failures more");
    is_int(row.failed_at, NOW, "as of when they were charged");
    db_rollback(db);
}

static void fill_unknown(struct db *db, uint32_t from, uint32_t n)
{
    char name[32];
    for (uint32_t i = from; i < from + n; i++) {
        snprintf(name, sizeof name, "guess%u", i);
        save(db, (struct buckets_key){BUCKET_ACCOUNT, 0, name, "10.0.0.7", NULL},
             (struct limit_row){.level = LIMIT_UNIT, .charged_at = NOW + i});
    }
}

static void check_quota(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct buckets_key real = {BUCKET_ACCOUNT, a.id, "ada", "", NULL},
                       often = {BUCKET_ACCOUNT, 0, "root", "10.0.0.7", NULL};
    save(db, real, (struct limit_row){.level = 1});
    save(db, often, sample);
    fill_unknown(db, 0, BUCKETS_UNKNOWN_MAX + 500);
    fixture_commit(db);
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE account_id IS NULL"), BUCKETS_UNKNOWN_MAX,
           "no more rows about unknown names than the quota");
    is_int(fixture_number(db, "SELECT unknown_rows FROM limits_state"), BUCKETS_UNKNOWN_MAX, "and counted right");
    is_int(level(db, real), 1, "an account's row stays, however low");
    is_int(level(db, often), sample.level, "a high one stays");
    is_int(level(db, (struct buckets_key){BUCKET_ACCOUNT, 0, "guess0", "", NULL}), 0, "the oldest low one went");
    is_int(level(db, (struct buckets_key){BUCKET_ACCOUNT, 0, "guess66035", "", NULL}), LIMIT_UNIT,
           "the newest is there");
    fixture_begin(db);
    fill_unknown(db, 100000, 50);
    db_rollback(db);
    is_int(fixture_number(db, "SELECT unknown_rows FROM limits_state"), BUCKETS_UNKNOWN_MAX,
           "right after a rollback too");
    fixture_begin(db);
    save(db, (struct buckets_key){BUCKET_ACCOUNT, 0, "fresh", "", NULL}, (struct limit_row){.level = 0});
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE level = 0"), 1, "one just saved never goes at once");
    db_rollback(db);
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_rows(db);
    check_known(db);
    check_forgive(db);
    check_settle(db);
    check_quota(db);
    db_close(db);
    return tap_done();
}
