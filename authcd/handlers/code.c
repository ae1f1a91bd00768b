/* SPDX-License-Identifier: MIT
 *
 * The code of a login, once its password was right: a one-time code, which has a limit of its own that no password
 * clears, or a recovery code, which is too long to be guessed and works where that limit stops all others.
 */
#include "factor_check.h"
#include "login.h"
#include "recovery.h"
#include "text.h"

/* A code that cannot be judged is nobody's guess. */
static bool is_guess(enum otp_result result)
{
    return result == OTP_WRONG || result == OTP_REPLAYED;
}

static int look_at_recovery(struct handler *h)
{
    struct login *login = *h->login;
    int error = factor_check_recovery(h, login->account.id, &login->code, &login->code_result, &login->recovery_left);

    login->recovered = error == 0 && login->code_result == OTP_RIGHT;
    login->attempt.recovered = login->recovered;
    return error;
}

static int look_at_code(struct handler *h)
{
    struct login *login = *h->login;
    struct factor f;
    int error = factor_check_any(h, login->account.id, &login->code, &login->code_result, &f);

    if (error < 0)
        return error;
    login->code_factor = f.number;
    return is_guess(login->code_result) ? attempt_code_failed(h->db, &login->attempt, &h->now) : 0;
}

int code_look(struct handler *h, bool *ret_right)
{
    struct login *login = *h->login;
    bool recovery = recovery_is(&login->code);
    int error = 0;

    login->code_result = OTP_WRONG;
    login->code_looked = recovery;
    if (!recovery && (error = attempt_code_look(h->db, &login->attempt, &h->now, &login->code_looked)) < 0)
        return error;
    if (recovery)
        error = look_at_recovery(h);
    else if (login->code_looked)
        error = look_at_code(h);
    *ret_right = error == 0 && login->code_result == OTP_RIGHT;
    return error;
}

static int deny_recovery(struct handler *h, struct step *step)
{
    if ((*h->login)->code_result == OTP_REPLAYED)
        return settle_deny(h, step, AUDIT_LOGIN_REPLAY, "recovery code already used");
    return settle_deny(h, step, AUDIT_LOGIN_FAILURE, "wrong recovery code");
}

/* Administrators have to know which factor it is: factor resync, or remove, takes its number. */
static int deny_factor(struct handler *h, struct step *step, enum audit_event event, const char *why)
{
    char text[96];
    int error = text_format(text, sizeof text, "%s of factor %u", why, (*h->login)->code_factor);

    return error < 0 ? error : settle_deny(h, step, event, text);
}

int code_deny(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    if (recovery_is(&login->code))
        return deny_recovery(h, step);
    if (!login->code_looked) {
        login->attempt.refused_by = BUCKET_OTP;
        h->counters->refused[BUCKET_OTP]++;
        return settle_deny_limited(h, step);
    }
    switch (login->code_result) {
    case OTP_REPLAYED:
        return settle_deny(h, step, AUDIT_LOGIN_REPLAY, "code already used");
    case OTP_CLOCK:
        return deny_factor(h, step, AUDIT_FACTOR_CLOCK, "the clock is not usable for codes");
    case OTP_UNUSABLE:
        return deny_factor(h, step, AUDIT_HASH_BAD, "not usable: the sealed secret");
    case OTP_WRONG:
    case OTP_RIGHT:
        break;
    }
    return settle_deny(h, step, AUDIT_LOGIN_FAILURE, "wrong code");
}

int code_note(struct handler *h)
{
    struct login *login = *h->login;
    char left[32];
    int error = login->recovered ? text_format(left, sizeof left, "%u left", login->recovery_left) : 0;

    if (error < 0 || !login->recovered)
        return error;
    return login_audit(h, AUDIT_LOGIN_RECOVERY, left);
}
