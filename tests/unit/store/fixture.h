/* SPDX-License-Identifier: MIT
 *
 * A state directory of its own for each test program, and a database in it. What a test cannot go on without ends it.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts.h"
#include "sql.h"
#include "tap.h"

#define NOW INT64_C(1700000000)

static char fixture_dir[64];
static pid_t fixture_owner;

static void fixture_must(bool good, const char *what)
{
    if (good)
        return;
    printf("Bail out! %s\n", what);
    exit(2);
}

static int fixture_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void fixture_remove(void)
{
    if (getpid() == fixture_owner)
        (void)nftw(fixture_dir, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty directory, 0700, that goes with the process. */
__attribute__((unused)) static const char *fixture_directory(void)
{
    bool first = fixture_owner == 0;
    fixture_remove();
    snprintf(fixture_dir, sizeof fixture_dir, "/tmp/authc-store-XXXXXX");
    fixture_must(mkdtemp(fixture_dir) != NULL, "no temporary directory");
    fixture_owner = getpid();
    if (first)
        atexit(fixture_remove);
    return fixture_dir;
}

__attribute__((unused)) static const char *fixture_path(const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", fixture_dir, name);
    return path;
}

__attribute__((unused)) static struct db *fixture_open(void)
{
    char reason[DB_REASON_SIZE];
    struct db *db = NULL;
    int error = db_open(fixture_dir, NULL, &db, reason);
    if (error < 0)
        printf("# %s\n", reason);
    fixture_must(error == 0, "the database does not open");
    return db;
}

/* A fresh directory and the database in it. */
__attribute__((unused)) static struct db *fixture_fresh(void)
{
    fixture_directory();
    return fixture_open();
}

__attribute__((unused)) static void fixture_begin(struct db *db)
{
    fixture_must(db_begin(db) == 0, "no transaction");
}

__attribute__((unused)) static void fixture_commit(struct db *db)
{
    fixture_must(db_commit(db) == 0, "no commit");
}

/* An account, inside the caller's transaction. */
__attribute__((unused)) static struct account fixture_account(struct db *db, const char *name, uint32_t uid)
{
    struct account a = {0};
    fixture_must(accounts_add(db, name, uid, "user", NOW, &a) == 0, "no account");
    return a;
}

/* SQL behind the back of the store's functions. */
__attribute__((unused)) static void fixture_sql(struct db *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db->sqlite, sql, NULL, NULL, &why) != SQLITE_OK)
        printf("# %s\n", why);
    fixture_must(why == NULL, sql);
}

__attribute__((unused)) static int64_t fixture_number(struct db *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    fixture_must(sqlite3_prepare_v2(db->sqlite, sql, -1, &q, NULL) == SQLITE_OK, sql);
    fixture_must(sqlite3_step(q) == SQLITE_ROW, sql);
    int64_t v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return v;
}

#endif
