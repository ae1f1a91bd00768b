/* SPDX-License-Identifier: MIT
 *
 * Recovery codes of accounts, as keyed hashes: nobody can read one back. A used one stays until all are made anew, so
 * that whoever types it again is told from one who guesses. Their form is rules/recovery's. Works inside the caller's
 * transaction.
 */
#ifndef RECOVERIES_H
#define RECOVERIES_H

#include <stdint.h>

#include "db.h"
#include "recovery.h"

/* What is known of an account's recovery codes; all zero if none were made. */
struct recoveries {
    uint32_t made, left; /* used or not; not used */
    int64_t made_at, last_used_at;
};

int recoveries_get(struct db *db, int64_t account_id, struct recoveries *ret) __attribute__((warn_unused_result));

/* Makes code one of the account's. -EEXIST. */
int recoveries_add(struct db *db, int64_t account_id, const char code[RECOVERY_SIZE], int64_t now_s)
    __attribute__((warn_unused_result));

/* Uses code up. -ENOENT: none of this account's; -EALREADY: used before. */
int recoveries_use(struct db *db, int64_t account_id, const char code[RECOVERY_SIZE], int64_t now_s)
    __attribute__((warn_unused_result));

/* None of the account's opens anything from now on. */
int recoveries_remove(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

#endif
