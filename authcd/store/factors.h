/* SPDX-License-Identifier: MIT
 *
 * Second factors of accounts that make codes. A factor counts only once it is confirmed; its secret is sealed; the last
 * accepted step only ever grows, save where an administrator clears one that a clock gone wrong has left in the future.
 * Works inside the caller's transaction.
 */
#ifndef FACTORS_H
#define FACTORS_H

#include <stdint.h>

#include "db.h"
#include "otp.h"

enum { FACTORS_PER_ACCOUNT_MAX = 8, FACTOR_LABEL_SIZE = 65 };

struct factor {
    int64_t id; /* of the row */
    int64_t account_id;
    uint32_t number; /* what people say: counts from 1 for each account, never reused */
    char kind[17];   /* "totp", "hotp" */
    char label[FACTOR_LABEL_SIZE];
    enum otp_algorithm algorithm;
    unsigned digits;
    int64_t period_s;  /* 0: a HOTP has none */
    int64_t last_step; /* the last accepted one; TOTP: 0: none yet; HOTP: the last accepted counter, HOTP_NONE */
    int64_t created_at, confirmed_at, last_used_at;
};

/* Adds an unconfirmed factor of otp's kind, with its secret; fills all but account and label. -EEXIST: label taken;
 * -EDQUOT: too many. */
int factors_add(struct db *db, struct factor *f, const struct otp *otp, int64_t now_s)
    __attribute__((warn_unused_result));

/* The account's next factor with number > after; -ENOENT at the end. */
int factors_next(struct db *db, int64_t account_id, uint32_t after, struct factor *ret)
    __attribute__((warn_unused_result));
int factors_get(struct db *db, int64_t account_id, uint32_t number, struct factor *ret)
    __attribute__((warn_unused_result));

/* Opens its secret and fills all of *ret. -EBADMSG; so is a kind that is not known. */
int factors_otp(struct db *db, const struct factor *f, struct otp *ret) __attribute__((warn_unused_result));

/* Takes a step as used, only if it is greater than the last: -EALREADY otherwise. */
int factors_use(struct db *db, int64_t id, int64_t step, int64_t now_s) __attribute__((warn_unused_result));
/* Sets the last accepted step back to step. -ENOENT: no such factor, or it is not beyond that. */
int factors_clear(struct db *db, int64_t id, int64_t step) __attribute__((warn_unused_result));
/* -EEXIST: label taken. */
int factors_rename(struct db *db, int64_t id, const char *label) __attribute__((warn_unused_result));
/* -ENOENT: no such factor that is still unconfirmed. */
int factors_confirm(struct db *db, int64_t id, int64_t now_s) __attribute__((warn_unused_result));
int factors_remove(struct db *db, int64_t id) __attribute__((warn_unused_result));

#endif
