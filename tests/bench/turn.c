/* SPDX-License-Identifier: MIT
 *
 * What a turn is worth: commits a second in store/ when one db_sync follows each transaction, and when one follows 64
 * of them; and without any sync in the measured time, which is as far as turns of any length could go. A transaction is
 * what a failed attempt leaves behind: one row of limits and one of the audit.
 *
 * Leaves out sockets, handlers and hashing (see login.c), and checkpoints, which authcd runs from a timer: here they
 * come between slices, unmeasured. The modes take turns slice by slice, so that a drifting machine drifts for all of
 * them.
 */
#include <sodium.h>

#include "accounts.h"
#include "audit.h"
#include "bench.h"
#include "clocks.h"
#include "buckets.h"

enum { ROUNDS = 9, ACCOUNTS = 64, TURN = 64, NEVER = 1 << 30 }; /* the first round warms up and is not counted */

struct mode {
    const char *name;
    unsigned per_sync; /* transactions */
    unsigned slice;
    int64_t us;
};

static struct account accounts[ACCOUNTS];
static struct clock now;

static void make_accounts(struct db *db)
{
    char name[32];

    bench_must(db_begin(db), "begin");
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        snprintf(name, sizeof name, "bench%u", i);
        bench_must(accounts_add(db, name, 10000 + i, "user", now.wall_s, &accounts[i]), name);
    }
    bench_must(db_commit(db), "commit");
}

static void commit_one(struct db *db, unsigned i)
{
    const struct account *a = &accounts[i % ACCOUNTS];
    struct buckets_key key = {.bucket = BUCKET_ACCOUNT, .account_id = a->id};
    struct limit_row row = {
        .level = (int64_t)i * LIMIT_UNIT, .consecutive = i, .charged_boot_ms = now.boot_ms, .charged_at = now.wall_s};
    struct audit event = {.at = now.wall_s,
                          .event = AUDIT_LOGIN_FAILURE,
                          .service = "sshd",
                          .source = "192.0.2.7",
                          .result = "wrong password, 1 of 5"};

    memcpy(row.boot_id, now.boot_id, sizeof row.boot_id);
    memcpy(event.account, a->uuid, sizeof event.account);
    bench_must(db_begin(db), "begin");
    bench_must(buckets_save(db, &key, &row), "buckets_save");
    bench_must(audit_append(db, &event), "audit_append");
    bench_must(db_commit(db), "commit");
}

static int64_t run_slice(struct db *db, const struct mode *mode)
{
    int64_t start_us = bench_us();

    for (unsigned i = 1; i <= mode->slice; i++) {
        commit_one(db, i);
        if (i % mode->per_sync == 0)
            bench_must(db_sync(db), "sync");
    }
    int64_t us = bench_us() - start_us;
    bench_must(db_sync(db), "sync");
    bench_must(db_checkpoint(db), "checkpoint");
    return us;
}

static double per_second(const struct mode *mode)
{
    return (double)mode->slice * (ROUNDS - 1) * 1e6 / (double)mode->us;
}

int main(void)
{
    struct mode modes[] = {
        {"a sync after each", 1, 512, 0},
        {"a sync after 64", TURN, 64 * TURN, 0},
        {"no sync", NEVER, 64 * TURN, 0},
    };
    const size_t n = sizeof modes / sizeof *modes;
    char reason[DB_REASON_SIZE] = "";
    struct db *db = NULL;

    bench_must(sodium_init() < 0 ? -EIO : 0, "sodium_init");
    bench_must(clocks_open(&now), "clocks");
    int error = db_open(bench_directory(), NULL, &db, reason);
    bench_must(error, reason);
    make_accounts(db);
    for (unsigned round = 0; round < ROUNDS; round++) {
        bench_progress("turn: round", round, ROUNDS);
        for (size_t i = 0; i < n; i++) {
            int64_t us = run_slice(db, &modes[i]);
            modes[i].us += round > 0 ? us : 0;
        }
    }
    db_close(db);

    printf("turn: transactions of one limits row and one audit row\n");
    printf("  %-24s %12s %10s\n", "", "commits/s", "ratio");
    for (size_t i = 0; i < n; i++)
        printf("  %-24s %12.0f %10.2f\n", modes[i].name, per_second(&modes[i]),
               per_second(&modes[i]) / per_second(&modes[0]));
    return 0;
}
