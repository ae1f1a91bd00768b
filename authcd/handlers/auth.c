/* SPDX-License-Identifier: MIT
 *
 * Phases auth and stepup: asks what the service asks, in any case; reserves the attempt at the first answer; sends the
 * next prompt while the password is hashed; and decides once everything is in. A code is looked at only if the password
 * was right. What was wrong shows in the audit, never in the verdict.
 */
#include <errno.h>
#include <string.h>

#include "factor_check.h"
#include "login.h"
#include "text.h"

static bool asks(const struct login *login, enum prompt_kind kind)
{
    for (size_t i = 0; i < login->plan.n; i++)
        if (login->plan.kinds[i] == kind)
            return true;
    return false;
}

static bool asks_password(const struct login *login)
{
    return asks(login, PROMPT_PASSWORD) || asks(login, PROMPT_COMBINED);
}

static bool asks_code(const struct login *login)
{
    return login->first_code == FIRST_CODE_DONE || asks(login, PROMPT_CODE) ||
           (asks(login, PROMPT_COMBINED) && !login->plan.code_skipped);
}

/* The bar that policy knows. Enrolling is none yet. */
static void bar_by_policy(struct login *login)
{
    static const char *const why[POLICY_BAR_NONE + 1] = {
        [POLICY_BAR_UNKNOWN] = "no such account",
        [POLICY_BAR_INACTIVE] = "no password set yet",
        [POLICY_BAR_ROLE] = "role not allowed in this service",
        [POLICY_BAR_FACTORS] = "nothing that could be proved is asked here",
        [POLICY_BAR_NO_PASSWORD] = "no password",
        [POLICY_BAR_EXPIRED] = LOGIN_PASSWORD_EXPIRED,
        [POLICY_BAR_NO_CODE] = "no code enrolled",
        [POLICY_BAR_ENROL] = "no code enrolled",
        [POLICY_BAR_SESSIONS] = "as many sessions as may be",
        [POLICY_BAR_NONE] = "not allowed",
    };
    const struct policy_plan *plan = &login->plan;

    if (login->account.id == 0 || plan->can_succeed || plan->enrols)
        return;
    login_bar(login, AUDIT_LOGIN_REFUSED,
              login->account.state == ACCOUNT_DISABLED ? "account disabled" : why[plan->bar]);
}

/* What was proved, for the audit. */
static int audit_proved(struct handler *h, enum audit_event event)
{
    const struct login *login = *h->login;
    char text[64] = "";

    if (login->key_verified)
        text_append(text, sizeof text, " + ", "key");
    if (asks_password(login))
        text_append(text, sizeof text, " + ", "password");
    if (asks_code(login))
        text_append(text, sizeof text, " + ", login->recovered ? "recovery code" : "code");
    return login_audit(h, event, text[0] ? text : "grace");
}

static int make_handle(struct handler *h, char handle[HANDLE_SIZE])
{
    struct login *login = *h->login;
    bool password = asks_password(login), code = asks_code(login), key = login->key_verified;
    struct session s = {0};
    char amr[sizeof s.amr];

    handle[0] = '\0';
    if (login->begin.phase != PHASE_AUTH || h->peer->uid != 0 || !login->service.sessions || login_is_test(login))
        return 0;
    int error = text_format(amr, sizeof amr, "%s%s%s%s", password ? "pwd" : "", password && code ? " " : "",
                            code ? "otp" : "", key ? " swk" : "");
    if (error < 0 || (error = login_session(h, amr, password + code + key >= 2 ? "aal2" : "aal1", &s)) < 0)
        return error;
    return sessions_handle_make(h->db, &s, h->now.wall_s, handle);
}

/* Did this conversation prove all that the account has, or only what this service asks? */
static enum attempt_proof proof(const struct login *login)
{
    bool code = asks_code(login) || login->account.codes == 0;
    bool password = asks_password(login) || !login->account.has_password;

    return code && password ? ATTEMPT_ALL : code ? ATTEMPT_STRONG : ATTEMPT_PART;
}

static int note_success(struct handler *h)
{
    struct login *login = *h->login;
    bool test = login_is_test(login);
    int error =
        test ? attempt_refund(h->db, &login->attempt) : attempt_succeed(h->db, &login->attempt, proof(login), &h->now);

    if (error < 0 || (error = code_note(h)) < 0)
        return error;
    if (login->rehash[0]) {
        error = accounts_set_password(h->db, login->account.id, login->rehash, false, h->now.wall_s);
        if (error < 0 || (error = login_audit(h, AUDIT_PASSWORD_REHASH, "")) < 0)
            return error;
    }
    if (login->begin.phase == PHASE_STEPUP)
        return audit_proved(h, AUDIT_STEPUP);
    if (!test && ((asks_code(login) && (error = login_note_grace(h)) < 0) ||
                  (error = accounts_note_login(h->db, login->account.id, h->now.wall_s)) < 0))
        return error;
    return audit_proved(h, AUDIT_LOGIN_SUCCESS);
}

