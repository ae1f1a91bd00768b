/* SPDX-License-Identifier: MIT
 *
 * Checks of the state directory and its files. The directory is opened without following a symlink, must be the
 * caller's and writable by nobody else; from then on nobody but the caller and root can put anything into it, so
 * looking at a file by name and opening it later is no race. Leaves out what is in the database.
 */
#include "dbfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "random.h"
#include "reason.h"
#include "text.h"

#define KEY_FRESH DBFILES_KEY ".new"
#define FD_AUTO __attribute__((cleanup(fd_close)))

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

/* ---- the directory ---- */

/* A trailing slash would make O_NOFOLLOW follow. */
static int copy_path(char out[DBFILES_PATH_SIZE], const char *path)
{
    int error = text_copy(out, DBFILES_PATH_SIZE, path);
    for (size_t len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
        out[len - 1] = '\0';
    return error;
}

static int open_directory(const char *path, char reason[DB_REASON_SIZE])
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT)
        return reason_give(reason, -ENOENT, "%s: no such directory; make it: install -d -m 0711 -o USER %s", path,
                           path);
    if (errno == ENOTDIR || errno == ELOOP)
        return reason_give(reason, -EPERM, "%s: a symlink, or no directory; name the directory itself", path);
    return reason_give(reason, -errno, "%s: %s", path, strerror(errno));
}

static int check_directory(int fd, const char *path, char reason[DB_REASON_SIZE])
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return reason_give(reason, -errno, "%s: %s", path, strerror(errno));
    if (st.st_uid != geteuid())
        return reason_give(reason, -EPERM, "%s: belongs to uid %u, not to uid %u; chown it, or run as its owner", path,
                           st.st_uid, geteuid());
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return reason_give(reason, -EPERM, "%s: others may write to it (mode %04o); chmod go-w %s", path,
                           st.st_mode & 07777, path);
    return 0;
}

/* SQLite refuses a path with a symlink anywhere in it, so it gets the resolved one; which must still be the directory
 * that was checked. */
static int resolve(struct dbfiles *f, const char *path, char reason[DB_REASON_SIZE])
{
    char resolved[PATH_MAX];
    struct stat opened, named;
    if (realpath(path, resolved) == NULL || stat(resolved, &named) < 0 || fstat(f->dir_fd, &opened) < 0)
        return reason_give(reason, -errno, "%s: %s", path, strerror(errno));
    if (named.st_dev != opened.st_dev || named.st_ino != opened.st_ino)
        return reason_give(reason, -EPERM, "%s: replaced while it was opened", path);
    if (text_copy(f->dir, sizeof f->dir, resolved) < 0 ||
        text_format(f->database, sizeof f->database, "%s/%s", resolved, DBFILES_DATABASE) < 0)
        return reason_give(reason, -ENAMETOOLONG, "%s: path too long", path);
    return 0;
}

