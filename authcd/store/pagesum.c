/* SPDX-License-Identifier: MIT
 *
 * A VFS around SQLite's own, for main database files only. SQLite leaves the last bytes of each page alone (byte 20 of
 * the header says how many); the sum goes there when a page is written to the file, which is at a checkpoint, and is
 * looked at when one is read from it. The sum depends on the page's place too. A page of zeros is one that was never
 * written: the tables are never in such.
 */
#include "pagesum.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, PAGE_MIN = 512, SUM = 8, BODY = PAGE - SUM, HEADER_PAGE_SIZE = 16, HEADER_RESERVED = 20 };
#define NAME "authc"

struct file {
    sqlite3_file base;
    bool kept;          /* there are sums */
    sqlite3_file *real; /* behind this one, in the same allocation */
    unsigned char page[PAGE];
};

static sqlite3_vfs *real_vfs;

static struct file *of(sqlite3_file *f)
{
    return (struct file *)(void *)f;
}

/* ---- sums ---- */

/* Each step is a bijection of what came before: a change within one word is found for certain, any other but for one in
 * 2^64. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t sum_of(const unsigned char page[PAGE], sqlite3_int64 at)
{
    uint64_t hash = mix(UINT64_C(0x6175746863), (uint64_t)at);
    for (size_t i = 0; i < BODY; i += sizeof hash) {
        uint64_t word;
        memcpy(&word, page + i, sizeof word);
        hash = mix(hash, le64toh(word));
    }
    return hash;
}

static bool fits(const unsigned char page[PAGE], sqlite3_int64 at)
{
    static const unsigned char zeros[PAGE];
    uint64_t sum;
    memcpy(&sum, page + BODY, sizeof sum);
    return le64toh(sum) == sum_of(page, at) || memcmp(page, zeros, PAGE) == 0;
}

static bool header_says_kept(const unsigned char *header)
{
    return header[HEADER_PAGE_SIZE] == PAGE >> 8 && header[HEADER_PAGE_SIZE + 1] == 0 && header[HEADER_RESERVED] == SUM;
}

/* ---- files ---- */

/* The header may be torn, where a newer one is in the WAL: what it says counts only if it says yes. */
static int file_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
    struct file *file = of(f);
    int code = file->real->pMethods->xRead(file->real, out, len, at);
    if (code != SQLITE_OK)
        return code;
    if (at == 0 && len > HEADER_RESERVED)
        file->kept = file->kept || header_says_kept(out);
    return file->kept && len >= PAGE_MIN && (len != PAGE || !fits(out, at)) ? SQLITE_IOERR_DATA : SQLITE_OK;
}

/* From a copy: the page is SQLite's. */
static int file_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    struct file *file = of(f);
    if (at == 0 && len == PAGE)
        file->kept = file->kept || header_says_kept(bytes);
    if (!file->kept || len != PAGE)
        return file->real->pMethods->xWrite(file->real, bytes, len, at);
    uint64_t sum = htole64(sum_of(bytes, at));
    memcpy(file->page, bytes, BODY);
    memcpy(file->page + BODY, &sum, sizeof sum);
    return file->real->pMethods->xWrite(file->real, file->page, len, at);
}

static int file_close(sqlite3_file *f)
{
    return of(f)->real->pMethods->xClose(of(f)->real);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return of(f)->real->pMethods->xTruncate(of(f)->real, size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    return of(f)->real->pMethods->xSync(of(f)->real, flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return of(f)->real->pMethods->xFileSize(of(f)->real, ret);
}

static int file_lock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xLock(of(f)->real, level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xUnlock(of(f)->real, level);
}

static int file_reserved_lock(sqlite3_file *f, int *ret)
{
    return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, ret);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
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
    .iVersion =
        1, /* no shared memory, which EXCLUSIVE does not need, and no mapped pages, which nobody would look at */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return real_vfs->xOpen(real_vfs, path, f, flags, ret_flags);
    struct file *file = of(f);
    *file = (struct file){.real = (sqlite3_file *)(void *)(file + 1)};
    int code = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);
    if (code == SQLITE_OK)
        file->base.pMethods = &methods;
    return code;
}

const char *pagesum_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *found = real_vfs == NULL ? sqlite3_vfs_find(NULL) : NULL; /* initializes SQLite */
    if (found == NULL)
        return NAME;
    vfs = *found; /* what it does with paths needs no file, and is left as it is */
    vfs.zName = NAME;
    vfs.szOsFile += (int)sizeof(struct file);
    vfs.pNext = NULL;
    vfs.xOpen = vfs_open;
    if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
        real_vfs = found;
    return NAME;
}

/* NULL: it was opened in another way. */
static struct file *file_of(sqlite3 *c)
{
    sqlite3_file *f = NULL;
    bool ours = sqlite3_file_control(c, "main", SQLITE_FCNTL_FILE_POINTER, &f) == SQLITE_OK && f != NULL &&
                f->pMethods == &methods;
    return ours ? of(f) : NULL;
}

int pagesum_reserve(sqlite3 *c)
{
    int bytes = SUM;
    sqlite3_int64 size = 0;
    struct file *file = file_of(c);
    if (file == NULL)
        return SQLITE_NOMEM;
    int code = file->real->pMethods->xFileSize(file->real, &size);
    if (code != SQLITE_OK)
        return code;
    file->kept = size == 0; /* also for what is written before the first page is */
    return sqlite3_file_control(c, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

bool pagesum_is_kept(sqlite3 *c)
{
    int wish = 0, bytes = -1; /* what was wished for would be told too, and what is there cannot become less */
    struct file *file = file_of(c);
    if (file == NULL || sqlite3_file_control(c, "main", SQLITE_FCNTL_RESERVE_BYTES, &wish) != SQLITE_OK ||
        sqlite3_file_control(c, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) != SQLITE_OK || bytes != SUM)
        return false;
    file->kept = true;
    return true;
}
