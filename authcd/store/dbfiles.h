/* SPDX-License-Identifier: MIT
 *
 * The state directory and the files in it, before SQLite sees any of them: are they what they should be, and nobody
 * else's? Also keeps a second authcd out of the directory, and makes the key and the empty database.
 */
#ifndef DBFILES_H
#define DBFILES_H

#include <stdbool.h>

#include "db.h"
#include "vault.h"

#define DBFILES_DATABASE "authc.db"
#define DBFILES_KEY "authc.key"
#define DBFILES_BACKUP "backup"

enum { DBFILES_PATH_SIZE = 480 }; /* SQLite takes 512, with room for "-journal" */

struct dbfiles {
    int dir_fd;                  /* locked (flock) until closed; -1: not open */
    char dir[DBFILES_PATH_SIZE]; /* without symlinks */
    char database[DBFILES_PATH_SIZE];
    bool exists; /* the database file was there */
};

/* Opens and locks the directory, and checks the database's files. Errors and reason as db_open's. On failure ret is
 * still good for dbfiles_close. */
int dbfiles_open(struct dbfiles *ret, const char *state_dir, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));
void dbfiles_close(struct dbfiles *f);

/* Looks at the database's files again: f->exists, and whether they are what they should be. */
int dbfiles_look(struct dbfiles *f, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

/* Reads the key: from key_file, else from the directory, where it is made if there is no database yet. */
int dbfiles_key(const struct dbfiles *f, const char *key_file, unsigned char ret_key[VAULT_KEY_SIZE],
                char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

/* Makes the empty database file, if there is none: the key is durable before it. */
int dbfiles_create(const struct dbfiles *f, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

/* fsync of the directory. */
int dbfiles_sync(const struct dbfiles *f) __attribute__((warn_unused_result));

/* The file of that name in dir_fd: -ENOENT if there is none, -EPERM and a reason unless it is regular, the caller's, of
 * mode 0600 or stricter, with one name. Never opens it: closing a database file would drop SQLite's locks on it. */
int dbfiles_check(int dir_fd, const char *dir, const char *name, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));

#endif
