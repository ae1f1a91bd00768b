/* SPDX-License-Identifier: MIT
 *
 * The first code of an account, enrolled inside a login whose password was right: shows the secret, asks for a code of
 * it, and hands out recovery codes, all in prompts, because a prompt is what every program shows. The factor counts
 * from the code on; whoever breaks off before has nothing, and who breaks off after it has a factor and no login.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enrol.h"
#include "login.h"
#include "recover.h"
#include "text.h"

enum { TRIES = 3 };

static const char frozen[] = "no code enrolled, and none can be: the disk is full or read-only";

/* The secret as people type it: in groups of four. */
static void group(const char *secret, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; secret[i] != '\0' && len + 2 < cap; i++) {
        if (i > 0 && i % 4 == 0)
            out[len++] = ' ';
        out[len++] = secret[i];
    }
    out[len] = '\0';
}

static int ask_code(struct handler *h, struct step *step, const struct msg_row_enrolment *row)
{
    char secret[2 * sizeof row->secret], text[sizeof((struct msg_prompt *)0)->text];

    group(row->secret, secret, sizeof secret);
    int error = text_format(text, sizeof text,
                            "\nThis login needs a second factor, and you have none yet.\n"
                            "Scan this with an authenticator app, or type its secret there:\n\n%s\n  %s\n  %s\n\n"
                            "Code that the app shows: ",
                            row->qr, secret, row->uri);
    if (error == -EMSGSIZE) /* the picture is too large: the secret will do */
        error = text_format(text, sizeof text,
                            "\nThis login needs a second factor, and you have none yet.\n"
                            "Type this secret into an authenticator app:\n\n  %s\n  %s\n\nCode that the app shows: ",
                            secret, row->uri);
    if (error == 0)
        error = converse_prompt_text(h, step, PROMPT_CODE, text);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(text, sizeof text);
    return error;
}

static const char *why_not(int error)
{
    switch (error) {
    case -EEXIST:
        return "account changed during the login";
    case -EDQUOT:
        return "no code enrolled, and as many factors as are kept wait to be confirmed";
    case -EMSGSIZE:
        return "no code enrolled, and the names are too long for an otpauth address";
    default:
        return NULL;
    }
}

static void row_free(struct msg_row_enrolment **row)
{
    if (*row)
        explicit_bzero(*row, sizeof **row);
    free(*row);
}

int firstcode_start(struct handler *h, struct step *step, bool *ret_started)
{
    struct login *login = *h->login;
    struct factor f = {0};

    if (h->frozen) {
        login_bar(login, AUDIT_LOGIN_REFUSED, frozen);
        return 0;
    }
    __attribute__((cleanup(row_free))) struct msg_row_enrolment *row = calloc(1, sizeof *row);
    if (!row)
        return -ENOMEM;
    int error = enrol_start(h, &login->account, ENROL_LABEL, &f, row);

    *ret_started = error == 0;
    if (error < 0 && why_not(error)) {
        login_bar(login, AUDIT_LOGIN_REFUSED, why_not(error));
        return 0;
    }
    if (error < 0)
        return error;
    login->first_code = FIRST_CODE_ASKED;
    login->first_number = f.number;
    return ask_code(h, step, row);
}

static int hand_out(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    char codes[RECOVERY_CODES][RECOVERY_TEXT_SIZE], list[512] = "", text[sizeof((struct msg_prompt *)0)->text];
    size_t len = 0;
    int error = recover_make(h, &login->account, codes);

    for (size_t i = 0; error == 0 && i < RECOVERY_CODES; i++, len = strlen(list))
        error = text_format(list + len, sizeof list - len, "  %s%s", codes[i], i % 2 ? "\n" : "");
    if (error == 0)
        error = login_audit(h, AUDIT_FACTOR_RECOVERY, "made at the first login");
    if (error == 0)
        error = text_format(text, sizeof text,
                            "\nThat is right: from now on this login asks for a code.\n"
                            "If you lose the app, each of these opens your account once, in place of a code.\n"
                            "Write them down, they are not shown again:\n\n%s\nPress Enter when you have them. ",
                            list);
    if (error == 0)
        error = converse_prompt_text(h, step, PROMPT_ACKNOWLEDGE, text);
    explicit_bzero(codes, sizeof codes);
    explicit_bzero(list, sizeof list);
    explicit_bzero(text, sizeof text);
    return error;
}

static int not_right(struct handler *h, struct step *step)
{
    if (++(*h->login)->first_tries >= TRIES)
        return settle_deny(h, step, AUDIT_LOGIN_FAILURE, "first code not confirmed");
    return converse_prompt_text(h, step, PROMPT_CODE, "That is not what the app should show now. Code: ");
}

int firstcode_answer(struct handler *h, const struct secret *typed, struct step *step, bool *ret_done)
{
    struct login *login = *h->login;
    enum otp_result result = OTP_WRONG;

    *ret_done = login->first_code == FIRST_CODE_CODES;
    if (*ret_done) {
        login->first_code = FIRST_CODE_DONE;
        return 0;
    }
    if (h->frozen)
        return settle_deny(h, step, AUDIT_LOGIN_REFUSED, frozen);
    int error = enrol_confirm(h, &login->account, login->first_number, typed, &result);
    if (error < 0)
        return error;
    if (result == OTP_CLOCK)
        return settle_deny(h, step, AUDIT_FACTOR_CLOCK, "the clock is not usable for codes");
    if (result != OTP_RIGHT)
        return not_right(h, step);
    login->first_code = FIRST_CODE_CODES;
    login->plan.can_succeed = true;
    login->account.codes = 1;
    return hand_out(h, step);
}
