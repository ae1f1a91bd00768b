/* SPDX-License-Identifier: MIT
 *
 * By SQLite's backup API, because copying the file would miss what is still in the WAL (and closing it would drop the
 * locks). Written under another name, checked, synced and only then renamed, so that a file of the final name is whole.
 * Holds no key: what is sealed stays sealed.
 */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pagesum.h"
#include "reason.h"
#include "text.h"

#define FRESH "authc.db.new"
#define FD_AUTO __attribute__((cleanup(fd_close)))
#define SQLITE_AUTO __attribute__((cleanup(connection_close)))

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static void connection_close(sqlite3 **c)
{
    (void)sqlite3_close(*c);
}

/* The descriptor, no longer its scope's to close. */
static int take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* The directory, made if need be; the caller's alone. */
static int open_directory(const struct dbfiles *f)
{
    if (mkdirat(f->dir_fd, DBFILES_BACKUP, S_IRWXU) < 0 && errno != EEXIST)
        return -errno;
    FD_AUTO int fd = openat(f->dir_fd, DBFILES_BACKUP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return -EPERM;
    return take(&fd);
}

static int make_empty(int dir_fd)
{
    if (unlinkat(dir_fd, FRESH, 0) < 0 && errno != ENOENT)
        return -errno;
    FD_AUTO int fd = openat(dir_fd, FRESH, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd < 0 ? -errno : 0;
}

int backup_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return sql_errno(sqlite3_errcode(to));
    int code = sqlite3_backup_step(backup, -1);
    int system_errno = errno;
    int finished = sqlite3_backup_finish(backup);
    return sql_errno_of_system(code == SQLITE_DONE ? finished : code, system_errno);
}

int backup_is_whole(sqlite3 *c)
{
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(c, "PRAGMA integrity_check(1)", -1, &q, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(q);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
    int error = text != NULL && strcmp((const char *)text, "ok") == 0 ? 0 : -EIO;
    (void)sqlite3_finalize(q);
    return error;
}

static int copy_database(struct db *db, const char *path)
{
    SQLITE_AUTO sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int error = sql_errno(sqlite3_open_v2(path, &to, flags, pagesum_vfs()));
    if (error < 0 || (error = sql_errno(pagesum_reserve(to))) < 0 ||
        (error = sql_errno(sqlite3_exec(to, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL))) < 0 ||
        (error = backup_pages(db->sqlite, to)) < 0)
        return error;
    return backup_is_whole(to);
}

static int publish(int dir_fd, const char *name)
{
    FD_AUTO int fd = openat(dir_fd, FRESH, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0 || renameat(dir_fd, FRESH, dir_fd, name) < 0 || fsync(dir_fd) < 0)
        return -errno;
    return 0;
}

int backup_save(struct db *db, const struct dbfiles *files, const char *name)
{
    char path[DBFILES_PATH_SIZE];
    FD_AUTO int dir_fd = open_directory(files);
    if (dir_fd < 0)
        return dir_fd;
    int error = text_format(path, sizeof path, "%s/" DBFILES_BACKUP "/" FRESH, files->dir);
    if (error < 0 || (error = make_empty(dir_fd)) < 0 || (error = copy_database(db, path)) < 0 ||
        (error = publish(dir_fd, name)) < 0)
        return error;
    return dbfiles_sync(files);
}

int backup_make(struct db *db, int version, char reason[DB_REASON_SIZE])
{
    char name[64];
    int error = text_format(name, sizeof name, DBFILES_DATABASE ".v%d", version);
    if (error == 0 && (error = backup_save(db, &db->files, name)) == 0)
        return 0;
    return reason_give(reason, error,
                       "%s/" DBFILES_BACKUP
                       ": no backup before the migration: %s (the directory must be ours, mode 0700)",
                       db->files.dir, strerror(-error));
}
