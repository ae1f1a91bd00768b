/* SPDX-License-Identifier: MIT
 *
 * See refuge_place.h. The copy has its name only when it is whole. Nothing is synced: the file system is in memory, and
 * where it is not, what a power cut leaves is no worse.
 */
#include "refuge_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "pagesum.h"
#include "reason.h"
#include "refuge.h"
#include "text.h"

#define WAL DBFILES_DATABASE "-wal"
#define FRESH DBFILES_DATABASE ".new"
#define FD_AUTO __attribute__((cleanup(fd_close)))

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

int refuge_place_open(const char *run_dir, struct dbfiles *ret, char reason[DB_REASON_SIZE])
{
    char path[DBFILES_PATH_SIZE];
    *ret = (struct dbfiles){.dir_fd = -1};
    if (text_format(path, sizeof path, "%s/" REFUGE_DIR, run_dir) < 0)
        return reason_give(reason, -ENAMETOOLONG, "%s: path too long", run_dir);
    int error = dbfiles_open(ret, path, reason);
    if (error < 0)
        dbfiles_close(ret);
    if (error == -ENOENT)
        error = reason_give(reason, error,
                            "%s: no such directory; systemd-tmpfiles --create makes it for the next start", path);
    return error;
}

/* The database first: without it the rest means nothing. */
void refuge_place_empty(const struct dbfiles *place)
{
    static const char *const names[] = {DBFILES_DATABASE, WAL, DBFILES_DATABASE "-journal", FRESH};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlinkat(place->dir_fd, names[i], 0);
}

static int make_fresh(const struct dbfiles *place, const char *name)
{
    int fd = openat(place->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd < 0 ? -errno : fd;
}

static int publish(const struct dbfiles *place)
{
    return renameat(place->dir_fd, FRESH, place->dir_fd, DBFILES_DATABASE) < 0 ? -errno : 0;
}

/* From the open database, where reading works on a full and on a read-only disk. */
int refuge_place_copy_open(struct db *db, const struct dbfiles *place)
{
    char path[DBFILES_PATH_SIZE];
    sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int error = text_format(path, sizeof path, "%s/" FRESH, place->dir);
    int fd = error < 0 ? error : make_fresh(place, FRESH);
    if (fd < 0)
        return fd;
    (void)close(fd);
    error = sql_errno(sqlite3_open_v2(path, &to, flags, pagesum_vfs()));
    if (error == 0)
        error = sql_errno(pagesum_reserve(to));
    if (error == 0)
        error = sql_errno(sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL));
    if (error == 0)
        error = backup_pages(db->sqlite, to);
    (void)sqlite3_close(to);
    return error < 0 ? error : publish(place);
}

static int copy_bytes(int from, int to)
{
    char buffer[8192];
    ssize_t n;
    while ((n = read(from, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t put = n < 0 ? n : write(to, buffer, (size_t)n);
        if (put < 0)
            return -errno;
        if (put != n)
            return -ENOSPC;
    }
    return 0;
}

static int copy_file(const struct dbfiles *from, const char *name, const struct dbfiles *place, const char *fresh)
{
    FD_AUTO int in = openat(from->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0)
        return -errno;
    FD_AUTO int out = make_fresh(place, fresh);
    return out < 0 ? out : copy_bytes(in, out);
}

/* A database in WAL mode cannot be opened where nothing can be written: its files are copied instead, while nobody has
 * them open. */
int refuge_place_copy_closed(const struct db *db, const struct dbfiles *place)
{
    int error = copy_file(&db->files, WAL, place, WAL);
    if ((error < 0 && error != -ENOENT) || (error = copy_file(&db->files, DBFILES_DATABASE, place, FRESH)) < 0)
        return error;
    return publish(place);
}

int refuge_place_size(const struct dbfiles *place, const struct dbfiles *files, int64_t *ret)
{
    struct stat here, home;
    if (fstatat(place->dir_fd, DBFILES_DATABASE, &here, AT_SYMLINK_NOFOLLOW) < 0 ||
        fstatat(files->dir_fd, DBFILES_DATABASE, &home, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    struct stat wal = {0};
    if (fstatat(place->dir_fd, WAL, &wal, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
        return -errno;
    int64_t size = here.st_size + wal.st_size; /* goes through the WAL there, with a header for each page */
    int64_t growth = size > home.st_size ? size - home.st_size : 0;
    *ret = size + size / 64 + growth;
    return 0;
}
