/* SPDX-License-Identifier: MIT
 *
 * SQLite's calls to the operating system and for memory, with this program in their way: they are told to the disk that
 * is recorded (disk.h), and may be made to fail. Nothing is really synced. The store's own calls (posix.c) are counted
 * and fail along with SQLite's.
 */
#ifndef VFS_H
#define VFS_H

#include <stdbool.h>
#include <stdint.h>

enum vfs_source {
    VFS_CALLS,  /* open, read, write, truncate, sync, size, lock, delete, access... */
    VFS_MEMORY, /* each allocation of SQLite's and of the daemon's */
};

/* Before anything else that touches SQLite; becomes its default VFS, its allocator without caches in between. */
void vfs_install(void);

/* From now on the call or allocation number `at` (0: the next one) fails, once, or it and all after it. variant: which
 * of the ways that a call may fail (any number). Counts begin anew. */
void vfs_fail(enum vfs_source source, int64_t at, bool for_ever, unsigned variant);
/* From now on files may grow by so many bytes together, and then the disk is full. */
void vfs_fill(int64_t bytes);
/* Nothing fails any more. */
void vfs_mend(void);

/* While paused nothing fails and nothing is counted: what the test itself asks. Nests. */
void vfs_pause(void);
void vfs_resume(void);

int64_t vfs_seen(enum vfs_source source); /* since the last vfs_fail or vfs_mend */
int64_t vfs_failed(void);                 /* how many of them failed */
const char *vfs_what(void);               /* the first of these, for people */
int vfs_error(void);                      /* ... and its errno */

/* For posix.c: does this call fail now? errno says how. */
bool vfs_call_fails(const char *name, int error);

#endif
