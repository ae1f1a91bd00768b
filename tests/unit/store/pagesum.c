/* SPDX-License-Identifier: MIT
 *
 * D5: a byte that changes in any page of the database file is found when that page is read, also in one that was
 * written elsewhere; a backup has sums of its own; a file without them is refused.
 */
#include "pagesum.h"

#include "backup.h"
#include "fixture.h"

enum { PAGE = 4096 };

static unsigned char whole[64 * PAGE];
static size_t len;
static bool by_sum; /* the last failure was one that SQLite would not have found, or not as soon */

static void load(void)
{
    FILE *f = fopen(fixture_path("authc.db"), "re");
    fixture_must(f != NULL && (len = fread(whole, 1, sizeof whole, f)) > 0 && len % PAGE == 0, "load");
    fclose(f);
}

static void store(const unsigned char *bytes)
{
    FILE *f = fopen(fixture_path("authc.db"), "r+e");
    fixture_must(f != NULL && fwrite(bytes, 1, len, f) == len, "store");
    fclose(f);
}

/* Reads every page that is in use; 0, or what opening or reading says. */
static int read_all(char reason[DB_REASON_SIZE])
{
    struct db *db = NULL;
    reason[0] = '\0';
    int error = db_open(fixture_dir, NULL, &db, reason);
    by_sum = strstr(reason, "sum") != NULL;
    if (error == 0 && sqlite3_exec(db->sqlite, "PRAGMA integrity_check", NULL, NULL, NULL) != SQLITE_OK) {
        by_sum = sqlite3_extended_errcode(db->sqlite) == SQLITE_IOERR_DATA;
        error = sql_error(db, sqlite3_extended_errcode(db->sqlite));
    }
    if (error == 0 && !pagesum_is_kept(db->sqlite))
        error = -EINVAL;
    db_close(db);
    return error;
}

static void check_pages(void)
{
    static unsigned char bad[sizeof whole];
    char reason[DB_REASON_SIZE];
    size_t found = 0;
    is_int(read_all(reason), 0, "whole, all of it can be read");
    for (size_t page = 0; page < len; page += PAGE) {
        memcpy(bad, whole, len);
        bad[page + 200 + page / PAGE * 37 % 3000] ^= 0x10;
        store(bad);
        found += read_all(reason) == -EIO && by_sum;
    }
    is_int((int)found, (int)(len / PAGE), "a bit in any of the pages is found");
    memcpy(bad, whole, len);
    memcpy(bad + 2 * PAGE, whole + 3 * PAGE, PAGE);
    store(bad);
    ok(read_all(reason) == -EIO && by_sum, "so is a page in another's place");
    memcpy(bad, whole, len);
    bad[20] = 0;
    store(bad);
    ok(read_all(reason) < 0 && strstr(reason, "damaged"), "and a header that knows of no sums: %s", reason);
    store(whole);
    is_int(read_all(reason), 0, "as it was, it is good");
}

static void check_backup(void)
{
    char reason[DB_REASON_SIZE] = "";
    struct db *db = fixture_open();
    fixture_begin(db);
    (void)fixture_account(db, "bob", 1001); /* in the WAL only */
    fixture_commit(db);
    is_int(backup_make(db, 7, reason), 0, "a backup %s", reason);
    db_close(db);
    fixture_must(rename(fixture_path("backup/authc.db.v7"), fixture_path("authc.db")) == 0, "restore");
    is_int(read_all(reason), 0, "has sums, also of what was in the WAL: %s", reason);
    load();
    whole[len - PAGE + 300] ^= 1;
    store(whole);
    is_int(read_all(reason), -EIO, "which are looked at");
}

/* More pages than SQLite keeps in memory: some of the copy are written before its first. */
static void check_large_backup(void)
{
    char reason[DB_REASON_SIZE] = "";
    struct db *db = fixture_fresh();
    fixture_sql(db, "PRAGMA cache_size = 10");
    fixture_begin(db);
    fixture_sql(db, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                    "INSERT INTO meta SELECT 'n' || i, randomblob(1000) FROM n");
    fixture_commit(db);
    is_int(backup_make(db, 7, reason), 0, "a large backup %s", reason);
    db_close(db);
    fixture_must(rename(fixture_path("backup/authc.db.v7"), fixture_path("authc.db")) == 0, "restore");
    is_int(read_all(reason), 0, "has all of its sums: %s", reason);
}

/* A power cut tears the first page while it is written to the file: it is in the WAL. */
static void check_torn_header(void)
{
    char reason[DB_REASON_SIZE] = "", wal[256];
    struct db *db = fixture_fresh();
    fixture_begin(db);
    (void)fixture_account(db, "ada", 1000);
    fixture_sql(db, "PRAGMA user_version = 1"); /* is in the first page */
    fixture_commit(db);
    fixture_must(db_sync(db) == 0, "sync");
    snprintf(wal, sizeof wal, "cp %s/authc.db-wal %s/kept", fixture_dir, fixture_dir);
    fixture_must(system(wal) == 0, wal);
    db_close(db);
    fixture_must(rename(fixture_path("kept"), fixture_path("authc.db-wal")) == 0, "WAL");
    load();
    memset(whole + 10, 0xa5, 500);
    store(whole);
    is_int(read_all(reason), 0, "a torn first page that is in the WAL does no harm: %s", reason);
}

static void check_foreign(void)
{
    sqlite3 *tool = NULL;
    char reason[DB_REASON_SIZE];
    fixture_directory();
    fixture_must(read_all(reason) == 0 && unlink(fixture_path("authc.db")) == 0 &&
                     sqlite3_open(fixture_path("authc.db"), &tool) == SQLITE_OK &&
                     sqlite3_exec(tool,
                                  "PRAGMA application_id = 1096042563; PRAGMA user_version = 1; CREATE TABLE t (x)",
                                  NULL, NULL, NULL) == SQLITE_OK &&
                     sqlite3_close(tool) == SQLITE_OK && chmod(fixture_path("authc.db"), 0600) == 0,
                 "tool");
    ok(read_all(reason) == -EIO && strstr(reason, "rewritten by another program"),
       "one that a tool made anew is refused: %s", reason);
}

int main(void)
{
    struct db *db = fixture_fresh();
    fixture_begin(db);
    (void)fixture_account(db, "ada", 1000);
    fixture_commit(db);
    db_close(db);
    load();
    check_pages();
    check_backup();
    check_large_backup();
    check_torn_header();
    check_foreign();
    return tap_done();
}
