/* SPDX-License-Identifier: MIT
 *
 * The database: one file, one connection, exclusive. Opens it only where nobody else could have put it, migrates it,
 * and frames transactions. Durability is the turn's: a commit is written (WAL, synchronous=NORMAL), and db_sync makes
 * all commits since the last one survive a power cut; no reply may leave before that.
 *
 * Functions of store/ return 0 or a negative errno: -ENOENT no such row, -EEXIST a unique name is taken, -EBADMSG a
 * sealed value does not open, -ENOSPC disk or quota full, -EROFS read-only, -EMFILE, -EBUSY, -ENOMEM, -EINVAL what the
 * tables do not take, -EIO anything else: the state is broken. After an error of the database the caller rolls the
 * transaction back; it can no longer be committed. Whatever writes must be called inside a transaction (-EINVAL
 * otherwise). Only store/ sees sqlite3.h.
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

enum { DB_REASON_SIZE = 256 };

/* Opens (and makes, if missing) state_dir/authc.db and the key file: state_dir must belong to the caller's uid (or to
 * uid 0 with the caller root), not be writable by others; files must be regular, the caller's, mode 0600, no symlinks.
 * key_file NULL: state_dir/authc.key, made with a fresh key if there is no database yet; otherwise it must exist. On
 * failure `reason` says what is wrong and what to do. -EBUSY: another authcd has it. -EPROTONOSUPPORT: a newer schema.
 * -EPERM: ownership, mode, kind of file. -ENOKEY: the key file is missing, or is not this database's key. */
int db_open(const char *state_dir, const char *key_file, struct db **ret, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));
void db_close(struct db *db); /* NULL does nothing; wipes keys */

int db_begin(struct db *db) __attribute__((warn_unused_result));
/* Rolls back by itself if it fails, as it does where anything in the transaction had failed. */
int db_commit(struct db *db) __attribute__((warn_unused_result));
void db_rollback(struct db *db); /* also where there is nothing to roll back */

/* A transaction that rolls back at the end of its scope unless it was committed. */
#define DB_TRANSACTION __attribute__((cleanup(db_transaction_end)))
struct db_transaction {
    struct db *db;
};
int db_transaction(struct db *db, struct db_transaction *t) __attribute__((warn_unused_result));
int db_transaction_commit(struct db_transaction *t) __attribute__((warn_unused_result));
void db_transaction_end(struct db_transaction *t);

/* Has anything been committed since the last db_sync? Also where any sync failed: that is for db_sync to tell. */
bool db_dirty(const struct db *db);

/* fsync of the WAL. An error is final, and given again each time: the kernel calls pages clean that it could not write,
 * so the next fsync would succeed and mean nothing. The caller must end the process; replies of this turn must not
 * leave. */
int db_sync(struct db *db) __attribute__((warn_unused_result));

/* Has the WAL grown so far that a checkpoint should not wait for its timer? */
bool db_wants_checkpoint(const struct db *db);

/* Passive checkpoint; from a timer. */
int db_checkpoint(struct db *db) __attribute__((warn_unused_result));

/* Newest schema this build knows (user_version). */
int db_schema_version(void);

#endif
