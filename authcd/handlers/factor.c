/* SPDX-License-Identifier: MIT
 *
 * Code factors of an account: confirm, list, rename, remove; enrol.c adds them, resync.c sets them right. The recovery
 * codes are listed and removed here as if they were a factor of number 0. That a peer which is not root proved itself
 * on this connection was checked before we are called.
 */
#include "factor.h"

#include <errno.h>
#include <string.h>

#include "factor_check.h"
#include "recover.h"
#include "text.h"

/* ---- what the requests share ---- */

int factor_find(struct handler *h, const char *user, uint32_t number, struct account *ret_account,
                struct factor *ret_factor, struct step *step)
{
    struct account a;
    int error = handler_account(h, user, &a, step);
    if (error < 0 || (error = handler_proved(h, &a, step)) < 0)
        return error;
    error = factors_get(h->db, a.id, number, ret_factor);
    if (error == -ENOENT) {
        error = step_refuse(step, REFUSAL_NOT_FOUND, "\"%s\" has no factor %u", a.name, number);
        return error < 0 ? error : -ENOENT;
    }
    if (error == 0)
        *ret_account = a;
    return error;
}

int factor_label_taken(struct db *db, int64_t account_id, const char *label, bool *ret)
{
    struct factor f = {0};
    int error;
    while ((error = factors_next(db, account_id, f.number, &f)) == 0)
        if (strcmp(f.label, label) == 0)
            break;
    if (error == 0 || error == -ENOENT)
        *ret = error == 0;
    return error == -ENOENT ? 0 : error;
}

int factor_label(struct handler *h, const struct account *a, const char *label, struct step *step)
{
    bool taken = false;
    int error = 0;
    if (!text_is_word(label, FACTOR_LABEL_SIZE - 1))
        error = step_refuse(step, REFUSAL_INVALID,
                            "a label has letters, digits, '.', '_' and '-', and begins with none of the last two");
    else if ((error = factor_label_taken(h->db, a->id, label, &taken)) == 0 && taken)
        error = step_refuse(step, REFUSAL_EXISTS, "\"%s\" has a factor \"%s\" already", a->name, label);
    else
        return error;
    return error < 0 ? error : -EINVAL;
}

/* "6 digits, 30s": for people. */
static int fill_form(const struct factor *f, const char *algorithm, struct msg_row_factor *row)
{
    char period[16] = "";
    int error = f->period_s > 0 ? text_format(period, sizeof period, ", %us", (unsigned)f->period_s) : 0;
    return error < 0 ? error
                     : text_format(row->form, sizeof row->form, "%u digits%s%s%s", f->digits, period,
                                   f->algorithm == OTP_SHA1 ? "" : ", ", f->algorithm == OTP_SHA1 ? "" : algorithm);
}

int factor_reply(const struct account *a, const struct factor *f, uint32_t gone, struct step *step)
{
    struct msg m = {.number = MSG_row_factor};
    struct msg_row_factor *row = &m.row_factor;
    const char *algorithm = otp_algorithm_name(f->algorithm);
    if (algorithm == NULL)
        algorithm = "?";
    row->id = f->number;
    row->digits = (uint8_t)f->digits;
    row->period_s = (uint8_t)f->period_s;
    row->left = gone;
    row->confirmed = f->confirmed_at != 0;
    row->created_at = f->created_at;
    row->confirmed_at = f->confirmed_at;
    row->last_used_at = f->last_used_at;
    int error = text_copy(row->user, sizeof row->user, a->name);
    if (error < 0 || (error = text_copy(row->kind, sizeof row->kind, f->kind)) < 0 ||
        (error = text_copy(row->label, sizeof row->label, f->label)) < 0 ||
        (error = text_copy(row->algorithm, sizeof row->algorithm, algorithm)) < 0 ||
        (error = fill_form(f, algorithm, row)) < 0)
        return error;
    return step_reply(step, &m);
}

int factor_reply_done(struct handler *h, const struct account *a, uint32_t number, struct step *step)
{
    struct factor f;
    int error = factors_get(h->db, a->id, number, &f);
    if (error < 0 || (error = factor_reply(a, &f, 0, step)) < 0)
        return error;
    return step_end(step, 1, 0);
}

/* ---- confirm ---- */

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

static int confirm(struct handler *h, const struct account *a, const struct factor *f, struct step *step)
{
    int error = factors_confirm(h->db, f->id, h->now.wall_s);
    if (error < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_CONFIRM, a, "", NULL, "%s %u \"%s\"", f->kind, f->number, f->label)) < 0)
        return error;
    return factor_reply_done(h, a, f->number, step);
}

