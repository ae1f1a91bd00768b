/* SPDX-License-Identifier: MIT
 *
 * Room that is kept for logins: a file of nothing in the state directory, to be given up when the disk is full. Also
 * how much room there is. Decides nothing: serve/disk does.
 */
#ifndef RESERVE_H
#define RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"

enum { RESERVE_SIZE = 8 * 1024 * 1024 };

/* Makes it, or makes it whole. `more` bytes must be free beside it, which is tried out and not believed (quotas, what
 * is kept for root). -ENOSPC; -EROFS; others where a file system cannot do this. */
int reserve_make(const struct db *db, int64_t more) __attribute__((warn_unused_result));

bool reserve_is_there(const struct db *db);

/* -ENOENT: there is none. */
int reserve_give_up(const struct db *db) __attribute__((warn_unused_result));

/* What the file system of the state directory says that we may write. -EROFS. */
int reserve_room(const struct db *db, int64_t *ret_bytes) __attribute__((warn_unused_result));

#endif
