/* SPDX-License-Identifier: MIT
 *
 * See disk.h. Nothing is kept but the log: a cut replays it, which costs less than a millisecond for the thousand
 * things of a test. Memory that is not there ends the test.
 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, NAME_SIZE = 48, FILES_MAX = 64, NAMES_MAX = 16, NO_FILE = -1 };

enum kind { WRITE, TRUNCATE, SYNC, NAME, UNNAME, RENAME, SYNC_NAMES };

struct thing {
    enum kind kind;
    int file;
    int64_t at; /* of a write; size of a truncate */
    size_t len;
    unsigned char *bytes;
    char name[NAME_SIZE], to[NAME_SIZE];
};

struct disk {
    char dir[256];
    ino_t directory;
    size_t before; /* things that were there when it began */
    size_t n, room;
    struct thing *log;
    int n_files;
    ino_t inodes[FILES_MAX]; /* a number that was given up may come again: the later file counts */
};

struct image {
    size_t len, room;
    unsigned char *bytes;
};

static struct disk *recorded;

static void *must(void *p)
{
    if (p)
        return p;
    printf("Bail out! no memory\n");
    exit(2);
}

uint64_t disk_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t dice(uint64_t *state, size_t n)
{
    return n ? disk_random(state) % n : 0;
}

/* ---- the log ---- */

static struct thing *add(struct disk *d, enum kind kind, int file)
{
    if (d->n == d->room) {
        d->room = d->room ? 2 * d->room : 256;
        d->log = must(realloc(d->log, d->room * sizeof *d->log));
    }
    struct thing *t = &d->log[d->n++];
    *t = (struct thing){.kind = kind, .file = file};
    return t;
}

static int file_of(const struct disk *d, ino_t inode)
{
    int i = d ? d->n_files - 1 : NO_FILE;

    while (i >= 0 && d->inodes[i] != inode)
        i--;
    return i;
}

static void put_name(char out[NAME_SIZE], const char *name)
{
    if (strlen(name) >= NAME_SIZE) {
        printf("Bail out! %s: too long a name\n", name);
        exit(2);
    }
    strcpy(out, name);
}

/* The name in the recorded directory; NULL if it is not right in there. */
static const char *name_in(const struct disk *d, const char *path)
{
    size_t len = d ? strlen(d->dir) : 0;

    if (!d || !path || strncmp(path, d->dir, len) != 0 || path[len] != '/' || strchr(path + len + 1, '/'))
        return NULL;
    return path + len + 1;
}

static int new_file(struct disk *d, ino_t inode)
{
    if (d->n_files == FILES_MAX) {
        printf("Bail out! too many files\n");
        exit(2);
    }
    d->inodes[d->n_files] = inode;
    return d->n_files++;
}

struct disk *disk_record(struct disk *d)
{
    struct disk *before = recorded;

    recorded = d;
    return before;
}

size_t disk_happened(const struct disk *d)
{
    return d->n - d->before;
}

void disk_note_made(const char *path)
{
    const char *name = name_in(recorded, path);
    struct stat st;

    if (!name || stat(path, &st) < 0)
        return;
    int file = new_file(recorded, st.st_ino);
    put_name(add(recorded, NAME, file)->name, name);
}

void disk_note_gone(const char *path)
{
    const char *name = name_in(recorded, path);

    if (name)
        put_name(add(recorded, UNNAME, NO_FILE)->name, name);
}

void disk_note_renamed(const char *from, const char *to)
{
    const char *old = name_in(recorded, from), *fresh = name_in(recorded, to);
    struct stat st;

    if (!old || !fresh || stat(to, &st) < 0)
        return;
    struct thing *t = add(recorded, RENAME, file_of(recorded, st.st_ino));
    put_name(t->name, old);
    put_name(t->to, fresh);
}

