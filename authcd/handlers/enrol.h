/* SPDX-License-Identifier: MIT
 *
 * Enrolment inside a login, for somebody who has no confirmed code factor yet: the login shows the secret and asks for
 * a code of it. Both audit as the login. That the password was right, and that the service enrols, is the login's to
 * know; that nobody is let in by enrol_confirm who has another factor by now is decided here.
 */
#ifndef ENROL_H
#define ENROL_H

#include "factors.h"
#include "handler.h"

/* For enrol_start. A factor of this label that was never confirmed is one of a login that broke off. */
#define ENROL_LABEL "first-login"

/* A fresh time-based factor with the defaults that every authenticator takes. An unconfirmed one of that label goes, so
 * that broken-off logins leave one behind and not many; whoever still has its secret confirms nothing by it. ret holds
 * the secret: wipe it.
 *   -EEXIST   the account has a confirmed factor: no case for enrolment
 *   -EDQUOT   as many factors that wait to be confirmed as are kept
 *   -EMSGSIZE the names of host and account are too long for an otpauth address */
int enrol_start(struct handler *h, const struct account *a, const char *label, struct factor *ret_factor,
                struct msg_row_enrolment *ret) __attribute__((warn_unused_result));

/* Judges typed by factor `number`, and confirms that if OTP_RIGHT: from then on it counts, and the code is used up.
 * OTP_WRONG also if the factor is gone, or the account has a confirmed one: another login was faster. */
int enrol_confirm(struct handler *h, const struct account *a, uint32_t number, const struct secret *typed,
                  enum otp_result *ret) __attribute__((warn_unused_result));

#endif
