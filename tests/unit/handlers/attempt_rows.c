/* SPDX-License-Identifier: MIT
 *
 * L3 L7: the rows of attempts: what has to make room is remembered by its own network, also while that one is charged;
 * what is in flight stays; strangers leave nothing behind for ever; and who is there is nobody that fails in a row.
 */
#include "buckets.h"
#include "desk.h"
#include "sql.h"

static const char wrong[] = "not the password", right[] = "the password", secret[] = "12345678901234567890";

static struct line *guess(struct desk *d, const char *service, const char *rhost, const char *first)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, service, "ada");
    strcpy(b.rhost, rhost);
    b.caller_uid = 1001;
    desk_begin(d, l, &b);
    desk_answer(d, l, first);
    return l;
}

/* The verdict, where nothing else of it matters. */
static uint32_t try(struct desk *d, const char *service, const char *rhost, const char *first)
{
    uint32_t verdict = desk_verdict(guess(d, service, rhost, first));

    desk_drop(d);
    return verdict;
}

static uint32_t try_name(struct desk *d, const char *name, const char *password)
{
    uint32_t verdict;
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "su", name);
    desk_begin(d, l, &b);
    desk_answer(d, l, password);
    verdict = desk_verdict(l);
    desk_drop(d);
    return verdict;
}

static struct limit_row row_of(struct desk *d, enum bucket bucket, int64_t account_id, const char *source)
{
    struct buckets_key key = {bucket, account_id, "", source, NULL};
    struct limit_row row = {0};

    desk_must(buckets_load(d->db, &key, &row), "limits");
    return row;
}

static int64_t level_of(struct desk *d, enum bucket bucket, const char *source)
{
    return row_of(d, bucket, 0, source).level / LIMIT_UNIT;
}

static int64_t rows_in(struct desk *d)
{
    struct sql q = sql_begin(d->db, "SELECT count(*) FROM limits");
    int64_t n = sql_step(&q) > 0 ? sql_int(&q) : -1;

    sql_end(&q);
    return n;
}

/* From here on each new row about a source is one too many. */
static void table_is_full(struct desk *d)
{
    desk_must(db_begin(d->db), "begin");
    struct sql q = sql_begin(d->db, "UPDATE limits_state SET unknown_rows = ?");
    sql_bind_int(&q, BUCKETS_UNKNOWN_MAX);
    desk_must(sql_run(&q, NULL), "full");
    sql_end(&q);
    desk_must(db_commit(d->db), "commit");
}

static struct account one_account(struct desk *d, const char *code_secret)
{
    desk_open(d);
    desk_config(d, "[service su]\nfactors = password\n[service sudo]\nfactors = otp\n[service both]\n"
                   "factors = password otp\n");
    return desk_account(d, "ada", 1001, "admin", right, code_secret, 6);
}

static void remembered_by_its_net(void)
{
    struct desk d;

    one_account(&d, NULL);
    guess(&d, "su", "198.51.100.1", wrong);
    for (int i = 0; i < 2; i++)
        guess(&d, "su", "198.51.100.2", wrong);
    is_int(level_of(&d, BUCKET_NET, "198.51.0.0/16"), 3, "three failures in a network");
    table_is_full(&d);
    guess(&d, "su", "198.51.100.3", wrong);
    is_int(level_of(&d, BUCKET_SOURCE, "198.51.100.1"), 0, "the lowest source had to go");
    is_int(level_of(&d, BUCKET_SOURCE, "198.51.100.2"), 2, "no other");
    ok(row_of(&d, BUCKET_NET, 0, "198.51.0.0/16").level > 4 * LIMIT_UNIT,
       "its network remembers it, on top of the fourth");
    desk_close(&d);
}

static void in_flight_stays(void)
{
    struct desk d;

    one_account(&d, NULL);
    for (int i = 0; i < 2; i++)
        guess(&d, "su", "203.0.113.1", wrong);
    d.keep_jobs = true;
    struct line *open = guess(&d, "su", "198.51.100.1", wrong);
    table_is_full(&d);
    desk_tick(&d, 2000); /* what is open is the oldest, too */
    struct line *other = guess(&d, "su", "192.0.2.1", right);
    is_int(level_of(&d, BUCKET_SOURCE, "198.51.100.1"), 1, "what is in flight does not have to go");
    desk_hash(&d, open);
    is_int(row_of(&d, BUCKET_SOURCE, 0, "198.51.100.1").consecutive, 1, "so that its failure finds it");
    desk_hash(&d, other);
    is_int(desk_verdict(other), VERDICT_GRANTED, "and another's success its own");
    is_int(level_of(&d, BUCKET_SOURCE, "192.0.2.1"), 0, "with no charge left");
    desk_close(&d);
}

