/* SPDX-License-Identifier: MIT
 *
 * Where the database goes while its disk is full or read-only: a whole copy in run_dir/refuge, on a file system in
 * memory, which survives the end of authcd but no reboot. Everything goes on there as before, and comes back as the
 * continuation of what stayed behind; or, if that was changed meanwhile (a backup was restored), by maximum: failures
 * and used codes, nothing else. When to go and when to come back is serve/disk's to say.
 */
#ifndef REFUGE_H
#define REFUGE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit.h"
#include "db.h"

#define REFUGE_DIR "refuge"

/* How it came back. */
enum refuge_return {
    REFUGE_CONTINUED, /* all that was written there is in the database now */
    REFUGE_PASSED,    /* it was there already */
    REFUGE_MERGED,    /* by maximum; the rest is in backup/authc.db.refuge */
};

/* As db_open, and: goes on in a refuge that an earlier authcd left, and goes there with `why` as first event if the
 * disk is full or read-only. The refuge's directory is judged as state_dir is; where there is none, reason says so also
 * if all went well, and is "" otherwise. */
int refuge_open(const char *state_dir, const char *run_dir, const char *key_file, const struct audit *why,
                struct db **ret, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

bool refuge_taken(const struct db *db);

/* Goes there, outside of a transaction; the first event there is `why`. On failure nothing has changed, and the reason
 * says what to do. */
int refuge_enter(struct db *db, const char *run_dir, const struct audit *why, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));

/* Comes back: *ret says how, and all of it is synced. On failure the refuge goes on. Rows keep their numbers unless
 * MERGED, which is done only if nobody is being served yet (may_merge), -ESTALE otherwise. */
int refuge_leave(struct db *db, bool may_merge, enum refuge_return *ret, char reason[DB_REASON_SIZE])
    __attribute__((warn_unused_result));

/* How many bytes coming back takes on the disk. */
int refuge_size(const struct db *db, int64_t *ret) __attribute__((warn_unused_result));

#endif
