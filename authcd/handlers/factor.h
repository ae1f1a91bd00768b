/* SPDX-License-Identifier: MIT
 *
 * What the requests about factors share: finding the one that is meant, its label, its row.
 */
#ifndef FACTOR_H
#define FACTOR_H

#include "factors.h"
#include "handler.h"

/* The account, if the peer has proved that it is its own, and its factor of that number. -ENOENT: step has the refusal.
 */
int factor_find(struct handler *h, const char *user, uint32_t number, struct account *ret_account,
                struct factor *ret_factor, struct step *step) __attribute__((warn_unused_result));

/* May that be a label of the account's? -EINVAL: step has the refusal; nor may it be "", or another factor's. */
int factor_label(struct handler *h, const struct account *a, const char *label, struct step *step)
    __attribute__((warn_unused_result));
/* *ret: the account has a factor of that label. */
int factor_label_taken(struct db *db, int64_t account_id, const char *label, bool *ret)
    __attribute__((warn_unused_result));

/* Appends the factor's row. gone: unused recovery codes that went with it. */
int factor_reply(const struct account *a, const struct factor *f, uint32_t gone, struct step *step)
    __attribute__((warn_unused_result));
/* Appends the row of factor `number` as it is now, and END. */
int factor_reply_done(struct handler *h, const struct account *a, uint32_t number, struct step *step)
    __attribute__((warn_unused_result));

#endif
