/* SPDX-License-Identifier: MIT
 *
 * When a code was last proved, in one place of one kernel audit session: what a time of grace counts from. Ends with
 * the session, with the boot, and with all sessions of the account. Works inside the caller's transaction.
 */
#ifndef GRACES_H
#define GRACES_H

#include <stdint.h>

#include "clock.h"
#include "db.h"

#define GRACES_LIFETIME_MS INT64_C(43200000) /* 12 h: no service may give more */

/* Where: all of it must be the same. */
struct grace {
    int64_t account_id;
    uint32_t audit_session; /* the kernel's; must be one */
    const char *service;
    const char *source;
    const char *tty;
};

/* A code was proved there now. */
int graces_note(struct db *db, const struct grace *g, const struct clock *now) __attribute__((warn_unused_result));

/* How long ago one was, by the boot clock. -ENOENT: never in this boot and session. */
int graces_age(struct db *db, const struct grace *g, const struct clock *now, int64_t *ret_age_s)
    __attribute__((warn_unused_result));

/* None of the account counts any more. */
int graces_forget(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

/* Removes what is of another boot, or older than any service may look at. */
int graces_expire(struct db *db, const struct clock *now) __attribute__((warn_unused_result));

#endif
