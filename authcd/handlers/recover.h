/* SPDX-License-Identifier: MIT
 *
 * The recovery codes of an account as a factor among its factors: kind "recovery", number 0.
 */
#ifndef RECOVER_H
#define RECOVER_H

#include "handler.h"
#include "recoveries.h"

/* Appends their row, and counts it in *n, if the account has any. */
int recover_reply(struct handler *h, const struct account *a, uint32_t *n, struct step *step)
    __attribute__((warn_unused_result));

/* Makes RECOVERY_CODES of them, in place of all that there were, as they are to be printed: wipe them. */
int recover_make(struct handler *h, const struct account *a, char ret_codes[][RECOVERY_TEXT_SIZE])
    __attribute__((warn_unused_result));

/* Removes them, and answers the request. */
int recover_remove(struct handler *h, const struct account *a, struct step *step) __attribute__((warn_unused_result));

#endif
