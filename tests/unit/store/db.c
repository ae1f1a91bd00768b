/* SPDX-License-Identifier: MIT
 *
 * Transactions are all or nothing, also where SQLite gives up by itself; what was committed survives kill -9 (D2, D3,
 * L9's half of the store).
 */
#include "db.h"

#include <signal.h>
#include <sys/wait.h>

#include "audit.h"
#include "fixture.h"
#include "pagesum.h"

static uint32_t count(struct db *db)
{
    DB_TRANSACTION struct db_transaction t = {0};
    uint32_t n = 0;
    if (db->in_transaction)
        fixture_must(accounts_count(db, &n) == 0, "count");
    else
        fixture_must(db_transaction(db, &t) == 0 && accounts_count(db, &n) == 0, "count in a transaction");
    return n;
}

static int scoped(struct db *db, const char *name, bool commit)
{
    DB_TRANSACTION struct db_transaction t;
    int error = db_transaction(db, &t);
    if (error < 0)
        return error;
    fixture_account(db, name, commit ? 1001 : 1002);
    return commit ? db_transaction_commit(&t) : 0;
}

static void check_transactions(void)
{
    struct db *db = fixture_fresh();
    struct account a;
    ok(!db_dirty(db), "an open database is clean");
    is_int(accounts_add(db, "ada", 1000, "user", NOW, &a), -EINVAL, "no write outside a transaction");
    is_int(db_commit(db), -EINVAL, "nothing to commit");
    db_rollback(db);
    fixture_begin(db);
    is_int(db_begin(db), -EINVAL, "no transaction in a transaction");
    is_int(db_checkpoint(db), -EINVAL, "no checkpoint in one either");
    fixture_account(db, "ada", 1000);
    db_rollback(db);
    is_int(count(db), 0, "rolled back");
    ok(!db_dirty(db), "and clean");
    is_int(scoped(db, "ada", false), 0, "a scope left without a commit");
    is_int(count(db), 0, "is rolled back");
    is_int(scoped(db, "ada", true), 0, "a scope left after a commit");
    is_int(count(db), 1, "is kept");
    ok(db_dirty(db), "and dirty");
    is_int(db_sync(db), 0, "synced");
    ok(!db_dirty(db), "clean again");
    fixture_begin(db);
    is_int(count(db), 1, "read in a transaction");
    fixture_commit(db);
    ok(!db_dirty(db), "reading makes nothing dirty");
    is_int(db_checkpoint(db), 0, "checkpoint");
    db_close(db);
    db = fixture_open();
    is_int(count(db), 1, "still there after closing");
    db_close(db);
    db_close(NULL);
}

static void check_settings(void)
{
    struct db *db = fixture_fresh();
    is_int(fixture_number(db, "PRAGMA synchronous"), 1, "synchronous = NORMAL");
    is_int(fixture_number(db, "PRAGMA wal_autocheckpoint"), 0, "no checkpoint by itself");
    is_int(fixture_number(db, "PRAGMA foreign_keys"), 1, "foreign keys are held");
    is_int(fixture_number(db, "PRAGMA trusted_schema"), 0, "the schema is not trusted");
    is_int(fixture_number(db, "PRAGMA cell_size_check"), 1, "cells are checked");
    is_int(fixture_number(db, "PRAGMA secure_delete"), 1, "deleted rows are overwritten");
    is_int(fixture_number(db, "PRAGMA temp_store"), 2, "nothing temporary on disk");
    is_int(fixture_number(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
                              " AND name NOT LIKE 'sqlite_%'"),
           0, "every table is STRICT");
    ok(access(fixture_path("authc.db-wal"), F_OK) == 0, "there is a WAL");
    ok(access(fixture_path("authc.db-shm"), F_OK) < 0, "and no shared memory");
    db_close(db);
    db = fixture_open();
    ok(access(fixture_path("authc.db-wal"), F_OK) == 0, "also before the first write");
    db_close(db);
}