/* Behind one address people come for the first time, one in five mistypes; somebody among them tries many names. */
static void slips_of_many(void)
{
    struct desk d;
    char name[16];
    int entered = 0;

    one_account(&d, NULL);
    for (int i = 0; i < 17; i++) {
        snprintf(name, sizeof name, "name%d", i);
        try_name(&d, name, wrong);
    }
    for (uint32_t i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "user%u", i);
        desk_account(&d, name, 2000 + i, "user", right, NULL, 0);
        is_int(try_name(&d, name, wrong), VERDICT_DENIED, "L3: %s slips", name);
        desk_tick(&d, 100);
        entered += try_name(&d, name, right) == VERDICT_GRANTED;
    }
    is_int(entered, 30, "L3: their slips are not held against those who come after them");
    int64_t before = d.counters.hashes;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "next%d", i);
        try_name(&d, name, wrong);
    }
    is_int(d.counters.hashes - before, 3, "L4: nor do their logins take off what was tried at others");
    desk_close(&d);
}

/* Ever new sources against one account. */
static void nothing_for_ever(void)
{
    struct desk d;
    char from[32];
    int64_t most = 0;

    struct account a = one_account(&d, NULL);
    try(&d, "su", "192.0.2.7", right);
    for (int i = 0; i < 300; i++) {
        snprintf(from, sizeof from, "10.%d.%d.1", i / 250, i % 250);
        try(&d, "su", from, wrong);
        desk_tick(&d, 3600 * 1000);
        if (i % 24 == 0)
            try(&d, "su", "192.0.2.7", right);
        if (i % 50 == 49) {
            DESK_STORE(&d, buckets_expire(d.db, CONFIG_LIMITS_NIST, &d.now, 2048));
            most = rows_in(&d) > most ? rows_in(&d) : most;
        }
    }
    is_int(d.counters.hashes, 300 + 14, "300 strangers, one an hour, all looked at");
    ok(most < 40, "leave %d rows, not one each", (int)most);
    is_int(row_of(&d, BUCKET_PAIR, a.id, "10.1.49.1").consecutive, 1, "the last of them is there");
    int64_t before = d.counters.hashes;
    for (int i = 0; i < 12; i++)
        try(&d, "su", "10.5.5.5", wrong);
    is_int(d.counters.hashes - before, 5, "strangers from one source wait");
    is_int(try(&d, "su", "192.0.2.7", right), VERDICT_GRANTED, "while home is still known");
    desk_close(&d);
}

/* A desktop where the password is asked at ssh and the code at sudo: nobody there ever proves both in one place. Who is
 * wrong now and then is not wrong a hundred times in a row. */
static void right_in_between(void)
{
    struct desk d;
    int granted = 0, entered = 0;

    struct account a = one_account(&d, secret);
    for (int day = 0; day < 120; day++) {
        try(&d, "su", "192.0.2.7", wrong);
        entered += desk_verdict(guess(&d, "su", "192.0.2.7", right)) == VERDICT_GRANTED;
        try(&d, "sudo", "", "000000");
        granted += desk_verdict(guess(&d, "sudo", "", desk_code(&d, secret, 0, 6))) == VERDICT_GRANTED;
        desk_tick(&d, 86400 * 1000);
    }
    is_int(granted, 120, "a wrong code a day, and then the right one: never stopped");
    is_int(entered, 120, "nor the password");
    is_int(row_of(&d, BUCKET_OTP, a.id, "known").consecutive, 0, "no codes in a row");
    try(&d, "sudo", "", "000000");
    is_int(row_of(&d, BUCKET_OTP, a.id, "known").level, LIMIT_UNIT, "but each is counted");
    try(&d, "sudo", "", desk_code(&d, secret, 30, 6));
    is_int(row_of(&d, BUCKET_OTP, a.id, "known").level, LIMIT_UNIT, "which the right one does not take off");
    desk_close(&d);
}

int main(void)
{
    remembered_by_its_net();
    in_flight_stays();
    slips_of_many();
    nothing_for_ever();
    right_in_between();
    return tap_done();
}
