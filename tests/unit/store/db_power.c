/* SPDX-License-Identifier: MIT
 *
 * Power cuts: a VFS keeps what was synced apart from what was only written; at a cut, unsynced sectors are dropped,
 * kept or torn at random. Whatever db_sync had reported durable is there afterwards, and the database is whole (D1). A
 * sync that fails is told.
 */
#include <sqlite3.h>

#include "audit.h"
#include "fixture.h"

enum { FILES_MAX = 16, IMAGE_MAX = 4 << 20, SECTOR = 512, CUTS = 120 };

/* ---- a VFS around the real one ---- */

struct image {
    char path[128];
    size_t synced_len, len;
    unsigned char *synced, *written; /* what survives for certain; what was written */
};

struct shim_file {
    sqlite3_file base;
    struct image *image; /* NULL: not one of the database's */
    sqlite3_file *real;
};

static struct image images[FILES_MAX];
static size_t n_images;
static bool fail_sync, recording;
static int64_t syncs;
static sqlite3_vfs *real_vfs;

static struct image *image_of(const char *path)
{
    for (size_t i = 0; i < n_images; i++)
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
    fixture_must(n_images < FILES_MAX && strlen(path) < sizeof images[0].path, "too many files");
    struct image *m = &images[n_images++];
    strcpy(m->path, path);
    m->synced = calloc(1, IMAGE_MAX);
    m->written = calloc(1, IMAGE_MAX);
    fixture_must(m->synced != NULL && m->written != NULL, "memory");
    return m;
}

static void images_reset(void)
{
    for (size_t i = 0; i < n_images; i++) {
        free(images[i].synced);
        free(images[i].written);
    }
    n_images = 0;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct shim_file *)(void *)f)->real;
}

static int shim_close(sqlite3_file *f)
{
    sqlite3_file *real = real_of(f);
    int code = real->pMethods->xClose(real);
    free(real);
    return code;
}

static int shim_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), out, len, at);
}

static int shim_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    struct image *m = ((struct shim_file *)(void *)f)->image;
    if (m != NULL && recording) {
        fixture_must(at + len <= IMAGE_MAX, "file too large");
        memcpy(m->written + at, bytes, (size_t)len);
        if ((size_t)(at + len) > m->len)
            m->len = (size_t)(at + len);
    }
    return real_of(f)->pMethods->xWrite(real_of(f), bytes, len, at);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct image *m = ((struct shim_file *)(void *)f)->image;
    if (m != NULL && (size_t)size < m->len) {
        memset(m->written + size, 0, m->len - (size_t)size);
        m->len = (size_t)size;
    }
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

/* The real sync is left out: it costs time and nothing here can tell. */
static int shim_sync(sqlite3_file *f, int flags)
{
    struct image *m = ((struct shim_file *)(void *)f)->image;
    (void)flags;
    if (fail_sync)
        return SQLITE_IOERR_FSYNC;
    syncs++;
    if (m != NULL) {
        memcpy(m->synced, m->written, IMAGE_MAX);
        m->synced_len = m->len;
    }
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), ret);
}

static int shim_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int shim_reserved(sqlite3_file *f, int *ret)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int shim_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int shim_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 1,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
    struct shim_file *shim = (struct shim_file *)(void *)f;
    (void)vfs;
    shim->base.pMethods = NULL;
    shim->real = calloc(1, (size_t)real_vfs->szOsFile);
    fixture_must(shim->real != NULL, "memory");
    int code = real_vfs->xOpen(real_vfs, path, shim->real, flags, ret_flags);
    if (code != SQLITE_OK) {
        free(shim->real);
        return code;
    }
    shim->image = path != NULL && recording ? image_of(path) : NULL;
    shim->base.pMethods = &shim_methods;
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    for (size_t i = 0; i < n_images; i++)
        if (strcmp(images[i].path, path) == 0)
            images[i].len = images[i].synced_len = 0;
    return real_vfs->xDelete(real_vfs, path, sync);
}

static void shim_install(void)
{
    static sqlite3_vfs shim;
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "shim";
    shim.szOsFile = (int)sizeof(struct shim_file);
    shim.pNext = NULL;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    fixture_must(sqlite3_vfs_register(&shim, 1) == SQLITE_OK, "VFS");
}

/* ---- a cut ---- */

/* Repeatable: a failure can be looked at again. */
static uint32_t dice_state = 20240229;
static uint32_t dice(uint32_t n)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % n;
}

/* What is found after the cut: what was synced, and of each sector written since then either nothing, all, or a part.
 */
static size_t survive(const struct image *m, unsigned char *out)
{
    size_t len = m->synced_len;
    memcpy(out, m->synced, IMAGE_MAX);
    uint32_t mood = dice(4); /* 0: all is lost */
    for (size_t at = 0; mood > 0 && at < m->len; at += SECTOR) {
        size_t n = m->len - at < SECTOR ? m->len - at : SECTOR;
        if (memcmp(m->synced + at, m->written + at, n) == 0 && at + n <= m->synced_len)
            continue;
        size_t kept = mood == 1 || dice(2) ? (mood == 3 && dice(4) == 0 ? dice(SECTOR) : n) : 0;
        kept = kept < n ? kept : n;
        memcpy(out + at, m->written + at, kept);
        if (kept > 0 && at + kept > len)
            len = at + kept;
    }
    return len;
}