/* As a tool leaves it that knows nothing of the WAL, or a power cut while authcd made it. */
static void check_without_wal(void)
{
    struct db *db = fixture_fresh();
    sqlite3 *tool = NULL;
    db_close(db);
    fixture_must(sqlite3_open_v2(fixture_path("authc.db"), &tool, SQLITE_OPEN_READWRITE, pagesum_vfs()) == SQLITE_OK &&
                     sqlite3_exec(tool, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE", NULL, NULL,
                                  NULL) == SQLITE_OK,
                 "no WAL");
    (void)sqlite3_close(tool);
    db = fixture_open();
    ok(access(fixture_path("authc.db-wal"), F_OK) == 0, "a database without a WAL gets one when it is opened");
    fixture_begin(db);
    fixture_account(db, "ada", 1000);
    fixture_commit(db);
    is_int(db_sync(db), 0, "which is what is synced");
    db_close(db);
}

/* max_page_count makes a full disk: SQLITE_FULL. */
static void check_full(void)
{
    struct db *db = fixture_fresh();
    struct account a = {0};
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", (int)fixture_number(db, "PRAGMA page_count") + 1);
    fixture_sql(db, sql);
    fixture_begin(db);
    int error = 0;
    uint32_t n = 0;
    for (; error == 0 && n < 100000; n++) {
        snprintf(sql, sizeof sql, "name%u", n);
        error = accounts_add(db, sql, n, "user", NOW, &a);
    }
    is_int(error, -ENOSPC, "the disk is full after %u", n);
    ok(sqlite3_get_autocommit(db->sqlite), "SQLite has rolled back by itself");
    is_int(accounts_count(db, &n), -ENOSPC, "nothing can be read as if nothing had happened");
    ok(accounts_add(db, "late", 5000000, "user", NOW, &a) < 0, "nothing can follow in this transaction");
    ok(db_commit(db) < 0, "nor can it be committed");
    is_int(count(db), 0, "all of it is undone");
    ok(!db_dirty(db), "nothing to sync");
    fixture_begin(db);
    fixture_account(db, "ada", 1000);
    is_int(db_commit(db), 0, "the next transaction is good");
    is_int(count(db), 1, "and there");
    db_close(db);
}

/* A rollback that SQLite could not do leaves its transaction open. */
static void check_left_open(void)
{
    struct db *db = fixture_fresh();
    uint32_t n = 9;
    fixture_sql(db, "BEGIN");
    is_int(accounts_count(db, &n), -EIO, "nothing is read out of it");
    is_int(db_begin(db), 0, "the next transaction ends it first");
    is_int(accounts_count(db, &n), 0, "and is good");
    db_close(db);
}

/* SQLite out of memory at its nth allocation from now, once or for ever; -1: never. */
static sqlite3_mem_methods real_memory;
static int64_t allocations_left = -1;
static bool for_ever, was_hit;

static void limit_memory(int64_t n, bool ever)
{
    allocations_left = n;
    for_ever = ever;
    was_hit = false;
}

static bool out_of_memory(void)
{
    if (allocations_left < 0 || (allocations_left > 0 && allocations_left--))
        return false;
    allocations_left = for_ever ? 0 : -1;
    return was_hit = true;
}

static void *test_malloc(int n)
{
    return out_of_memory() ? NULL : real_memory.xMalloc(n);
}

static void *test_realloc(void *p, int n)
{
    return out_of_memory() ? NULL : real_memory.xRealloc(p, n);
}

static void intercept_memory(void)
{
    fixture_must(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) == SQLITE_OK, "GETMALLOC");
    sqlite3_mem_methods methods = real_memory;
    methods.xMalloc = test_malloc;
    methods.xRealloc = test_realloc;
    fixture_must(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK, "MALLOC");
}

