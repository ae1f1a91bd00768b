/* SPDX-License-Identifier: MIT
 *
 * See vfs.h. A wrapper around SQLite's own VFS for Unix. It keeps to what that promises: a journal or a WAL that it
 * made has its name synced with its first sync, a file deleted "with sync" too.
 */
#include "vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "disk.h"

struct file {
    sqlite3_file base;
    ino_t inode;
    bool sync_names; /* with its next sync */
    int last_errno;  /* of a call that we let fail; 0: ask the real file */
    sqlite3_file *real;
};

/* What a call may say that fails, and the errno behind it. */
struct failure {
    int code, error;
};

static sqlite3_vfs *real_vfs;
static sqlite3_mem_methods real_memory;

static struct {
    enum vfs_source source;
    int64_t at; /* -1: never */
    bool for_ever;
    unsigned variant;
    int64_t room; /* bytes that files may grow by yet; -1: no end */
    int64_t seen[2], failed;
    const char *what;
    int error, first_error;
    unsigned paused;
} plan = {.at = -1, .room = -1};

/* ---- the plan ---- */

static void begin(void)
{
    plan.seen[VFS_CALLS] = plan.seen[VFS_MEMORY] = plan.failed = 0;
    plan.what = "";
    plan.error = plan.first_error = 0;
    plan.at = plan.room = -1;
}

void vfs_fail(enum vfs_source source, int64_t at, bool for_ever, unsigned variant)
{
    begin();
    plan.source = source;
    plan.at = at;
    plan.for_ever = for_ever;
    plan.variant = variant;
}

void vfs_fill(int64_t bytes)
{
    begin();
    plan.room = bytes;
}

void vfs_mend(void)
{
    begin();
}

void vfs_pause(void)
{
    plan.paused++;
}

void vfs_resume(void)
{
    plan.paused--;
}

int64_t vfs_seen(enum vfs_source source)
{
    return plan.seen[source];
}

int64_t vfs_failed(void)
{
    return plan.failed;
}

const char *vfs_what(void)
{
    return plan.what;
}

int vfs_error(void)
{
    return plan.first_error;
}

static bool strikes(enum vfs_source source, const char *name, int error)
{
    if (plan.paused)
        return false;
    int64_t number = plan.seen[source]++;
    if (plan.at < 0 || source != plan.source || number < plan.at || (number > plan.at && !plan.for_ever))
        return false;
    if (plan.failed++ == 0) {
        plan.what = name;
        plan.first_error = error;
    }
    errno = plan.error = error;
    return true;
}

bool vfs_call_fails(const char *name, int error)
{
    return strikes(VFS_CALLS, name, error);
}

static int fails(const char *name, const struct failure *ways, size_t n)
{
    const struct failure *way = &ways[plan.variant % n];

    return strikes(VFS_CALLS, name, way->error) ? way->code : SQLITE_OK;
}

/* Leaves the function if this call is to fail. */
#define MAY_FAIL(name, ...)                                                                                            \
    do {                                                                                                               \
        static const struct failure ways[] = {__VA_ARGS__};                                                            \
        int code_ = fails(name, ways, sizeof ways / sizeof ways[0]);                                                   \
        if (code_ != SQLITE_OK)                                                                                        \
            return code_;                                                                                              \
    } while (0)

/* ---- memory ---- */

static void *memory_new(int n)
{
    return strikes(VFS_MEMORY, "malloc", ENOMEM) ? NULL : real_memory.xMalloc(n);
}

static void *memory_resize(void *p, int n)
{
    return strikes(VFS_MEMORY, "realloc", ENOMEM) ? NULL : real_memory.xRealloc(p, n);
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t n)
{
    return strikes(VFS_MEMORY, "malloc of authcd", ENOMEM) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return strikes(VFS_MEMORY, "calloc of authcd", ENOMEM) ? NULL : __real_calloc(n, size);
}

/* ---- files ---- */

static struct file *of(sqlite3_file *f)
{
    return (struct file *)(void *)f;
}

static int file_close(sqlite3_file *f)
{
    sqlite3_file *real = of(f)->real;
    int code = real->pMethods->xClose(real);

    free(real);
    return code;
}

static int file_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
    MAY_FAIL("xRead", {SQLITE_IOERR_READ, EIO}, {SQLITE_IOERR_CORRUPTFS, EIO});
    return of(f)->real->pMethods->xRead(of(f)->real, out, len, at);
}

/* How much of a write there is room for. */
static int64_t room_for(sqlite3_file *real, int64_t len, int64_t at)
{
    sqlite3_int64 size = 0;

    if (plan.room < 0 || plan.paused || real->pMethods->xFileSize(real, &size) != SQLITE_OK)
        return len;
    int64_t more = at + len > size ? at + len - (size > at ? size : at) : 0;
    int64_t lacks = more > plan.room ? more - plan.room : 0;
    plan.room -= more - lacks;
    plan.failed += lacks > 0;
    return len - lacks;
}

