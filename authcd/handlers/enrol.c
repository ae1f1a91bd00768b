/* SPDX-License-Identifier: MIT
 *
 * Enrolment of a code factor: factor_add, and inside a login. The secret leaves once, in the answer, as otpauth
 * address, base32 and QR code, and goes to no log. The factor counts only after a code of it was seen.
 */
#include "enrol.h"

#include <errno.h>
#include <string.h>

#include "factor.h"
#include "factor_check.h"
#include "login.h"
#include "qr.h"
#include "text.h"

enum { TEXT_SIZE = 128 };

static void otp_wipe(struct otp *otp)
{
    secret_wipe(&otp->secret);
}

/* ---- making one ---- */

/* The host in an issuer's URL: what an authenticator shows above the code. */
static int issuer_host(const char *issuer, char *out, size_t cap)
{
    const char *host = strncmp(issuer, "https://", 8) == 0 ? issuer + 8 : issuer;
    return text_format(out, cap, "%.*s", (int)strcspn(host, ":/"), host);
}

/* All that shows the secret, before anything is stored: -EMSGSIZE if the names make the address too long. */
static int fill_enrolment(struct handler *h, const struct account *a, const struct otp *otp,
                          struct msg_row_enrolment *row)
{
    char host[CONFIG_TEXT_SIZE];
    int error = issuer_host(h->config->authcd.issuer, host, sizeof host);
    if (error < 0 || (error = otp_uri(otp, host, a->name, row->uri)) < 0 ||
        (error = otp_base32(otp, row->secret)) < 0 || (error = text_copy(row->user, sizeof row->user, a->name)) < 0)
        return error;
    error = qr_text(row->uri, row->qr, sizeof row->qr);
    return error == -EMSGSIZE ? 0 : error;
}

/* Stores a factor with a fresh secret, under the label that f has, which is free. -EMSGSIZE, -EDQUOT. */
static int make(struct handler *h, const struct account *a, struct otp *otp, struct factor *f,
                struct msg_row_enrolment *row)
{
    f->account_id = a->id;
    otp_secret_make(otp);
    int error = fill_enrolment(h, a, otp, row);
    if (error < 0 || (error = factors_add(h->db, f, otp, h->now.wall_s)) < 0)
        return error;
    row->id = f->number;
    return text_copy(row->label, sizeof row->label, f->label);
}

/* For the audit. */
static int describe(const struct factor *f, char out[TEXT_SIZE])
{
    return text_format(out, TEXT_SIZE, "%s %u \"%s\", %s, %u digits", f->kind, f->number, f->label,
                       otp_algorithm_name(f->algorithm), f->digits);
}

/* ---- on request ---- */

/* Everything of factor_add that can be judged before the database is asked: 0, -EINVAL with a refusal, or worse. */
static int read_wish(const struct msg_factor_add *in, struct otp *otp, struct step *step)
{
    bool known = otp_kind_from(in->kind, &otp->kind) == 0;
    bool counter = known && otp->kind == OTP_HOTP;
    otp->algorithm = in->algorithm[0] == '\0' ? OTP_SHA1 : otp_algorithm_from(in->algorithm);
    otp->digits = in->digits == 0 ? 6 : in->digits;
    otp->period_s = in->period_s == 0 && !counter ? 30 : in->period_s;
    int error = 0;
    if (!known)
        error = step_refuse(step, REFUSAL_INVALID, "no kind of factor \"%s\": this host has totp and hotp", in->kind);
    else if (otp->algorithm == 0)
        error = step_refuse(step, REFUSAL_INVALID, "no algorithm \"%s\": SHA1, SHA256 or SHA512", in->algorithm);
    else if (otp->digits != 6 && otp->digits != 8)
        error = step_refuse(step, REFUSAL_INVALID, "codes have 6 or 8 digits, not %u", otp->digits);
    else if (counter && otp->period_s != 0)
        error = step_refuse(step, REFUSAL_INVALID, "hotp counts presses, not seconds: it has no period");
    else if (!counter && otp->period_s != 30 && otp->period_s != 60)
        error = step_refuse(step, REFUSAL_INVALID, "a code lasts 30 or 60 seconds, not %u", in->period_s);
    else
        return 0;
    return error < 0 ? error : -EINVAL;
}

/* The label that was asked for, if it may be; or the kind, the kind and "-2", ... the first that is free. */
static int choose_label(struct handler *h, const struct account *a, const struct msg_factor_add *in,
                        char label[FACTOR_LABEL_SIZE], struct step *step)
{
    bool wish = in->label[0] != '\0', taken = !wish;
    int error = wish ? factor_label(h, a, in->label, step) : 0;
    if (error == 0)
        error = text_copy(label, FACTOR_LABEL_SIZE, wish ? in->label : in->kind);
    for (int i = 2; error == 0 && taken; i++) {
        error = factor_label_taken(h->db, a->id, label, &taken);
        if (error == 0 && taken)
            error = text_format(label, FACTOR_LABEL_SIZE, "%s-%d", in->kind, i);
    }
    return error;
}

