/* SPDX-License-Identifier: MIT
 *
 * What was typed for a code, judged against what an account has. Whatever is right is used up in the caller's
 * transaction, so that it never counts again, whoever else tries it meanwhile. Neither charges a limit nor audits: the
 * login does both.
 */
#ifndef FACTOR_CHECK_H
#define FACTOR_CHECK_H

#include "factors.h"
#include "handler.h"

/* Against one factor, confirmed or not. Used up as well if OTP_RIGHT. A secret that does not open is OTP_UNUSABLE. */
int factor_check(struct handler *h, const struct factor *f, const struct secret *typed, enum otp_result *ret)
    __attribute__((warn_unused_result));

/* Against all confirmed factors of an account. *ret_factor: the one that took it; of a refusal that is not OTP_WRONG
 * the one that it comes from; else all zero. */
int factor_check_any(struct handler *h, int64_t account_id, const struct secret *typed, enum otp_result *ret,
                     struct factor *ret_factor) __attribute__((warn_unused_result));

/* Against the recovery codes of an account, for what recovery_is() says may be one: OTP_RIGHT, OTP_REPLAYED, OTP_WRONG.
 * *ret_left: how many are left after this. */
int factor_check_recovery(struct handler *h, int64_t account_id, const struct secret *typed, enum otp_result *ret,
                          uint32_t *ret_left) __attribute__((warn_unused_result));

/* How many digits a code at the end of a combined answer has: the first confirmed factor's; 6 where there is none. */
int factor_check_digits(struct handler *h, int64_t account_id, unsigned *ret) __attribute__((warn_unused_result));

#endif
