/* SPDX-License-Identifier: MIT
 *
 * The store's own calls to the operating system (the key, the empty database, the directory), wrapped by the linker:
 * told to the disk that is recorded, and failing when vfs.h says so. A sync is left out, as SQLite's is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "vfs.h"

int __real_openat(int dir_fd, const char *name, int flags, ...);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int dir_fd, const char *name, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_unlinkat(int dir_fd, const char *name, int flags);
int __wrap_fsync(int fd);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

/* The path of a name in the recorded directory; "" if dir_fd is another. */
static const char *path_in(char out[320], int dir_fd, const char *name)
{
    struct stat st;
    const char *dir = fstat(dir_fd, &st) == 0 ? disk_directory(st.st_ino) : NULL;

    out[0] = '\0';
    if (dir)
        snprintf(out, 320, "%s/%s", dir, name);
    return out;
}

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    char path[320];
    mode_t mode = 0;
    va_list ap;

    if (flags & O_CREAT) {
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (vfs_call_fails("openat", flags & O_CREAT ? ENOSPC : EMFILE))
        return -1;
    int fd = __real_openat(dir_fd, name, flags, mode);
    if (fd >= 0 && (flags & O_CREAT) && (flags & O_EXCL))
        disk_note_made(path_in(path, dir_fd, name));
    return fd;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    char old[320], fresh[320];

    if (vfs_call_fails("renameat", EIO))
        return -1;
    int result = __real_renameat(from_fd, from, to_fd, to);
    if (result == 0)
        disk_note_renamed(path_in(old, from_fd, from), path_in(fresh, to_fd, to));
    return result;
}

int __wrap_unlinkat(int dir_fd, const char *name, int flags)
{
    char path[320];

    if (vfs_call_fails("unlinkat", EIO))
        return -1;
    int result = __real_unlinkat(dir_fd, name, flags);
    if (result == 0)
        disk_note_gone(path_in(path, dir_fd, name));
    return result;
}

int __wrap_fsync(int fd)
{
    struct stat st;

    if (vfs_call_fails("fsync", EIO))
        return -1;
    if (fstat(fd, &st) < 0)
        return -1;
    if (disk_directory(st.st_ino))
        disk_note_names_synced();
    else
        disk_note_sync(st.st_ino);
    return 0;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);

    if (vfs_call_fails("write", ENOSPC))
        return -1;
    ssize_t n = __real_write(fd, bytes, len);
    if (n > 0 && at >= 0 && fstat(fd, &st) == 0)
        disk_note_write(st.st_ino, bytes, (size_t)n, at);
    return n;
}