static int refuse(const struct account *a, int error, struct step *step)
{
    if (error == -EMSGSIZE)
        return step_refuse(step, REFUSAL_INVALID, "the names of host and account are too long for an otpauth address");
    if (error == -EDQUOT)
        return step_refuse(step, REFUSAL_INVALID, "\"%s\" has %d factors, and no more are kept: remove one first",
                           a->name, FACTORS_PER_ACCOUNT_MAX);
    return error;
}

int on_factor_add(struct handler *h, const struct msg_factor_add *in, struct step *step)
{
    MSG_AUTO struct msg m = {.number = MSG_row_enrolment};
    __attribute__((cleanup(otp_wipe))) struct otp otp = {0};
    struct account a;
    struct factor f = {0};
    char text[TEXT_SIZE];
    int error = handler_account(h, in->user, &a, step);
    if (error == 0)
        error = handler_proved(h, &a, step);
    if (error == 0)
        error = read_wish(in, &otp, step);
    if (error == 0)
        error = choose_label(h, &a, in, f.label, step);
    if (error < 0)
        return error == -ENOENT || error == -EINVAL ? 0 : error;
    error = make(h, &a, &otp, &f, &m.row_enrolment);
    if (error < 0)
        return refuse(&a, error, step);
    if ((error = describe(&f, text)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_ADD, &a, "", NULL, "%s", text)) < 0 ||
        (error = step_reply(step, &m)) < 0)
        return error;
    return step_end(step, 1, 0);
}

/* ---- inside a login ---- */

/* As it is now: a person may take minutes, and others come and go meanwhile. */
static int has_confirmed(struct handler *h, const struct account *a, bool *ret)
{
    struct account now;
    int error = accounts_by_id(h->db, a->id, &now);
    if (error == 0)
        *ret = now.codes > 0;
    return error;
}

/* What a login that broke off has left. *ret: its number; 0: nothing. */
static int drop_left_over(struct handler *h, const struct account *a, const char *label, uint32_t *ret)
{
    struct factor f = {0};
    int error;
    while ((error = factors_next(h->db, a->id, f.number, &f)) == 0) {
        if (f.confirmed_at == 0 && strcmp(f.label, label) == 0) {
            *ret = f.number;
            return factors_remove(h->db, f.id);
        }
    }
    return error == -ENOENT ? 0 : error;
}

static int note_start(struct handler *h, const struct factor *f, uint32_t dropped)
{
    char text[TEXT_SIZE], more[TEXT_SIZE + 32];
    int error = describe(f, text);
    if (error == 0 && dropped != 0)
        error = text_format(more, sizeof more, "%s, in place of %u", text, dropped);
    return error < 0 ? error : login_audit(h, AUDIT_FACTOR_ADD, dropped != 0 ? more : text);
}

int enrol_start(struct handler *h, const struct account *a, const char *label, struct factor *ret_factor,
                struct msg_row_enrolment *ret)
{
    __attribute__((cleanup(otp_wipe))) struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    struct factor f = {0};
    uint32_t dropped = 0;
    bool confirmed = false;
    int error = has_confirmed(h, a, &confirmed);
    if (error < 0 || confirmed)
        return error < 0 ? error : -EEXIST;
    if ((error = text_copy(f.label, sizeof f.label, label)) < 0 ||
        (error = drop_left_over(h, a, label, &dropped)) < 0 || (error = make(h, a, &otp, &f, ret)) < 0 ||
        (error = note_start(h, &f, dropped)) < 0)
        return error;
    *ret_factor = f;
    return 0;
}

int enrol_confirm(struct handler *h, const struct account *a, uint32_t number, const struct secret *typed,
                  enum otp_result *ret)
{
    enum otp_result result = OTP_WRONG;
    struct factor f = {0};
    char text[TEXT_SIZE];
    bool confirmed = false;
    int error = has_confirmed(h, a, &confirmed);
    if (error == 0 && !confirmed)
        error = factors_get(h->db, a->id, number, &f);
    if (error == 0 && !confirmed)
        error = factor_check(h, &f, typed, &result);
    if (error < 0 && error != -ENOENT)
        return error;
    if (result == OTP_RIGHT &&
        ((error = factors_confirm(h->db, f.id, h->now.wall_s)) < 0 || (error = describe(&f, text)) < 0 ||
         (error = login_audit(h, AUDIT_FACTOR_CONFIRM, text)) < 0))
        return error;
    *ret = result;
    return 0;
}
