/* SPDX-License-Identifier: MIT
 *
 * Which counters count. How a code is made and compared is otp's; as there, the whole window is looked at whatever
 * matches.
 */
#include "hotp.h"

#include <sodium.h>
#include <stdbool.h>

static bool good(const struct otp *otp, int64_t last)
{
    return otp->kind == OTP_HOTP && otp_usable(otp) && last >= HOTP_NONE && last < INT64_MAX - HOTP_RESYNC - 2;
}

enum otp_result hotp_check(const struct otp *otp, const struct secret *typed, int64_t last, int64_t *ret_counter)
{
    if (!good(otp, last))
        return OTP_UNUSABLE;
    int64_t next = last + 1, first = next > HOTP_BEHIND ? next - HOTP_BEHIND : 0;
    return otp_search(otp, typed, first, next + HOTP_AHEAD, last, ret_counter);
}

/* The latest first, so that of several pairs the earliest is taken. */
static enum otp_result search_pair(const struct otp *otp, const struct secret *typed, const struct secret *typed_next,
                                   int64_t first, int64_t *ret_counter)
{
    bool right = false, next_right = false;
    int64_t counter = 0;
    char code[OTP_CODE_SIZE] = {0};
    for (int64_t c = first + HOTP_RESYNC + 1; c >= first; c--) {
        if (otp_code(otp, c, code) < 0)
            return OTP_UNUSABLE;
        bool pair = next_right & (sodium_memcmp(code, typed->bytes, otp->digits) == 0);
        right |= pair;
        counter = pair ? c + 1 : counter;
        next_right = sodium_memcmp(code, typed_next->bytes, otp->digits) == 0;
    }
    sodium_memzero(code, sizeof code);
    if (right)
        *ret_counter = counter;
    return right ? OTP_RIGHT : OTP_WRONG;
}

enum otp_result hotp_resync(const struct otp *otp, const struct secret *typed, const struct secret *typed_next,
                            int64_t last, int64_t *ret_counter)
{
    if (!good(otp, last))
        return OTP_UNUSABLE;
    if (!otp_is_code(otp, typed) || !otp_is_code(otp, typed_next))
        return OTP_WRONG;
    return search_pair(otp, typed, typed_next, last + 1, ret_counter);
}
