/* SPDX-License-Identifier: MIT
 *
 * One-time codes of a counter (RFC 4226), which grows at each press of a token's button. The last counter that was
 * accepted stands where a TOTP has its last accepted step: nothing at or before it is ever accepted again.
 */
#ifndef HOTP_H
#define HOTP_H

#include "otp.h"

enum {
    HOTP_NONE = -1,    /* as last accepted counter: none yet */
    HOTP_AHEAD = 10,   /* presses for nothing between two logins; RFC 4226 section 7.4: the look-ahead window */
    HOTP_BEHIND = 10,  /* used or passed over: told from a wrong code, and as little accepted */
    HOTP_RESYNC = 1000 /* how far ahead two codes in a row may lie */
};

/* Judges typed; last is the last accepted counter. OTP_RIGHT sets *ret_counter, which the caller stores in the same
 * transaction. OTP_UNUSABLE: not a HOTP, out of bounds, or its counter is. */
enum otp_result hotp_check(const struct otp *otp, const struct secret *typed, int64_t last, int64_t *ret_counter);

/* For a token that is further ahead: two codes, one right after the other (RFC 4226 section 7.4, appendix E.4).
 * OTP_RIGHT sets *ret_counter to the second one's. Each is hashed, so it takes a millisecond or two. */
enum otp_result hotp_resync(const struct otp *otp, const struct secret *typed, const struct secret *typed_next,
                            int64_t last, int64_t *ret_counter);

#endif
