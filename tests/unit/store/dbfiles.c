/* SPDX-License-Identifier: MIT
 *
 * A second opener is busy; symlink, FIFO, directory, foreign owner, loose mode, a second name are refused with a reason
 * that says what and how to mend it, and nothing is made or changed (D6). A key that is missing, cut or another one
 * is refused loudly (D8).
 */
#include "dbfiles.h"

#include <sys/wait.h>

#include "fixture.h"

static char reason[DB_REASON_SIZE];

static int open_it(const char *dir, const char *key_file)
{
    struct db *db = NULL;
    int error = db_open(dir, key_file, &db, reason);
    ok((db == NULL) == (error < 0), "a database or an error");
    db_close(db);
    return error;
}

static void refuse(int want, const char *word, const char *what)
{
    is_int(open_it(fixture_dir, NULL), want, "%s", what);
    ok(strstr(reason, word) != NULL, "reason names it: %s", reason);
    chmod(fixture_dir, 0700);
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    fixture_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fchmod(fd, mode) == 0, path);
    close(fd);
}

static void check_directory(void)
{
    fixture_directory();
    chmod(fixture_dir, 0770);
    refuse(-EPERM, "chmod go-w", "directory writable by the group");
    chmod(fixture_dir, 0707);
    refuse(-EPERM, "chmod go-w", "directory writable by others");
    chmod(fixture_dir, 0711);
    is_int(open_it(fixture_dir, NULL), 0, "0711 is good");

    const char *link = fixture_path("link");
    fixture_must(symlink(fixture_dir, link) == 0, "symlink");
    is_int(open_it(link, NULL), -EPERM, "a symlink to it");
    char slash[160];
    snprintf(slash, sizeof slash, "%s///", link);
    is_int(open_it(slash, NULL), -EPERM, "a symlink to it with slashes");
    ok(strstr(reason, "symlink") != NULL, "reason names it: %s", reason);
    snprintf(slash, sizeof slash, "%s/", fixture_dir);
    is_int(open_it(slash, NULL), 0, "slashes at the end are good");
    snprintf(slash, sizeof slash, "%s/..%s/./", fixture_dir, strrchr(fixture_dir, '/'));
    is_int(open_it(slash, NULL), 0, "so are dots");
    is_int(open_it(fixture_path("none"), NULL), -ENOENT, "no such directory");
    ok(strstr(reason, "install -d") != NULL, "reason: %s", reason);
    is_int(open_it(fixture_path("authc.key"), NULL), -EPERM, "a file");
    char longer[1024];
    memset(longer, 'a', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    is_int(open_it(longer, NULL), -ENAMETOOLONG, "too long a path");
}

/* Each of these in place of the file of that name. */
static void check_file(const char *name)
{
    const char *path = fixture_path(name), *away = fixture_path("away");
    fixture_must(rename(path, away) == 0, "rename");
    fixture_must(symlink(away, path) == 0, "symlink");
    refuse(-EPERM, "a symlink", name);
    unlink(path);
    fixture_must(mkfifo(path, 0600) == 0, "mkfifo");
    refuse(-EPERM, "no regular file", name);
    unlink(path);
    fixture_must(mkdir(path, 0700) == 0, "mkdir");
    refuse(-EPERM, "no regular file", name);
    rmdir(path);
    fixture_must(rename(away, path) == 0, "rename");

    chmod(path, 0640);
    refuse(-EPERM, "chmod 600", name);
    chmod(path, 0604);
    refuse(-EPERM, "chmod 600", name);
    chmod(path, 0600);
    fixture_must(link(path, away) == 0, "link");
    refuse(-EPERM, "hard link", name);
    unlink(away);
    if (geteuid() == 0) {
        fixture_must(chown(path, 1234, 1234) == 0, "chown");
        refuse(-EPERM, "uid 1234", name);
        fixture_must(chown(path, 0, 0) == 0, "chown");
    }
    is_int(open_it(fixture_dir, NULL), 0, "mended: good again");
}

static void check_files(void)
{
    fixture_directory();
    mode_t mask = umask(0);
    is_int(open_it(fixture_dir, NULL), 0, "made under umask 0");
    umask(mask);
    struct stat st;
    ok(stat(fixture_path("authc.db"), &st) == 0 && (st.st_mode & 07777) == 0600, "database is 0600");
    ok(stat(fixture_path("authc.key"), &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 32, "key is 0600");
    check_file("authc.db");
    check_file("authc.key");
    write_file(fixture_path("authc.db-wal"), "", 0, 0666);
    refuse(-EPERM, "authc.db-wal", "a loose file where the WAL goes");
    unlink(fixture_path("authc.db-wal"));
    fixture_must(symlink("/etc/passwd", fixture_path("authc.db-journal")) == 0, "symlink");
    refuse(-EPERM, "authc.db-journal", "a symlink where the journal goes");
}

static void check_foreign_directory(void)
{
    if (geteuid() != 0)
        return;
    fixture_directory();
    fixture_must(chown(fixture_dir, 1234, 1234) == 0, "chown");
    refuse(-EPERM, "uid 1234", "directory of another uid");
    ok(access(fixture_path("authc.key"), F_OK) < 0, "nothing was made in it");
}

static int open_in_child(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct db *db = NULL;
        int error = db_open(fixture_dir, NULL, &db, reason);
        _exit(error == -EBUSY ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

static int hold_by_sqlite(sqlite3 **ret)
{
    fixture_must(sqlite3_open(fixture_path("authc.db"), ret) == SQLITE_OK, "sqlite3_open");
    return sqlite3_exec(*ret, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
}

static void check_busy(void)
{
    struct db *db = fixture_fresh();
    is_int(open_it(fixture_dir, NULL), -EBUSY, "second opener in this process");
    is_int(open_it(fixture_dir, NULL), -EBUSY, "and a third: the second dropped no lock");
    ok(strstr(reason, "another authcd") != NULL, "reason: %s", reason);
    is_int(open_in_child(), 0, "second opener in another process");
    fixture_begin(db);
    fixture_account(db, "ada", 1000);
    is_int(db_commit(db), 0, "the first goes on");
    sqlite3 *other = NULL;
    is_int(hold_by_sqlite(&other), SQLITE_BUSY, "SQLite itself is kept out too");
    sqlite3_close(other);
    db_close(db);

    is_int(hold_by_sqlite(&other), SQLITE_OK, "afterwards it is not");
    is_int(open_it(fixture_dir, NULL), -EBUSY, "and keeps authcd out");
    ok(strstr(reason, "another program") != NULL, "reason: %s", reason);
    sqlite3_close(other);
    is_int(open_it(fixture_dir, NULL), 0, "until it is gone");
}

static void check_key(void)
{
    unsigned char key[33] = {0};
    fixture_directory();
    is_int(open_it(fixture_dir, NULL), 0, "key and database made");
    const char *path = fixture_path("authc.key"), *away = fixture_path("away");
    fixture_must(rename(path, away) == 0, "rename");
    refuse(-ENOKEY, "missing", "no key");
    ok(access(path, F_OK) < 0, "no key was made for a database that has one");
    is_int(open_it(fixture_dir, path), -ENOKEY, "no such key file");
    is_int(open_it(fixture_dir, away), 0, "the key from elsewhere");
    write_file(path, key, 32, 0600);
    refuse(-ENOKEY, "not this database's", "another key");
    write_file(path, key, 31, 0600);
    refuse(-ENOKEY, "not a key", "31 bytes");
    write_file(path, key, 33, 0600);
    refuse(-ENOKEY, "not a key", "33 bytes");
    write_file(path, key, 0, 0600);
    refuse(-ENOKEY, "not a key", "nothing");
    unlink(path);

    chmod(away, 0440);
    is_int(open_it(fixture_dir, away), 0, "a given key may show an ACL's mask");
    chmod(away, 0404);
    is_int(open_it(fixture_dir, away), -EPERM, "but not be open to others");
    chmod(away, 0620);
    is_int(open_it(fixture_dir, away), -EPERM, "nor writable by the group");
    chmod(away, 0400);
    fixture_must(symlink(away, path) == 0, "symlink");
    is_int(open_it(fixture_dir, path), -EPERM, "nor a symlink");
    is_int(open_it(fixture_dir, fixture_dir), -EPERM, "nor a directory");
    unlink(path);
    fixture_must(mkfifo(path, 0600) == 0, "mkfifo");
    is_int(open_it(fixture_dir, path), -EPERM, "nor a FIFO");
}

static void check_key_first(void)
{
    fixture_directory();
    write_file(fixture_path("authc.key.new"), "half", 4, 0600);
    is_int(open_it(fixture_dir, NULL), 0, "half a key left by a crash is replaced");
    unlink(fixture_path("authc.db"));
    struct stat before, after;
    stat(fixture_path("authc.key"), &before);
    is_int(open_it(fixture_dir, NULL), 0, "a key without a database is used");
    stat(fixture_path("authc.key"), &after);
    ok(before.st_ino == after.st_ino, "not replaced");
}

int main(void)
{
    check_directory();
    check_files();
    check_foreign_directory();
    check_busy();
    check_key();
    check_key_first();
    return tap_done();
}