void disk_note_write(ino_t inode, const void *bytes, size_t len, int64_t at)
{
    int file = file_of(recorded, inode);

    if (file < 0)
        return;
    struct thing *t = add(recorded, WRITE, file);
    t->bytes = must(malloc(len ? len : 1));
    memcpy(t->bytes, bytes, len);
    t->len = len;
    t->at = at;
}

void disk_note_truncate(ino_t inode, int64_t size)
{
    int file = file_of(recorded, inode);

    if (file >= 0)
        add(recorded, TRUNCATE, file)->at = size;
}

void disk_note_sync(ino_t inode)
{
    int file = file_of(recorded, inode);

    if (file >= 0)
        add(recorded, SYNC, file);
}

void disk_note_names_synced(void)
{
    if (recorded)
        add(recorded, SYNC_NAMES, NO_FILE);
}

const char *disk_directory(ino_t directory)
{
    return recorded && recorded->directory == directory ? recorded->dir : NULL;
}

/* ---- what was there before ---- */

static void take_file(struct disk *d, const char *name, const struct stat *st)
{
    char path[640];
    unsigned char *bytes = must(malloc((size_t)st->st_size + 1));

    snprintf(path, sizeof path, "%s/%s", d->dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, (size_t)st->st_size);
    if (fd >= 0)
        close(fd);
    int file = new_file(d, st->st_ino);
    put_name(add(d, NAME, file)->name, name);
    struct thing *t = add(d, WRITE, file);
    t->bytes = bytes;
    t->len = n > 0 ? (size_t)n : 0;
    add(d, SYNC, file);
}

struct disk *disk_new(const char *dir)
{
    struct disk *d = must(calloc(1, sizeof *d));
    const struct dirent *entry;
    struct stat st;
    DIR *all = opendir(dir);

