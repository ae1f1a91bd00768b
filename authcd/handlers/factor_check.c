/* SPDX-License-Identifier: MIT
 *
 * Judging and using up, together. The rules say what is right, the store that it counts once: its compare-and-set has
 * the last word, and where that says no, the code was used between our reading and our writing.
 */
#include "factor_check.h"

#include <errno.h>
#include <string.h>

#include "hotp.h"
#include "recoveries.h"

static enum otp_result judge(struct handler *h, const struct factor *f, const struct otp *otp,
                             const struct secret *typed, int64_t *ret_step)
{
    switch (otp->kind) {
    case OTP_TOTP:
        return otp_check(otp, typed, h->now.wall_s, f->last_step, ret_step);
    case OTP_HOTP:
        return hotp_check(otp, typed, f->last_step, ret_step);
    }
    return OTP_UNUSABLE;
}

int factor_check(struct handler *h, const struct factor *f, const struct secret *typed, enum otp_result *ret)
{
    struct otp otp = {0};
    enum otp_result result = OTP_UNUSABLE;
    int64_t step = 0;
    int error = factors_otp(h->db, f, &otp);
    if (error == 0)
        result = judge(h, f, &otp, typed, &step);
    secret_wipe(&otp.secret);
    if (error < 0 && error != -EBADMSG)
        return error;
    error = result == OTP_RIGHT ? factors_use(h->db, f->id, step, h->now.wall_s) : 0;
    if (error < 0 && error != -EALREADY)
        return error;
    *ret = error == -EALREADY ? OTP_REPLAYED : result;
    return 0;
}

int factor_check_any(struct handler *h, int64_t account_id, const struct secret *typed, enum otp_result *ret,
                     struct factor *ret_factor)
{
    enum otp_result all = OTP_WRONG, one = OTP_WRONG;
    struct factor f = {0}, told = {0};
    int error = 0;
    while (all != OTP_RIGHT && (error = factors_next(h->db, account_id, f.number, &f)) == 0) {
        if (f.confirmed_at == 0)
            continue;
        if ((error = factor_check(h, &f, typed, &one)) < 0)
            return error;
        if (one == OTP_RIGHT || (all == OTP_WRONG && one != OTP_WRONG)) {
            all = one;
            told = f;
        }
    }
    if (error < 0 && error != -ENOENT)
        return error;
    *ret = all;
    *ret_factor = told;
    return 0;
}

int factor_check_recovery(struct handler *h, int64_t account_id, const struct secret *typed, enum otp_result *ret,
                          uint32_t *ret_left)
{
    struct recoveries r = {0};
    char code[RECOVERY_SIZE] = "";
    int error = recovery_read(typed, code) < 0 ? -ENOENT : recoveries_use(h->db, account_id, code, h->now.wall_s);
    explicit_bzero(code, sizeof code);
    enum otp_result result = error == 0 ? OTP_RIGHT : error == -EALREADY ? OTP_REPLAYED : OTP_WRONG;
    if ((error < 0 && error != -ENOENT && error != -EALREADY) || (error = recoveries_get(h->db, account_id, &r)) < 0)
        return error;
    *ret = result;
    *ret_left = r.left;
    return 0;
}

int factor_check_digits(struct handler *h, int64_t account_id, unsigned *ret)
{
    struct factor f = {0};
    int error = 0;
    while ((error = factors_next(h->db, account_id, f.number, &f)) == 0 && f.confirmed_at == 0)
        ;
    if (error < 0 && error != -ENOENT)
        return error;
    *ret = error == 0 ? f.digits : 6;
    return 0;
}
