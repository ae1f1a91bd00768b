/* SPDX-License-Identifier: MIT
 *
 * A newer schema and another program's database are refused, and not a byte of any file changes; a migration is taken
 * step by step, each whole or not at all, and leaves a backup (D7).
 */
#include "schema.h"

#include "backup.h"
#include "fixture.h"

struct copy {
    size_t len;
    unsigned char *bytes;
};

static struct copy read_all(const char *path)
{
    struct copy c = {0};
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return c;
    struct stat st;
    fixture_must(fstat(fileno(f), &st) == 0, "fstat");
    c.bytes = malloc((size_t)st.st_size + 1);
    fixture_must(c.bytes != NULL, "memory");
    c.len = fread(c.bytes, 1, (size_t)st.st_size, f);
    fclose(f);
    return c;
}

/* A WAL that was not there may be there and empty: that says nothing. */
static bool same(struct copy a, struct copy b)
{
    bool good = a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
    free(a.bytes);
    free(b.bytes);
    return good;
}

static void refuse(int want, const char *word)
{
    static const char *const names[] = {"authc.db", "authc.db-wal", "authc.key"};
    struct copy before[3];
    char reason[DB_REASON_SIZE];
    struct db *db = NULL;
    for (size_t i = 0; i < 3; i++)
        before[i] = read_all(fixture_path(names[i]));
    is_int(db_open(fixture_dir, NULL, &db, reason), want, "refused");
    ok(strstr(reason, word) != NULL, "reason: %s", reason);
    for (size_t i = 0; i < 3; i++)
        ok(same(before[i], read_all(fixture_path(names[i]))), "%s is untouched", names[i]);
    db_close(db);
}

static void check_newer(void)
{
    struct db *db = fixture_fresh();
    fixture_sql(db, "PRAGMA user_version = 2");
    db_close(db);
    refuse(-EPROTONOSUPPORT, "newer");

    /* As a crash leaves it: the newer version is in the WAL only. */
    db = fixture_fresh();
    fixture_sql(db, "PRAGMA user_version = 2");
    struct copy wal = read_all(fixture_path("authc.db-wal")), file = read_all(fixture_path("authc.db"));
    db_close(db);
    const struct {
        const char *name;
        struct copy c;
    } left[] = {{"authc.db", file}, {"authc.db-wal", wal}};
    for (size_t i = 0; i < 2; i++) {
        int fd = open(fixture_path(left[i].name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        fixture_must(fd >= 0 && write(fd, left[i].c.bytes, left[i].c.len) == (ssize_t)left[i].c.len, "write");
        close(fd);
        free(left[i].c.bytes);
    }
    refuse(-EPROTONOSUPPORT, "newer");
}

static void check_foreign(void)
{
    static const char *const foreign[] = {
        "PRAGMA application_id = 1",
        "PRAGMA application_id = 0",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -5",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct db *db = fixture_fresh();
        fixture_sql(db, foreign[i]);
        db_close(db);
        refuse(-EPERM, "no database of authc");
    }
    db_close(fixture_fresh());
    int fd = open(fixture_path("authc.db"), O_WRONLY | O_TRUNC);
    fixture_must(fd >= 0 && write(fd, "this is a letter to my aunt, and no database at all", 51) == 51, "write");
    close(fd);
    refuse(-EIO, "restore");
}

static const char *const second[] = {"CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;", NULL};
static const char *const broken[] = {"CREATE TABLE third (id INTEGER PRIMARY KEY) STRICT;",
                                     "INSERT INTO third VALUES (1); INSERT INTO nothing VALUES (1);", NULL};

static int fill_later(struct db *db)
{
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO later VALUES (7)");
    return sql_run(&q, NULL);
}

static void check_steps(void)
{
    struct db *db = fixture_fresh();
    size_t n = 0;
    const struct schema_step *released = schema_steps(&n);
    for (size_t i = 0; i < n; i++)
        is_int(released[i].version, (int)i + 1, "step %zu has its number", i + 1);
    const struct schema_step steps[] = {released[0], {2, second, fill_later}, {3, broken, NULL}};
    is_int(schema_migrate(db, 1, steps, 2), 0, "one step further");
    is_int(fixture_number(db, "PRAGMA user_version"), 2, "is version 2");
    is_int(fixture_number(db, "SELECT id FROM later"), 7, "filled");
    ok(schema_migrate(db, 2, steps, 3) < 0, "a step that fails in the middle");
    is_int(fixture_number(db, "PRAGMA user_version"), 2, "is still version 2");
    is_int(fixture_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'third'"), 0, "nothing of it is left");
    is_int(schema_migrate(db, 2, steps, 2), 0, "steps already taken are not taken again");
    db_close(db);
}

static void check_backup(void)
{
    char reason[DB_REASON_SIZE];
    struct db *db = fixture_fresh();
    fixture_begin(db);
    fixture_account(db, "ada", 1000);
    fixture_commit(db); /* in the WAL only */
    is_int(backup_make(db, 1, reason), 0, "backup made");
    is_int(backup_make(db, 1, reason), 0, "and replaced");
    struct stat st;
    ok(stat(fixture_path("backup"), &st) == 0 && (st.st_mode & 07777) == 0700, "its directory is 0700");
    ok(stat(fixture_path("backup/authc.db.v1"), &st) == 0 && (st.st_mode & 07777) == 0600, "it is 0600");
    ok(access(fixture_path("backup/authc.db.new"), F_OK) < 0, "nothing half is left");
    fixture_begin(db);
    fixture_account(db, "bob", 1001);
    fixture_commit(db);
    db_close(db);

    fixture_must(rename(fixture_path("backup/authc.db.v1"), fixture_path("authc.db")) == 0, "rename");
    db = fixture_open();
    struct account a;
    is_int(accounts_by_name(db, "ada", &a), 0, "put back, it has what was there");
    is_int(accounts_by_name(db, "bob", &a), -ENOENT, "and not what came later");
    chmod(fixture_path("backup"), 0755);
    is_int(backup_make(db, 1, reason), -EPERM, "not into a directory that others can read");
    ok(strstr(reason, "backup") != NULL, "reason: %s", reason);
    db_close(db);
}

int main(void)
{
    check_newer();
    check_foreign();
    check_steps();
    check_backup();
    return tap_done();
}