static int add_two(struct db *db, uint32_t uid)
{
    DB_TRANSACTION struct db_transaction t;
    struct account a = {0};
    struct audit row = {.at = NOW, .event = AUDIT_USER_ADD};
    char name[32];
    int error = db_transaction(db, &t);
    snprintf(name, sizeof name, "a%u", uid);
    if (error < 0 || (error = accounts_add(db, name, uid, "user", NOW, &a)) < 0)
        return error;
    snprintf(name, sizeof name, "b%u", uid);
    if ((error = accounts_add(db, name, uid + 1, "user", NOW, &a)) < 0 || (error = audit_append(db, &row)) < 0)
        return error;
    return db_transaction_commit(&t);
}

/* A success is whole, a failure leaves nothing, and the next one succeeds. The statements are prepared anew each time.
 */
static int try_without_memory(int64_t n, bool ever, bool *ret_hit)
{
    struct db *db = fixture_open();
    uint32_t before = count(db), dirty = 0;
    limit_memory(n, ever);
    int error = add_two(db, 4 * before);
    bool hit = was_hit;
    limit_memory(-1, false);
    int wrong = error < 0 && accounts_count(db, &dirty) == 0 && dirty != before; /* nothing to read of what failed */
    wrong += error < 0 && error != -ENOMEM;
    wrong += count(db) != before + (error < 0 ? 0 : 2);
    wrong += add_two(db, 4 * before + 2) != 0;
    int64_t bad = -1;
    wrong += audit_verify(db, &bad) != 0 || bad != 0;
    db_close(db);
    *ret_hit = hit;
    return wrong;
}

static void check_memory(bool ever)
{
    int wrong = 0;
    int64_t n = 0;
    fixture_directory();
    for (bool hit = true; hit && n < 5000; n++)
        wrong += try_without_memory(n, ever, &hit);
    ok(n > 100, "%d different allocations failed %s", (int)n, ever ? "for ever" : "once");
    is_int(wrong, 0, "no half transaction, no wrong success, no lasting harm");
}

/* Every 13th allocation, because each try makes a database: some thousands of them. */
static void check_memory_at_open(void)
{
    int wrong = 0, failures = 0, error = -1;
    for (int64_t n = 0; error < 0 && n < 20000; n += 13) {
        char reason[DB_REASON_SIZE];
        struct db *db = NULL;
        fixture_directory();
        limit_memory(n, true);
        error = db_open(fixture_dir, NULL, &db, reason);
        limit_memory(-1, false);
        failures += error < 0;
        wrong += error < 0 && (db != NULL || reason[0] == '\0');
        db_close(db);
        db = fixture_open();
        wrong += add_two(db, 1000) != 0;
        db_close(db);
    }
    ok(failures > 50 && error == 0, "%d different allocations failed while opening", failures);
    is_int(wrong, 0, "each time it opens with memory afterwards");
}

/* A child commits and syncs, and another commit is written but not synced, when it is killed. */
static void check_kill(void)
{
    fixture_directory();
    int at[2];
    char byte;
    fixture_must(pipe(at) == 0, "pipe");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct db *db = fixture_open();
        fixture_must(add_two(db, 1000) == 0 && db_sync(db) == 0 && add_two(db, 2000) == 0, "child");
        fixture_begin(db);
        fixture_account(db, "open", 3000);
        fixture_must(write(at[1], "x", 1) == 1, "write");
        pause();
        _exit(1);
    }
    fixture_must(pid > 0 && read(at[0], &byte, 1) == 1, "child is ready");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    struct db *db = fixture_open();
    is_int(count(db), 4, "both commits are there, the open transaction is not");
    int64_t bad = -1;
    is_int(audit_verify(db, &bad), 0, "audit is readable");
    is_int(bad, 0, "and whole");
    db_close(db);
}

int main(void)
{
    intercept_memory();
    check_transactions();
    check_settings();
    check_without_wal();
    check_full();
    check_left_open();
    check_memory(false);
    check_memory(true);
    check_memory_at_open();
    check_kill();
    is_int(db_schema_version(), 1, "schema");
    return tap_done();
}
