/* SPDX-License-Identifier: MIT
 *
 * A model of a directory on a disk that may lose power: a log of what was written, cut short, synced, named and
 * unnamed in it, in order. disk_cut() puts into another directory what such a disk may hold if the power fails after
 * any of these: all that was synced, and of the rest nothing, all, or a part. Who writes is vfs.c (SQLite's calls) and
 * posix.c (the store's own); the model holds no file open and never syncs anything itself.
 *
 * What it takes for granted of a disk: a sector that was not written to keeps its bytes, and one that was written
 * several times since the last sync holds one of these states, or a torn one; never something older than the sync.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct disk;

/* What becomes of writes that nobody synced. */
enum disk_mood {
    DISK_LOST,      /* nothing of them is left */
    DISK_WRITTEN,   /* all are there: only the process died */
    DISK_ORDERED,   /* the first of them, the last of these torn */
    DISK_SCATTERED, /* of each sector another of its states since the sync */
    DISK_TORN,      /* likewise, and within a sector only some bytes, or noise where bytes were being written */
    DISK_MOODS
};

/* A log that begins with the files that are in dir now, as synced. NULL if dir cannot be read. */
struct disk *disk_new(const char *dir);
/* That file was written by somebody who was killed before it was synced. */
void disk_unsync(struct disk *d, const char *name);
void disk_free(struct disk *d); /* NULL does nothing */

/* The one that is told by disk_note_*; NULL: none. Returns the one before. */
struct disk *disk_record(struct disk *d);

/* How many things have happened: what a cut counts by. */
size_t disk_happened(const struct disk *d);

/* Empties dir, and fills it with what may be left if the power fails after the first `happened` things. The same seed
 * gives the same. 0, or a negative errno. */
int disk_cut(const struct disk *d, size_t happened, enum disk_mood mood, uint64_t seed, const char *dir);

/* One line for people: what the last of the first `happened` things was. */
const char *disk_describe(const struct disk *d, size_t happened);

/* ---- for vfs.c and posix.c: what happened, to the disk that is recorded, if it is in its directory ---- */

/* Paths are absolute. A file is known by its inode from disk_note_made on. */
void disk_note_made(const char *path);
void disk_note_gone(const char *path);
void disk_note_renamed(const char *from, const char *to);
void disk_note_write(ino_t file, const void *bytes, size_t len, int64_t at);
void disk_note_truncate(ino_t file, int64_t size);
void disk_note_sync(ino_t file);
void disk_note_names_synced(void);
/* The recorded directory's path if that is its inode, else NULL. */
const char *disk_directory(ino_t directory);

/* A stream of numbers that is the same for the same seed. */
uint64_t disk_random(uint64_t *state);

#endif