static int refuse_code(struct handler *h, const struct account *a, const struct factor *f, enum otp_result result,
                       struct step *step)
{
    int error = 0;
    switch (result) {
    case OTP_CLOCK:
        error = handler_audit(h, AUDIT_FACTOR_CLOCK, a, "", NULL, "%s %u, at confirmation", f->kind, f->number);
        return error < 0
                   ? error
                   : step_refuse(step, REFUSAL_INVALID, "the clock of this host is not set: no code can be judged");
    case OTP_UNUSABLE:
        error = handler_audit(h, AUDIT_HASH_BAD, a, "", NULL, "%s %u, at confirmation", f->kind, f->number);
        return error < 0
                   ? error
                   : step_refuse(step, REFUSAL_INVALID, "the stored factor is not usable: remove it and add another");
    case OTP_WRONG:
    case OTP_REPLAYED:
    case OTP_RIGHT:
        break;
    }
    return step_refuse(step, REFUSAL_WRONG_CODE, "wrong code");
}

int on_factor_confirm(struct handler *h, const struct msg_factor_confirm *in, struct step *step)
{
    struct account a;
    struct factor f;
    enum otp_result result = OTP_WRONG;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0 || (error = handler_proved(h, &a, step)) < 0 || (error = unconfirmed(h, &a, in->id, &f, step)) < 0)
        return error == -ENOENT ? 0 : error;
    error = factor_check(h, &f, &in->code, &result);
    if (error < 0)
        return error;
    return result == OTP_RIGHT ? confirm(h, &a, &f, step) : refuse_code(h, &a, &f, result, step);
}

/* ---- list ---- */

int on_factor_list(struct handler *h, const struct msg_factor_list *in, struct step *step)
{
    struct account a;
    struct factor f = {0};
    uint32_t n = 0;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    while ((error = factors_next(h->db, a.id, f.number, &f)) == 0) {
        error = factor_reply(&a, &f, 0, step);
        if (error < 0)
            return error;
        n++;
    }
    if (error != -ENOENT || (error = recover_reply(h, &a, &n, step)) < 0)
        return error;
    return step_end(step, n, 0);
}

/* ---- rename, remove ---- */

int on_factor_rename(struct handler *h, const struct msg_factor_rename *in, struct step *step)
{
    struct account a;
    struct factor f;
    int error = factor_find(h, in->user, in->id, &a, &f, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if (strcmp(f.label, in->label) == 0)
        return factor_reply_done(h, &a, f.number, step);
    error = factor_label(h, &a, in->label, step);
    if (error < 0)
        return error == -EINVAL ? 0 : error;
    if ((error = factors_rename(h->db, f.id, in->label)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_RENAME, &a, "", NULL, "%s %u \"%s\" -> \"%s\"", f.kind, f.number,
                               f.label, in->label)) < 0)
        return error;
    return factor_reply_done(h, &a, f.number, step);
}

/* Recovery codes stand in for a code: with the last factor that makes any, they go. Whoever adds one a year later must
 * not find that a forgotten sheet of paper opens the account again. */
static int remove_factor(struct handler *h, const struct account *a, const struct factor *f, struct step *step)
{
    struct recoveries r = {0};
    bool last = f->confirmed_at != 0 && a->codes == 1;
    int error = factors_remove(h->db, f->id);
    if (error == 0 && last && (error = recoveries_get(h->db, a->id, &r)) == 0)
        error = recoveries_remove(h->db, a->id);
    if (error < 0 || (error = factor_reply(a, f, r.left, step)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_REMOVE, a, "", NULL, "%s %u \"%s\"%s", f->kind, f->number, f->label,
                               r.made > 0 ? ", and with it the recovery codes" : "")) < 0)
        return error;
    return step_end(step, 1, 0);
}

int on_factor_remove(struct handler *h, const struct msg_factor_remove *in, struct step *step)
{
    struct account a;
    struct factor f;
    int error;
    if (in->id == 0) {
        error = handler_account(h, in->user, &a, step);
        if (error == 0)
            error = handler_proved(h, &a, step);
        if (error == 0)
            return recover_remove(h, &a, step);
    } else if ((error = factor_find(h, in->user, in->id, &a, &f, step)) == 0)
        return remove_factor(h, &a, &f, step);
    return error == -ENOENT ? 0 : error;
}
