/* SPDX-License-Identifier: MIT
 *
 * A check of each page of the database file. SQLite keeps none: a byte that changes on the disk would be a used code
 * that counts again, or failures that are forgotten. A page that is read and does not fit its sum is an I/O error
 * (SQLITE_IOERR_DATA), so that whatever needed it fails. Finds damage, not forgery: there is no key in it. What is
 * still in the WAL has SQLite's own sums.
 */
#ifndef PAGESUM_H
#define PAGESUM_H

#include <sqlite3.h>
#include <stdbool.h>

/* Name of the VFS through which every database file of ours is opened, our backups as well. Without memory for it no
 * file opens. */
const char *pagesum_vfs(void);

/* Right after opening: a database that is still empty will have room for the sums, and keep them from its first page
 * on. A SQLite code. */
int pagesum_reserve(sqlite3 *c);

/* Has a database that has been read such sums? Not if another program wrote it, or its header is damaged. */
bool pagesum_is_kept(sqlite3 *c);

#endif