static int grant(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    char handle[HANDLE_SIZE] = "";
    int error = note_success(h);

    if (error < 0 || (error = make_handle(h, handle)) < 0)
        return error;
    settle_wake(login, step);
    step->proved_at = h->now.wall_s;
    step->proved = login->begin.phase == PHASE_STEPUP;
    settle_count(h, COUNTERS_GRANTED);
    error = converse_verdict(h, step, VERDICT_GRANTED, handle, "");
    explicit_bzero(handle, sizeof handle);
    return error;
}

static int decide(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    bool right = false;
    int error;

    if (login->limited)
        return settle_deny_limited(h, step);
    if (!login->bar && asks_password(login) && !login->password_right)
        return settle_deny(h, step, AUDIT_LOGIN_FAILURE, "wrong password");
    if (!login->bar && (error = hashing_look_again(h, asks_password(login))) < 0)
        return error;
    if (login->bar)
        return settle_deny(h, step, login->bar_event, login->bar);
    if (asks_code(login) && login->first_code != FIRST_CODE_DONE && ((error = code_look(h, &right)) < 0 || !right))
        return error < 0 ? error : code_deny(h, step);
    if (!login->attempt.reserved || !login->plan.can_succeed) /* cannot be: a last lock on the door */
        return settle_deny(h, step, AUDIT_LOGIN_REFUSED, "not reserved");
    return grant(h, step);
}

/* ---- what comes next ---- */

/* Where a service enrols, what is asked after the password depends on whether that was right: nobody may be asked it
 * sooner than those of whom it must be known, or the moment would tell who has no code yet. */
static bool holds_prompts(const struct login *login)
{
    return login->service.unenrolled == CONFIG_UNENROLLED_ENROL && !login->service.combined;
}

bool auth_has_told(const struct login *login)
{
    bool second = login->state == LOGIN_ASKING && login->answered > 0;

    return second && holds_prompts(login) && !login->password_right;
}

/* Nothing may come of a test; and the password was right: it is nobody's guess. */
static int stop_before_enrolling(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = attempt_refund(h->db, &login->attempt);

    if (error < 0 ||
        (error = login_audit(h, AUDIT_LOGIN_REFUSED, "right password, but a code is to be enrolled first")) < 0)
        return error;
    settle_wake(login, step);
    return converse_verdict(h, step, VERDICT_DENIED, "", "");
}

/* Whoever could enrol does, if the password was right; whoever could and does not know it is asked for a code like all
 * others, and denied. */
static int enrol(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    bool started = false;
    int error = 0;

    login->plan.enrols = false;
    if (!login->bar && !login->limited && login->attempt.reserved && login->password_right) {
        if ((error = hashing_look_again(h, true)) == 0 && !login->bar && login_is_test(login))
            return stop_before_enrolling(h, step);
        if (error == 0 && !login->bar)
            error = firstcode_start(h, step, &started);
        if (error < 0 || started)
            return error;
    }
    login->plan.kinds[login->plan.n++] = PROMPT_CODE;
    return converse_prompt(h, step, PROMPT_CODE);
}

static int go_on(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    bool all_in = login->answered == login->plan.n, pending = login->waiting || login->hash_out;

    if (login->state == LOGIN_ASKING || (pending && (all_in || holds_prompts(login))))
        return 0;
    if (!all_in)
        return converse_prompt(h, step, login->plan.kinds[login->answered]);
    return login->plan.enrols ? enrol(h, step) : decide(h, step);
}

/* Is the password among what was typed so far? A service may ask for the code first. */
static bool has_password(const struct login *login)
{
    for (size_t i = 0; i < login->answered; i++)
        if (login->plan.kinds[i] != PROMPT_CODE)
            return true;
    return false;
}

/* Looks at the password, if the limits let it: on a hashing thread, while the person types the code. What they do not
 * let be looked at waits its turn like any other, or a long line would tell it from what is looked at. */
