/* SPDX-License-Identifier: MIT
 *
 * Code factors of an account: confirm, list, remove; enrol.c adds them. That a peer which is not root proved itself on
 * this connection was checked before we are called.
 */
#include "factors.h"

#include <errno.h>
#include <string.h>

#include "handler.h"
#include "text.h"

static void otp_wipe(struct otp *otp)
{
    secret_wipe(&otp->secret);
}

static int reply_factor(const struct account *a, const struct factor *f, struct step *step)
{
    struct msg m = {.number = MSG_row_factor};
    struct msg_row_factor *row = &m.row_factor;
    const char *algorithm = otp_algorithm_name(f->algorithm);
    row->id = f->number;
    row->digits = (uint8_t)f->digits;
    row->confirmed = f->confirmed_at != 0;
    row->created_at = f->created_at;
    row->confirmed_at = f->confirmed_at;
    row->last_used_at = f->last_used_at;
    int error = text_copy(row->user, sizeof row->user, a->name);
    if (error < 0 || (error = text_copy(row->kind, sizeof row->kind, f->kind)) < 0 ||
        (error = text_copy(row->label, sizeof row->label, f->label)) < 0 ||
        (error = text_copy(row->algorithm, sizeof row->algorithm, algorithm == NULL ? "?" : algorithm)) < 0)
        return error;
    return step_reply(step, &m);
}

/* Factor `number` as it is now, and the end. */
static int reply_done(struct handler *h, const struct account *a, uint32_t number, struct step *step)
{
    struct factor f;
    int error = factors_get(h->db, a->id, number, &f);
    if (error < 0 || (error = reply_factor(a, &f, step)) < 0)
        return error;
    return step_end(step, 1, 0);
}

/* The factor that is to be confirmed; -ENOENT with a refusal. */
static int unconfirmed(struct handler *h, const struct account *a, uint32_t number, struct factor *ret,
                       struct step *step)
{
    struct factor f = {0}, newest = {0};
    int error = number == 0 ? 0 : factors_get(h->db, a->id, number, &newest);
    if (number == 0) {
        while ((error = factors_next(h->db, a->id, f.number, &f)) == 0)
            if (f.confirmed_at == 0)
                newest = f;
        if (error == -ENOENT && newest.number != 0)
            error = 0;
    }
    if (error == -ENOENT && number == 0)
        error = step_refuse(step, REFUSAL_NOT_FOUND, "\"%s\" has no factor that waits to be confirmed", a->name);
    else if (error == -ENOENT)
        error = step_refuse(step, REFUSAL_NOT_FOUND, "\"%s\" has no factor %u", a->name, number);
    else if (error == 0 && newest.confirmed_at != 0)
        error = step_refuse(step, REFUSAL_INVALID, "factor %u of \"%s\" is confirmed already", number, a->name);
    else if (error == 0) {
        *ret = newest;
        return 0;
    }
    return error < 0 ? error : -ENOENT;
}

static int confirm(struct handler *h, const struct account *a, const struct factor *f, int64_t used, struct step *step)
{
    int error = factors_use(h->db, f->id, used, h->now.wall_s);
    if (error == -EALREADY)
        return step_refuse(step, REFUSAL_WRONG_CODE, "wrong code");
    if (error < 0 || (error = factors_confirm(h->db, f->id, h->now.wall_s)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_CONFIRM, a, "", NULL, "totp %u \"%s\"", f->number, f->label)) < 0)
        return error;
    return reply_done(h, a, f->number, step);
}

int on_factor_confirm(struct handler *h, const struct msg_factor_confirm *in, struct step *step)
{
    __attribute__((cleanup(otp_wipe))) struct otp otp = {0};
    struct account a;
    struct factor f;
    int64_t used = 0;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0 || (error = handler_proved(h, &a, step)) < 0 || (error = unconfirmed(h, &a, in->id, &f, step)) < 0)
        return error == -ENOENT ? 0 : error;
    error = factors_otp(h->db, &f, &otp);
    if (error < 0)
        return error;
    switch (otp_check(&otp, &in->code, h->now.wall_s, f.last_step, &used)) {
    case OTP_RIGHT:
        return confirm(h, &a, &f, used, step);
    case OTP_CLOCK:
        error = handler_audit(h, AUDIT_FACTOR_CLOCK, &a, "", NULL, "totp %u, at confirmation", f.number);
        return error < 0
                   ? error
                   : step_refuse(step, REFUSAL_INVALID, "the clock of this host is not set: no code can be judged");
    case OTP_UNUSABLE:
        error = handler_audit(h, AUDIT_HASH_BAD, &a, "", NULL, "totp %u, at confirmation", f.number);
        return error < 0
                   ? error
                   : step_refuse(step, REFUSAL_INVALID, "the stored factor is not usable: remove it and add another");
    case OTP_WRONG:
    case OTP_REPLAYED:
        break;
    }
    return step_refuse(step, REFUSAL_WRONG_CODE, "wrong code");
}

int on_factor_list(struct handler *h, const struct msg_factor_list *in, struct step *step)
{
    struct account a;
    struct factor f = {0};
    uint32_t n = 0;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    while ((error = factors_next(h->db, a.id, f.number, &f)) == 0) {
        error = reply_factor(&a, &f, step);
        if (error < 0)
            return error;
        n++;
    }
    return error == -ENOENT ? step_end(step, n, 0) : error;
}

int on_factor_remove(struct handler *h, const struct msg_factor_remove *in, struct step *step)
{
    struct account a;
    struct factor f;
    int error = handler_account(h, in->user, &a, step);
    if (error == 0)
        error = handler_proved(h, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = factors_get(h->db, a.id, in->id, &f);
    if (error == -ENOENT)
        return step_refuse(step, REFUSAL_NOT_FOUND, "\"%s\" has no factor %u", a.name, in->id);
    if (error < 0 || (error = reply_factor(&a, &f, step)) < 0 || (error = factors_remove(h->db, f.id)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_REMOVE, &a, "", NULL, "totp %u \"%s\"", f.number, f.label)) < 0)
        return error;
    return step_end(step, 1, 0);
}
