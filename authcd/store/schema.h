/* SPDX-License-Identifier: MIT
 *
 * The tables, and how a database of an earlier authcd gets them: an append-only list of steps, each in one transaction
 * together with its number (user_version). A step that was released is never edited; another one is added.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "db.h"

#define SCHEMA_APPLICATION_ID INT64_C(0x41544843) /* "ATHC" */

struct schema_step {
    int version;
    const char *const *sql;     /* up to a NULL */
    int (*fill)(struct db *db); /* what SQL cannot do; may be NULL */
};

/* This build's steps, by version from 1. */
const struct schema_step *schema_steps(size_t *ret_n);

/* user_version: 0 for a new, empty database. -EPROTONOSUPPORT: newer than the last step; -EPERM: not one of ours.
 * Changes nothing. */
int schema_version(struct db *db, int *ret) __attribute__((warn_unused_result));

/* Takes the steps after `version`. Killed at any point, the database is at one step or the next. */
int schema_migrate(struct db *db, int version, const struct schema_step *list, size_t n)
    __attribute__((warn_unused_result));

/* Is the vault's key the one this database was made with? -ENOKEY. */
int schema_check_key(struct db *db) __attribute__((warn_unused_result));

#endif
