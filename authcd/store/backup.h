/* SPDX-License-Identifier: MIT
 *
 * A copy of the open database, for whoever has to go back after a migration.
 */
#ifndef BACKUP_H
#define BACKUP_H

#include "sql.h"

/* All pages of one open database into another, in one transaction of the other's: all or nothing. */
int backup_pages(sqlite3 *from, sqlite3 *to) __attribute__((warn_unused_result));
/* -EIO: its own check finds it damaged. */
int backup_is_whole(sqlite3 *c) __attribute__((warn_unused_result));

/* Copies the database to a file of that name in backup/ of `files`' directory, durable when this returns; replaces an
 * older one. Not inside a transaction. */
int backup_save(struct db *db, const struct dbfiles *files, const char *name) __attribute__((warn_unused_result));

/* Copies the database to backup/authc.db.v<version> in the state directory, durable when this returns; replaces an
 * older one of the same schema. Not inside a transaction. */
int backup_make(struct db *db, int version, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

#endif
