/* SPDX-License-Identifier: MIT
 *
 * Enrolment of a code factor: factor_add. The secret leaves once, in the answer, as otpauth address, base32 and QR
 * code, and goes to no log. The factor counts only after factor_confirm saw a code of it.
 */
#include <errno.h>
#include <string.h>

#include "factors.h"
#include "handler.h"
#include "qr.h"
#include "text.h"

#define KIND "totp"
enum { PERIOD_S = 30 };

/* Everything of factor_add that can be judged before the database is asked: 0, -EINVAL with a refusal, or worse. */
static int read_wish(const struct msg_factor_add *in, struct otp *otp, struct step *step)
{
    otp->algorithm = in->algorithm[0] == '\0' ? OTP_SHA1 : otp_algorithm_from(in->algorithm);
    otp->digits = in->digits == 0 ? 6 : in->digits;
    otp->period_s = PERIOD_S;
    int error = 0;
    if (strcmp(in->kind, KIND) != 0)
        error = step_refuse(step, REFUSAL_INVALID, "no kind of factor \"%s\": this host has " KIND, in->kind);
    else if (otp->algorithm == 0)
        error = step_refuse(step, REFUSAL_INVALID, "no algorithm \"%s\": SHA1, SHA256 or SHA512", in->algorithm);
    else if (otp->digits != 6 && otp->digits != 8)
        error = step_refuse(step, REFUSAL_INVALID, "codes have 6 or 8 digits, not %u", otp->digits);
    else if (in->label[0] != '\0' && !text_is_word(in->label, FACTOR_LABEL_SIZE - 1))
        error = step_refuse(step, REFUSAL_INVALID,
                            "a label has letters, digits, '.', '_' and '-', and begins with none of the last two");
    else
        return 0;
    return error < 0 ? error : -EINVAL;
}

/* *ret_taken: the account has a factor of that label. */
static int label_taken(struct db *db, int64_t account_id, const char *label, bool *ret_taken)
{
    struct factor f = {0};
    int error;
    while ((error = factors_next(db, account_id, f.number, &f)) == 0)
        if (strcmp(f.label, label) == 0)
            break;
    if (error == 0 || error == -ENOENT)
        *ret_taken = error == 0;
    return error == -ENOENT ? 0 : error;
}

/* The label that was asked for, or "totp", "totp-2", ... the first that is free. */
static int choose_label(struct db *db, int64_t account_id, const char *wish, char label[FACTOR_LABEL_SIZE])
{
    bool taken = true;
    int error = text_copy(label, FACTOR_LABEL_SIZE, wish[0] == '\0' ? KIND : wish);
    if (error == 0 && wish[0] == '\0')
        error = label_taken(db, account_id, label, &taken);
    for (int i = 2; error == 0 && wish[0] == '\0' && taken; i++) {
        error = text_format(label, FACTOR_LABEL_SIZE, KIND "-%d", i);
        if (error == 0)
            error = label_taken(db, account_id, label, &taken);
    }
    return error;
}

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

static int store_factor(struct handler *h, const struct account *a, struct factor *f, const struct otp *otp,
                        struct step *step)
{
    bool taken = false;
    int error = label_taken(h->db, a->id, f->label, &taken);
    if (error == 0 && taken)
        error = step_refuse(step, REFUSAL_EXISTS, "\"%s\" has a factor \"%s\" already", a->name, f->label);
    if (error < 0 || taken)
        return error < 0 ? error : -EEXIST;
    error = factors_add(h->db, f, otp, h->now.wall_s);
    if (error == -EDQUOT) {
        error = step_refuse(step, REFUSAL_INVALID, "\"%s\" has %d factors, and no more are kept: remove one first",
                            a->name, FACTORS_PER_ACCOUNT_MAX);
        return error < 0 ? error : -EEXIST;
    }
    if (error < 0)
        return error;
    return handler_audit(h, AUDIT_FACTOR_ADD, a, "", NULL, KIND " %u \"%s\", %s, %u digits", f->number, f->label,
                         otp_algorithm_name(f->algorithm), f->digits);
}

static void otp_wipe(struct otp *otp)
{
    secret_wipe(&otp->secret);
}

int on_factor_add(struct handler *h, const struct msg_factor_add *in, struct step *step)
{
    MSG_AUTO struct msg m = {.number = MSG_row_enrolment};
    __attribute__((cleanup(otp_wipe))) struct otp otp = {0};
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error == 0)
        error = handler_proved(h, &a, step);
    if (error == 0)
        error = read_wish(in, &otp, step);
    if (error < 0)
        return error == -ENOENT || error == -EINVAL ? 0 : error;
    struct factor f = {
        .account_id = a.id, .kind = KIND, .algorithm = otp.algorithm, .digits = otp.digits, .period_s = PERIOD_S};
    otp_secret_make(&otp);
    error = fill_enrolment(h, &a, &otp, &m.row_enrolment);
    if (error == -EMSGSIZE)
        return step_refuse(step, REFUSAL_INVALID, "the names of host and account are too long for an otpauth address");
    if (error < 0 || (error = choose_label(h->db, a.id, in->label, f.label)) < 0)
        return error;
    error = store_factor(h, &a, &f, &otp, step);
    if (error < 0)
        return error == -EEXIST ? 0 : error;
    m.row_enrolment.id = f.number;
    error = text_copy(m.row_enrolment.label, sizeof m.row_enrolment.label, f.label);
    if (error < 0 || (error = step_reply(step, &m)) < 0)
        return error;
    return step_end(step, 1, 0);
}
