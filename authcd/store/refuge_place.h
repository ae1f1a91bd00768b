/* SPDX-License-Identifier: MIT
 *
 * The directory of a refuge, and the ways in which the database gets there. What a refuge means is refuge.c's.
 */
#ifndef REFUGE_PLACE_H
#define REFUGE_PLACE_H

#include "sql.h"

/* As dbfiles_open, for run_dir/refuge; nothing to close on failure. -ENOENT: there is no such directory. */
int refuge_place_open(const char *run_dir, struct dbfiles *ret, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));

/* Removes the copy and all that may lie beside it; nobody has it open. */
void refuge_place_empty(const struct dbfiles *place);

/* From the open database: reading works on a full and on a read-only disk. Into an empty place, like the next. */
int refuge_place_copy_open(struct db *db, const struct dbfiles *place) __attribute__((warn_unused_result));

/* Byte by byte, while nobody has the database open (it would lose its locks): one in WAL mode cannot be opened where
 * nothing can be written. */
int refuge_place_copy_closed(const struct db *db, const struct dbfiles *place) __attribute__((warn_unused_result));

/* How many bytes it takes at home to have the place's database copied back, at most. */
int refuge_place_size(const struct dbfiles *place, const struct dbfiles *files, int64_t *ret)
    __attribute__((warn_unused_result));

#endif