    if (!all || strlen(dir) >= sizeof d->dir || fstat(dirfd(all), &st) < 0) {
        if (all)
            closedir(all);
        free(d);
        return NULL;
    }
    strcpy(d->dir, dir);
    d->directory = st.st_ino;
    while ((entry = readdir(all)))
        if (fstatat(dirfd(all), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            take_file(d, entry->d_name, &st);
    closedir(all);
    add(d, SYNC_NAMES, NO_FILE);
    d->before = d->n;
    return d;
}

void disk_unsync(struct disk *d, const char *name)
{
    int file = NO_FILE;

    for (size_t i = 0; i < d->before; i++)
        if (d->log[i].kind == NAME && strcmp(d->log[i].name, name) == 0)
            file = d->log[i].file;
    for (size_t i = 0; i < d->before; i++)
        if (d->log[i].kind == SYNC && d->log[i].file == file)
            d->log[i].file = NO_FILE;
}

void disk_free(struct disk *d)
{
    if (!d)
        return;
    if (recorded == d)
        recorded = NULL;
    for (size_t i = 0; i < d->n; i++)
        free(d->log[i].bytes);
    free(d->log);
    free(d);
}

/* ---- what is left of a file ---- */

static void grow(struct image *m, size_t len)
{
    if (len > m->room) {
        m->room = len > 2 * m->room ? len : 2 * m->room;
        m->bytes = must(realloc(m->bytes, m->room));
    }
    if (len > m->len) {
        memset(m->bytes + m->len, 0, len - m->len);
        m->len = len;
    }
}

static void put(struct image *m, size_t at, const unsigned char *bytes, size_t len)
{
    grow(m, at + len);
    if (len > 0)
        memcpy(m->bytes + at, bytes, len);
}

static void apply(struct image *m, const struct thing *t)
{
    if (t->kind == WRITE)
        put(m, (size_t)t->at, t->bytes, t->len);
    else if (t->kind == TRUNCATE && (size_t)t->at < m->len)
        m->len = (size_t)t->at;
    else if (t->kind == TRUNCATE)
        grow(m, (size_t)t->at);
}

/* The part of a write that falls into a sector. */
static bool overlap(const struct thing *t, size_t sector, size_t *ret_from, size_t *ret_to)
{
    size_t from = (size_t)t->at, to = from + t->len;

    *ret_from = from > sector ? from : sector;
    *ret_to = to < sector + SECTOR ? to : sector + SECTOR;
    return t->kind == WRITE && *ret_from < *ret_to;
}

/* The bytes of one sector after the first `n` of what is pending; of the next write to it a part, if torn. */
static void fill_sector(struct image *m, size_t sector, const struct thing *const *pending, size_t n, size_t n_pending,
                        bool torn, uint64_t *random)
{
    size_t from, to;

    for (size_t i = 0; i < n; i++)
        if (overlap(pending[i], sector, &from, &to))
            put(m, from, pending[i]->bytes + (from - (size_t)pending[i]->at), to - from);
        else if (pending[i]->kind == TRUNCATE && (size_t)pending[i]->at < sector + SECTOR && sector < m->len) {
            size_t keep = (size_t)pending[i]->at > sector ? (size_t)pending[i]->at : sector;
            size_t end = m->len < sector + SECTOR ? m->len : sector + SECTOR;
            memset(m->bytes + keep, 0, end > keep ? end - keep : 0);
        }
    for (; torn && n < n_pending; n++) {
        if (!overlap(pending[n], sector, &from, &to))
            continue;
        bool noise = dice(random, 4) == 0;
        put(m, from, pending[n]->bytes + (from - (size_t)pending[n]->at), dice(random, to - from + 1));
        for (size_t at = from; noise && at < to && at < m->len; at++)
            m->bytes[at] = (unsigned char)disk_random(random);
        return;
    }
}

static size_t length_after(size_t len, const struct thing *const *pending, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pending[i]->kind == TRUNCATE)
            len = (size_t)pending[i]->at;
        else if ((size_t)pending[i]->at + pending[i]->len > len)
            len = (size_t)pending[i]->at + pending[i]->len;
    return len;
}

/* Sectors reach the disk in any order, and the file's length on its own. */
static void scatter(struct image *m, const struct thing *const *pending, size_t n, bool torn, uint64_t *random)
{
    size_t most = m->len, len = length_after(m->len, pending, dice(random, n + 1));

    for (size_t i = 1; i <= n; i++) {
        size_t then = length_after(m->len, pending, i);
        most = then > most ? then : most;
    }
    for (size_t sector = 0; sector < most; sector += SECTOR)
        fill_sector(m, sector, pending, dice(random, n + 1), n, torn, random);
    grow(m, len);
    m->len = len;
}

static void in_order(struct image *m, const struct thing *const *pending, size_t n, uint64_t *random)
{
    size_t kept = dice(random, n + 1);

    for (size_t i = 0; i < kept; i++)
        apply(m, pending[i]);
    if (kept < n && pending[kept]->kind == WRITE)
        put(m, (size_t)pending[kept]->at, pending[kept]->bytes, dice(random, pending[kept]->len + 1));
}

static void content(const struct disk *d, int file, size_t end, enum disk_mood mood, uint64_t *random, struct image *m)
{
    const struct thing **pending = must(calloc(end + 1, sizeof *pending));
    size_t synced = 0, n = 0;

    for (size_t i = 0; i < end; i++)
        if (d->log[i].kind == SYNC && d->log[i].file == file)
            synced = i;
    for (size_t i = 0; i < end; i++) {
        const struct thing *t = &d->log[i];
        if (t->file != file || (t->kind != WRITE && t->kind != TRUNCATE))
            continue;
        if (i < synced || mood == DISK_WRITTEN)
            apply(m, t);
        else
            pending[n++] = t;
    }
    if (mood == DISK_ORDERED)
        in_order(m, pending, n, random);
    else if (mood == DISK_SCATTERED || mood == DISK_TORN)
        scatter(m, pending, n, mood == DISK_TORN, random);
    free(pending);
}

/* ---- what is left of the names ---- */

struct names {
    size_t n;
    struct {
        char name[NAME_SIZE];
        int file;       /* NO_FILE: there is none of that name */
        size_t n_since; /* what it stood for at times since the names were synced */
        int since[32];
    } names[NAMES_MAX];
};

static void rebind(struct names *names, const char *name, int file, bool synced)
{
    size_t i = 0;

    while (i < names->n && strcmp(names->names[i].name, name) != 0)
        i++;
    if (i == NAMES_MAX || names->names[i].n_since == sizeof names->names[i].since / sizeof(int)) {
        printf("Bail out! too many names\n");
        exit(2);
    }
    if (i == names->n) {
        strcpy(names->names[names->n++].name, name);
        names->names[i].file = NO_FILE;
    }
    if (synced)
        names->names[i].file = file;
    else
        names->names[i].since[names->names[i].n_since++] = file;
}

static void read_names(const struct disk *d, size_t end, struct names *names)
{
    size_t synced = 0;

    memset(names, 0, sizeof *names);
    for (size_t i = 0; i < end; i++)
        if (d->log[i].kind == SYNC_NAMES)
            synced = i;
    for (size_t i = 0; i < end; i++) {
        const struct thing *t = &d->log[i];
        if (t->kind == NAME)
            rebind(names, t->name, t->file, i < synced);
        if (t->kind == UNNAME || t->kind == RENAME)
            rebind(names, t->name, NO_FILE, i < synced);
        if (t->kind == RENAME)
            rebind(names, t->to, t->file, i < synced);
    }
}

/* ---- the cut ---- */

static int empty(const char *dir)
{
    const struct dirent *entry;
    DIR *all = opendir(dir);

    if (!all)
        return -errno;
    while ((entry = readdir(all)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(all), entry->d_name, 0);
    closedir(all);
    return 0;
}

static int write_file(const char *dir, const char *name, const struct image *m)
{
    char path[320];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -errno;
    ssize_t n = m->len ? write(fd, m->bytes, m->len) : 0;
    close(fd);
    return n == (ssize_t)m->len ? 0 : -EIO;
}

static int which(const struct names *names, size_t i, enum disk_mood mood, uint64_t *random)
{
    size_t n = names->names[i].n_since;
    size_t at = mood == DISK_LOST ? 0 : mood == DISK_WRITTEN ? n : dice(random, n + 1);

    return at == 0 ? names->names[i].file : names->names[i].since[at - 1];
}

int disk_cut(const struct disk *d, size_t happened, enum disk_mood mood, uint64_t seed, const char *dir)
{
    size_t end = d->before + happened;
    struct names names;
    uint64_t random = seed;
    int error = empty(dir);

    read_names(d, end, &names);
    for (size_t i = 0; error == 0 && i < names.n; i++) {
        struct image m = {0};
        int file = which(&names, i, mood, &random);
        if (file == NO_FILE)
            continue;
        content(d, file, end, mood, &random, &m);
        error = write_file(dir, names.names[i].name, &m);
        free(m.bytes);
    }
    return error;
}

const char *disk_describe(const struct disk *d, size_t happened)
{
    static const char *const kinds[] = {"write", "truncate", "sync", "name", "unname", "rename", "sync of the names"};
    static char text[160];
    const char *name = "";

    if (happened == 0 || happened > disk_happened(d))
        return "nothing";
    const struct thing *t = &d->log[d->before + happened - 1];
    for (size_t i = 0; i < d->n; i++)
        if (t->file >= 0 && d->log[i].file == t->file && (d->log[i].kind == NAME || d->log[i].kind == RENAME))
            name = d->log[i].kind == RENAME ? d->log[i].to : d->log[i].name;
    snprintf(text, sizeof text, "%s %s%s at %lld, %zu bytes", kinds[t->kind], t->name, name, (long long)t->at, t->len);
    return text;
}
