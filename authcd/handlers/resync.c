/* SPDX-License-Identifier: MIT
 *
 * factor_resync: a counter that ran ahead, by two of its codes in a row; and the last step of a time-based factor that
 * a clock gone wrong has left in the future, by root alone, because what was accepted then may be accepted once more
 * when its time comes.
 */
#include <errno.h>

#include "factor.h"
#include "hotp.h"

static void otp_wipe(struct otp *otp)
{
    secret_wipe(&otp->secret);
}

static int done(struct handler *h, const struct account *a, const struct factor *f, const char *what, int64_t to,
                struct step *step)
{
    int error = handler_audit(h, AUDIT_FACTOR_RESYNC, a, "", NULL, "%s %u \"%s\", %s %lld -> %lld", f->kind, f->number,
                              f->label, what, (long long)f->last_step, (long long)to);
    return error < 0 ? error : factor_reply_done(h, a, f->number, step);
}

static int resync_counter(struct handler *h, const struct account *a, const struct factor *f, const struct otp *otp,
                          const struct msg_factor_resync *in, struct step *step)
{
    int64_t counter = 0;
    int error = 0;
    if (hotp_resync(otp, &in->code, &in->next_code, f->last_step, &counter) != OTP_RIGHT)
        return step_refuse(step, REFUSAL_WRONG_CODE, "these are not two codes of it in a row that come next");
    error = factors_use(h->db, f->id, counter, h->now.wall_s);
    return error < 0 ? error : done(h, a, f, "counter", counter, step);
}

static int clear_clock(struct handler *h, const struct account *a, const struct factor *f, const struct otp *otp,
                       struct step *step)
{
    int64_t to = otp_clear(otp, h->now.wall_s, f->last_step);
    int error = 0;
    if (h->peer->uid != 0)
        return step_refuse(step, REFUSAL_NOT_ALLOWED, "not allowed: only root clears a clock fault");
    if (to == 0)
        return step_refuse(step, REFUSAL_INVALID, "factor %u of \"%s\" has no clock fault: nothing to clear", f->number,
                           a->name);
    error = factors_clear(h->db, f->id, to);
    return error < 0 ? error : done(h, a, f, "clock fault, step", to, step);
}

int on_factor_resync(struct handler *h, const struct msg_factor_resync *in, struct step *step)
{
    __attribute__((cleanup(otp_wipe))) struct otp otp = {0};
    struct account a;
    struct factor f;
    int error = factor_find(h, in->user, in->id, &a, &f, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = factors_otp(h->db, &f, &otp);
    if (error == -EBADMSG || (error == 0 && !otp_usable(&otp)))
        return step_refuse(step, REFUSAL_INVALID, "the stored factor is not usable: remove it and add another");
    if (error < 0)
        return error;
    return otp.kind == OTP_HOTP ? resync_counter(h, &a, &f, &otp, in, step) : clear_clock(h, &a, &f, &otp, step);
}
