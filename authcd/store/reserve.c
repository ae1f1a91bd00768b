/* SPDX-License-Identifier: MIT
 *
 * See reserve.h. Its blocks are allocated, not only its length: a file with holes would give nothing back. Nothing in
 * it is ever read.
 */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sql.h"

#define RESERVE_FILE "authc.reserve"

/* A quota, or a file as large as files may be, is a full disk to us. */
static int room_errno(int error)
{
    return error == EDQUOT || error == EFBIG ? -ENOSPC : -error;
}

static int fill(int fd, int64_t more)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
        return -EPERM;
    bool whole = st.st_size >= RESERVE_SIZE && st.st_blocks >= RESERVE_SIZE / 512;
    int error = posix_fallocate(fd, 0, RESERVE_SIZE + more);
    int size = error == 0 || whole ? RESERVE_SIZE : 0; /* a part of it is of no use to anybody */
    if (ftruncate(fd, size) < 0 && error == 0)
        error = errno;
    return room_errno(error);
}

int reserve_make(const struct db *db, int64_t more)
{
    int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(db->files.dir_fd, RESERVE_FILE, flags, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return room_errno(errno);
    int error = fill(fd, more);
    (void)close(fd);
    if (error == -ENOSPC && !reserve_is_there(db))
        (void)unlinkat(db->files.dir_fd, RESERVE_FILE, 0); /* there would be nothing to give up later */
    return error;
}

bool reserve_is_there(const struct db *db)
{
    struct stat st;
    return fstatat(db->files.dir_fd, RESERVE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size >= RESERVE_SIZE;
}

int reserve_give_up(const struct db *db)
{
    return unlinkat(db->files.dir_fd, RESERVE_FILE, 0) < 0 ? -errno : 0;
}

int reserve_room(const struct db *db, int64_t *ret_bytes)
{
    struct statvfs fs;
    if (fstatvfs(db->files.dir_fd, &fs) < 0)
        return -errno;
    if (fs.f_flag & ST_RDONLY)
        return -EROFS;
    uint64_t unit = fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize;
    *ret_bytes = fs.f_bavail > INT64_MAX / unit ? INT64_MAX : (int64_t)(fs.f_bavail * unit);
    return 0;
}