static int lock(const struct dbfiles *f, char reason[DB_REASON_SIZE])
{
    if (flock(f->dir_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return reason_give(reason, -EBUSY, "%s: in use by another authcd; stop that one first", f->dir);
    return reason_give(reason, -errno, "%s: cannot be locked: %s", f->dir, strerror(errno));
}

/* ---- files ---- */

int dbfiles_check(int dir_fd, const char *dir, const char *name, char reason[DB_REASON_SIZE])
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return reason_give(reason, -errno, "%s/%s: %s", dir, name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return reason_give(reason, -EPERM, "%s/%s: %s; move it away", dir, name,
                           S_ISLNK(st.st_mode) ? "a symlink" : "no regular file");
    if (st.st_uid != geteuid())
        return reason_give(reason, -EPERM, "%s/%s: belongs to uid %u, not to uid %u; chown it", dir, name, st.st_uid,
                           geteuid());
    if (st.st_mode & 077)
        return reason_give(reason, -EPERM, "%s/%s: open to others (mode %04o); chmod 600 %s/%s", dir, name,
                           st.st_mode & 07777, dir, name);
    if (st.st_nlink != 1)
        return reason_give(reason, -EPERM, "%s/%s: has a second name (hard link); remove the other", dir, name);
    return 0;
}

int dbfiles_look(struct dbfiles *f, char reason[DB_REASON_SIZE])
{
    static const char *const beside[] = {DBFILES_DATABASE "-wal", DBFILES_DATABASE "-journal", DBFILES_DATABASE "-shm"};
    int error = dbfiles_check(f->dir_fd, f->dir, DBFILES_DATABASE, reason);
    f->exists = error == 0;
    for (size_t i = 0; (error == 0 || error == -ENOENT) && i < sizeof beside / sizeof *beside; i++)
        error = dbfiles_check(f->dir_fd, f->dir, beside[i], reason);
    return error == -ENOENT ? 0 : error;
}

int dbfiles_open(struct dbfiles *ret, const char *state_dir, char reason[DB_REASON_SIZE])
{
    char path[DBFILES_PATH_SIZE];
    *ret = (struct dbfiles){.dir_fd = -1};
    if (copy_path(path, state_dir) < 0)
        return reason_give(reason, -ENAMETOOLONG, "state directory: path too long");
    int fd = open_directory(path, reason);
    if (fd < 0)
        return fd;
    ret->dir_fd = fd;
    int error = check_directory(fd, path, reason);
    if (error < 0 || (error = resolve(ret, path, reason)) < 0 || (error = lock(ret, reason)) < 0)
        return error;
    return dbfiles_look(ret, reason);
}

void dbfiles_close(struct dbfiles *f)
{
    fd_close(&f->dir_fd);
    f->dir_fd = -1;
}

int dbfiles_sync(const struct dbfiles *f)
{
    return fsync(f->dir_fd) < 0 ? -errno : 0;
}

int dbfiles_create(const struct dbfiles *f, char reason[DB_REASON_SIZE])
{
    if (f->exists)
        return 0;
    FD_AUTO int fd =
        openat(f->dir_fd, DBFILES_DATABASE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || dbfiles_sync(f) < 0)
        return reason_give(reason, -errno, "%s: cannot be made: %s", f->database, strerror(errno));
    return 0;
}

/* ---- the key ---- */

/* Exactly the key and nothing after it. */
static int read_key(int fd, unsigned char key[VAULT_KEY_SIZE])
{
    unsigned char bytes[VAULT_KEY_SIZE + 1];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof bytes && (n = read(fd, bytes + len, sizeof bytes - len)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    if (len == VAULT_KEY_SIZE)
        memcpy(key, bytes, VAULT_KEY_SIZE);
    explicit_bzero(bytes, sizeof bytes);
    return len == VAULT_KEY_SIZE ? 0 : -ENOKEY;
}

/* A file that somebody else hands in (a systemd credential): root's or the caller's, secret from others. The group bits
 * may show the mask of an ACL that lets this service read it. */
static int check_given(int fd, const char *path, char reason[DB_REASON_SIZE])
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return reason_give(reason, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()))
        return reason_give(reason, -EPERM, "%s: must be a regular file of root or uid %u", path, geteuid());
    if (st.st_mode & (S_IWGRP | S_IRWXO))
        return reason_give(reason, -EPERM, "%s: open to others (mode %04o); chmod 400 %s", path, st.st_mode & 07777,
                           path);
    return 0;
}

static int key_from(int fd, const char *path, unsigned char ret_key[VAULT_KEY_SIZE], char reason[DB_REASON_SIZE])
{
    if (read_key(fd, ret_key) < 0)
        return reason_give(reason, -ENOKEY, "%s: not a key (%d bytes); restore it", path, VAULT_KEY_SIZE);
    return 0;
}

static int key_given(const char *path, unsigned char ret_key[VAULT_KEY_SIZE], char reason[DB_REASON_SIZE])
{
    FD_AUTO int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return reason_give(reason, errno == ELOOP ? -EPERM : -ENOKEY, "%s: %s; the key must be there", path,
                           strerror(errno));
    int error = check_given(fd, path, reason);
    return error < 0 ? error : key_from(fd, path, ret_key, reason);
}

static int write_key(const struct dbfiles *f, const unsigned char key[VAULT_KEY_SIZE])
{
    (void)unlinkat(f->dir_fd, KEY_FRESH, 0); /* left by a crash between the two steps */
    FD_AUTO int fd =
        openat(f->dir_fd, KEY_FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, key, VAULT_KEY_SIZE);
    if (n != VAULT_KEY_SIZE)
        return n < 0 ? -errno : -ENOSPC;
    if (fsync(fd) < 0 || renameat(f->dir_fd, KEY_FRESH, f->dir_fd, DBFILES_KEY) < 0)
        return -errno;
    return dbfiles_sync(f);
}

static int key_make(const struct dbfiles *f, unsigned char ret_key[VAULT_KEY_SIZE], char reason[DB_REASON_SIZE])
{
    if (f->exists)
        return reason_give(reason, -ENOKEY, "%s/%s: missing, and the database needs it: restore it from a backup",
                           f->dir, DBFILES_KEY);
    random_bytes(ret_key, VAULT_KEY_SIZE);
    int error = write_key(f, ret_key);
    return error < 0 ? reason_give(reason, error, "%s/%s: cannot be made: %s", f->dir, DBFILES_KEY, strerror(-error))
                     : 0;
}

int dbfiles_key(const struct dbfiles *f, const char *key_file, unsigned char ret_key[VAULT_KEY_SIZE],
                char reason[DB_REASON_SIZE])
{
    if (key_file != NULL)
        return key_given(key_file, ret_key, reason);
    int error = dbfiles_check(f->dir_fd, f->dir, DBFILES_KEY, reason);
    if (error == -ENOENT)
        return key_make(f, ret_key, reason);
    if (error < 0)
        return error;
    FD_AUTO int fd = openat(f->dir_fd, DBFILES_KEY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return reason_give(reason, -errno, "%s/%s: %s", f->dir, DBFILES_KEY, strerror(errno));
    return key_from(fd, DBFILES_KEY, ret_key, reason);
}