static int file_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    static const struct failure ways[] = {
        {SQLITE_IOERR_WRITE, EIO}, {SQLITE_FULL, ENOSPC}, {SQLITE_IOERR_WRITE, EDQUOT}};
    int code = fails("xWrite", ways, sizeof ways / sizeof ways[0]);
    int64_t room = code != SQLITE_OK ? len / 2 : room_for(of(f)->real, len, at); /* some of it may have gone out */
    int real = room > 0 ? of(f)->real->pMethods->xWrite(of(f)->real, bytes, (int)room, at) : SQLITE_OK;

    if (real != SQLITE_OK)
        return real;
    disk_note_write(of(f)->inode, bytes, (size_t)room, at);
    of(f)->last_errno = code != SQLITE_OK ? plan.error : 0;
    if (code == SQLITE_OK && room < len) {
        errno = ENOSPC;
        return SQLITE_FULL;
    }
    return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    MAY_FAIL("xTruncate", {SQLITE_IOERR_TRUNCATE, EIO});
    int code = of(f)->real->pMethods->xTruncate(of(f)->real, size);
    if (code == SQLITE_OK)
        disk_note_truncate(of(f)->inode, size);
    return code;
}

static int file_sync(sqlite3_file *f, int flags)
{
    static const struct failure ways[] = {{SQLITE_IOERR_FSYNC, EIO}, {SQLITE_IOERR_FSYNC, ENOSPC}};
    int code = fails("xSync", ways, sizeof ways / sizeof ways[0]);

    (void)flags;
    of(f)->last_errno = code != SQLITE_OK ? plan.error : 0;
    if (code != SQLITE_OK)
        return code;
    disk_note_sync(of(f)->inode);
    if (of(f)->sync_names)
        disk_note_names_synced();
    of(f)->sync_names = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    MAY_FAIL("xFileSize", {SQLITE_IOERR_FSTAT, EIO});
    return of(f)->real->pMethods->xFileSize(of(f)->real, ret);
}

static int file_lock(sqlite3_file *f, int level)
{
    MAY_FAIL("xLock", {SQLITE_IOERR_LOCK, ENOLCK}, {SQLITE_BUSY, EAGAIN});
    return of(f)->real->pMethods->xLock(of(f)->real, level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    MAY_FAIL("xUnlock", {SQLITE_IOERR_UNLOCK, EIO});
    return of(f)->real->pMethods->xUnlock(of(f)->real, level);
}

static int file_reserved(sqlite3_file *f, int *ret)
{
    MAY_FAIL("xCheckReservedLock", {SQLITE_IOERR_CHECKRESERVEDLOCK, EIO});
    return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, ret);
}

/* Hints and questions: SQLite takes any answer, and a failure only as "not known here". */
static int file_control(sqlite3_file *f, int op, void *arg)
{
    MAY_FAIL("xFileControl", {SQLITE_NOTFOUND, 0});
    if (op == SQLITE_FCNTL_LAST_ERRNO && of(f)->last_errno) {
        *(int *)arg = of(f)->last_errno;
        return SQLITE_OK;
    }
    return of(f)->real->pMethods->xFileControl(of(f)->real, op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

static int file_device(sqlite3_file *f)
{
    return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* neither shared memory nor mapped files: as authcd runs it */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

static int open_real(const char *path, struct file *file, int flags, int *ret_flags)
{
    enum { JOURNALS = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL };
    struct stat st;
    bool fresh = path && stat(path, &st) < 0;
    int code = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);

    if (code != SQLITE_OK)
        return code;
    file->inode = path && stat(path, &st) == 0 ? st.st_ino : 0;
    file->sync_names = (flags & SQLITE_OPEN_CREATE) && (flags & JOURNALS);
    if (fresh)
        disk_note_made(path);
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
    struct file *file = of(f);

    (void)vfs;
    file->base.pMethods = NULL;
    file->last_errno = 0;
    MAY_FAIL("xOpen", {SQLITE_CANTOPEN, EIO}, {SQLITE_CANTOPEN, EMFILE});
    file->real = __real_calloc(1, (size_t)real_vfs->szOsFile);
    if (!file->real)
        return SQLITE_NOMEM;
    int code = open_real(path, file, flags, ret_flags);
    if (code != SQLITE_OK)
        free(file->real);
    else
        file->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    MAY_FAIL("xDelete", {SQLITE_IOERR_DELETE, EIO}, {SQLITE_IOERR_DELETE, EROFS});
    int code = real_vfs->xDelete(real_vfs, path, 0);
    if (code != SQLITE_OK)
        return code;
    disk_note_gone(path);
    if (sync)
        disk_note_names_synced();
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
    (void)vfs;
    MAY_FAIL("xAccess", {SQLITE_IOERR_ACCESS, EIO});
    return real_vfs->xAccess(real_vfs, path, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    MAY_FAIL("xFullPathname", {SQLITE_CANTOPEN_FULLPATH, EIO});
    return real_vfs->xFullPathname(real_vfs, path, size, out);
}

void vfs_install(void)
{
    static sqlite3_vfs shim;
    sqlite3_mem_methods memory;

    begin();
    bool good = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) == SQLITE_OK;
    memory = real_memory;
    memory.xMalloc = memory_new;
    memory.xRealloc = memory_resize;
    good = good && sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK &&
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK && (real_vfs = sqlite3_vfs_find(NULL)) != NULL;
    if (good) {
        shim = *real_vfs;
        shim.zName = "fault";
        shim.szOsFile = (int)sizeof(struct file);
        shim.pNext = NULL;
        shim.xOpen = vfs_open;
        shim.xDelete = vfs_delete;
        shim.xAccess = vfs_access;
        shim.xFullPathname = vfs_full_path;
        good = sqlite3_vfs_register(&shim, 1) == SQLITE_OK;
    }
    if (good)
        return;
    printf("Bail out! SQLite takes no VFS or no allocator\n");
    exit(2);
}