static void write_survivors(const char *dir)
{
    static unsigned char found[IMAGE_MAX];
    char path[256];
    for (size_t i = 0; i < n_images; i++) {
        size_t len = survive(&images[i], found);
        if (len == 0)
            continue;
        snprintf(path, sizeof path, "%s%s", dir, strrchr(images[i].path, '/'));
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        fixture_must(fd >= 0 && write(fd, found, len) == (ssize_t)len, path);
        close(fd);
    }
}

static void copy_key(const char *dir)
{
    unsigned char key[32];
    char path[256];
    int from = open(fixture_path("authc.key"), O_RDONLY);
    snprintf(path, sizeof path, "%s/authc.key", dir);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    fixture_must(from >= 0 && to >= 0 && read(from, key, sizeof key) == sizeof key &&
                     write(to, key, sizeof key) == sizeof key,
                 path);
    close(from);
    close(to);
}

static int add(struct db *db, uint32_t uid)
{
    DB_TRANSACTION struct db_transaction t;
    struct account a = {0};
    struct audit row = {.at = NOW, .event = AUDIT_USER_ADD};
    char name[32];
    snprintf(name, sizeof name, "u%u", uid);
    int error = db_transaction(db, &t);
    if (error < 0 || (error = accounts_add(db, name, uid, "user", NOW, &a)) < 0 ||
        (error = accounts_set_password(db, a.id, "$argon2id$...", true, NOW)) < 0 ||
        (error = audit_append(db, &row)) < 0)
        return error;
    return db_transaction_commit(&t);
}

/* Opens what a cut left in dir: 0 if all of the first `durable` accounts are there and nothing is amiss. */
static int inspect(const char *dir, uint32_t durable, uint32_t written)
{
    char reason[DB_REASON_SIZE];
    struct db *db = NULL;
    SECRET_AUTO struct secret s = {0};
    struct account a;
    uint32_t n = 0;
    int64_t bad = -1;
    if (db_open(dir, NULL, &db, reason) < 0) {
        printf("# %s\n", reason);
        return 1;
    }
    int wrong = accounts_count(db, &n) < 0 || n < durable || n > written;
    for (uint32_t uid = 0; uid < n; uid++) /* and no gap in them */
        wrong += accounts_by_uid(db, uid, &a) < 0 || accounts_password(db, a.id, &s) < 0;
    wrong += audit_verify(db, &bad) < 0 || bad != 0;
    sqlite3_stmt *q = NULL;
    wrong += sqlite3_prepare_v2(db->sqlite, "PRAGMA integrity_check", -1, &q, NULL) != SQLITE_OK ||
             sqlite3_step(q) != SQLITE_ROW || strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0;
    sqlite3_finalize(q);
    wrong += add(db, written) < 0; /* and it can go on */
    db_close(db);
    return wrong;
}

static int inspect_cut(uint32_t durable, uint32_t written)
{
    char dir[] = "/tmp/authc-power-XXXXXX";
    fixture_must(mkdtemp(dir) != NULL, "no temporary directory");
    recording = false;
    copy_key(dir);
    write_survivors(dir);
    int wrong = inspect(dir, durable, written);
    if (wrong)
        printf("# %d wrong with %u durable of %u\n", wrong, durable, written);
    (void)nftw(dir, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    recording = true;
    return wrong;
}

static void check_cuts(void)
{
    uint32_t durable = 0, written = 0;
    int wrong = 0;
    recording = true;
    struct db *db = fixture_fresh();
    wrong += inspect_cut(0, 0); /* just made */
    for (int i = 0; i < CUTS; i++) {
        for (uint32_t n = dice(4); n > 0; n--)
            fixture_must(add(db, written++) == 0, "add");
        wrong += inspect_cut(durable, written);
        fixture_must(db_sync(db) == 0, "sync");
        durable = written;
        wrong += inspect_cut(durable, written);
        if (dice(5) == 0)
            fixture_must(db_checkpoint(db) == 0, "checkpoint");
        wrong += inspect_cut(durable, written);
    }
    db_close(db);
    is_int(wrong, 0, "%d cuts: %u accounts, each durable one is there, all is whole", 3 * CUTS + 1, written);
    recording = false;
    images_reset();
}

static void check_sync(void)
{
    struct db *db = fixture_fresh();
    int64_t before = syncs;
    fixture_must(add(db, 0) == 0, "add");
    is_int(syncs, before, "a commit does not sync");
    is_int(db_sync(db), 0, "db_sync does");
    is_int(syncs, before + 1, "once");
    is_int(db_sync(db), 0, "nothing to sync");
    is_int(syncs, before + 1, "no sync");
    fixture_must(add(db, 1) == 0, "add");
    fail_sync = true;
    is_int(db_sync(db), -EIO, "a sync that fails is told");
    ok(db_dirty(db), "and nothing is clean");
    is_int(db_sync(db), -EIO, "told again");
    fail_sync = false;
    db_close(db);

    char reason[DB_REASON_SIZE];
    fixture_directory();
    db = NULL;
    fail_sync = true;
    ok(db_open(fixture_dir, NULL, &db, reason) < 0 && db == NULL && reason[0] != '\0', "none opens without it: %s",
       reason);
    fail_sync = false;
}

int main(void)
{
    shim_install();
    check_sync();
    check_cuts();
    return tap_done();
}