static int look(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    bool may = login->attempt.reserved && password_length_ok(&login->password);

    if (login->waiting || !has_password(login))
        return 0;
    if (!may)
        secret_wipe(&login->password);
    int error = hashing_start(h, step, may ? PASSWORD_VERIFY : holds_prompts(login) ? PASSWORD_PRETEND : PASSWORD_TURN);
    if (error == 0)
        step->job->watched = holds_prompts(login);
    return error;
}

/* sshd hides a user it will not let in behind this, whatever was typed; it is nobody's guess. */
static bool is_fake(const struct login *login, const struct secret *typed)
{
    static const char fake[] = "\b\n\r\177INCORRECT";

    if (strcmp(login->begin.service, "sshd") != 0 || typed->len == 0)
        return false;
    for (size_t i = 0; i < typed->len; i++)
        if (typed->bytes[i] != (unsigned char)fake[i % (sizeof fake - 1)])
            return false;
    return true;
}

static int take_answer(struct handler *h, const struct secret *typed)
{
    struct login *login = *h->login;
    unsigned digits = 0;
    int error = 0;

    if (login->asking == PROMPT_CODE)
        login->code = *typed;
    else if (login->asking == PROMPT_PASSWORD)
        login->password = *typed;
    else if ((error = factor_check_digits(h, login->account.id, &digits)) == 0 &&
             policy_split_combined(typed, login->account.codes > 0 || login->account.id == 0, digits, &login->password,
                                   &login->code) < 0)
        secret_wipe(&login->password); /* too short to hold both: as wrong as any */
    return error;
}

/* The first answer is the attempt, unless it is nobody's guess. */
static int begin_attempt(struct handler *h, const struct secret *typed)
{
    struct login *login = *h->login;

    if (typed->len == 0) { /* right nowhere; and what sshd's fake answer to nothing is */
        login_bar(login, AUDIT_LOGIN_FAILURE, "nothing typed");
        return 0;
    }
    return login->bar_event == AUDIT_LOGIN_FAKE ? 0 : settle_reserve(h);
}

static int answer_first_code(struct handler *h, const struct secret *typed, struct step *step)
{
    bool done = false;
    int error = firstcode_answer(h, typed, step, &done);

    return error < 0 || !done ? error : decide(h, step);
}

int auth_answer(struct handler *h, const struct secret *typed, struct step *step)
{
    struct login *login = *h->login;
    int error = 0;

    login->answered_ms = h->now.boot_ms;
    login->state = LOGIN_HASHING;
    if (login->first_code != FIRST_CODE_NONE)
        return answer_first_code(h, typed, step);
    if (is_fake(login, typed)) { /* says more than any other bar, also of a name that is unknown */
        login->bar = "fake answer: sshd had refused the user";
        login->bar_event = AUDIT_LOGIN_FAKE;
    } else if ((error = take_answer(h, typed)) < 0)
        return error;
    if (login->answered++ == 0 && (error = begin_attempt(h, typed)) < 0)
        return error;
    if (login->asking != PROMPT_CODE && (error = look(h, step)) < 0)
        return error;
    return go_on(h, step);
}

int auth_retry(struct handler *h, struct step *step)
{
    int error = settle_reserve(h);

    if (error < 0 || (error = look(h, step)) < 0)
        return error;
    return go_on(h, step);
}

int auth_hashed(struct handler *h, const struct password_job *job, struct step *step)
{
    hashing_note(*h->login, job);
    return go_on(h, step);
}

/* Nothing is left to ask: the limits are, or a time of grace would be a way around them. Where they do not let this one
 * through at once, all is asked as ever. */
static int grant_by_grace(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = settle_reserve(h);

    if (error < 0 || (login->attempt.reserved && !login->bar))
        return error < 0 ? error : grant(h, step);
    login->limited = login->waiting = false;
    if ((error = attempt_refund(h->db, &login->attempt)) < 0 || (error = login_explain(h, false, &login->plan)) < 0)
        return error;
    return converse_prompt(h, step, login->plan.kinds[0]);
}

int auth_begin(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    if (login->account.id == 0 && login->bar_event == AUDIT_LOGIN_UNKNOWN &&
        login->service.unknown == CONFIG_UNKNOWN_IGNORE && h->peer->uid == 0) {
        settle_count(h, COUNTERS_IGNORED);
        return converse_verdict(h, step, VERDICT_UNKNOWN, "", "");
    }
    int error = login_explain(h, true, &login->plan);
    if (error < 0)
        return error;
    bar_by_policy(login);
    return login->plan.n == 0 ? grant_by_grace(h, step) : converse_prompt(h, step, login->plan.kinds[0]);
}
