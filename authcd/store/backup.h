/* SPDX-License-Identifier: MIT
 *
 * A copy of the open database, for whoever has to go back after a migration.
 */
#ifndef BACKUP_H
#define BACKUP_H

#include "sql.h"

/* Copies the database to backup/authc.db.v<version> in the state directory, durable when this returns; replaces an
 * older one of the same schema. Not inside a transaction. */
int backup_make(struct db *db, int version, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

#endif
