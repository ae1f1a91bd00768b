/* SPDX-License-Identifier: MIT
 *
 * The attempt of a conversation and the limits: reserved at the first answer, settled exactly once, as a failure that
 * the audit explains, or as none. Successes are settled by who grants them.
 */
#include "login.h"
#include "text.h"

int settle_reserve(struct handler *h)
{
    struct login *login = *h->login;
    enum limit_answer answer = LIMIT_REFUSE;

    login->attempt.preset = h->config->authcd.limits;
    login->attempt.account_id = login->account.id;
    login->attempt.subject = login->begin.user;
    login->attempt.source = &login->source;
    login->attempt.key = login->key;
    int error = attempt_reserve(h->db, &login->attempt, &h->now, &answer, &login->wait_ms);
    if (error < 0)
        return error;
    login->waiting = answer == LIMIT_WAIT;
    login->limited = answer != LIMIT_ADMIT && !login->waiting;
    if (login->limited)
        h->counters->refused[login->attempt.refused_by]++;
    return 0;
}

void settle_wake(const struct login *login, struct step *step)
{
    for (size_t i = 0; i < login->attempt.n_tags && step->n_settled < STEP_SETTLED_MAX; i++)
        step->settled[step->n_settled++] = login->attempt.tags[i];
}

/* The attempt is a failed one, if it was reserved at all; the audit says why, and which it is. */
int settle_failed(struct handler *h, struct step *step, enum audit_event event, const char *why)
{
    struct login *login = *h->login;
    char result[sizeof((struct audit *)0)->result];
    uint32_t failures = 0;
    bool reserved = login->attempt.reserved;
    int error = attempt_fail(h->db, &login->attempt, &h->now, &failures);

    if (error < 0)
        return error;
    if (reserved)
        settle_wake(login, step);
    if (failures)
        error = text_format(result, sizeof result, "%s, %u of %u", why, failures,
                            limit_rule(login->attempt.preset, BUCKET_PAIR, login->attempt.who)->free);
    else
        error = text_copy(result, sizeof result, why);
    return error < 0 ? error : login_audit(h, event, result);
}

int settle_deny_limited(struct handler *h, struct step *step)
{
    static const char *const whose[] = {
        [BUCKET_ACCOUNT] = "not looked at: too many failures of this account",
        [BUCKET_PAIR] = "not looked at: too many failures of this account from this source",
        [BUCKET_SOURCE] = "not looked at: too many failures from this source",
        [BUCKET_NET] = "not looked at: too many failures from this network",
        [BUCKET_OTP] = "code not looked at: too many wrong codes",
    };
    return settle_deny(h, step, AUDIT_LOGIN_LIMITED, whose[(*h->login)->attempt.refused_by]);
}

static enum counters_login ending(enum audit_event event)
{
    static const struct {
        enum audit_event event;
        enum counters_login ending;
    } table[] = {
        {AUDIT_LOGIN_FAILURE, COUNTERS_WRONG},   {AUDIT_LOGIN_REPLAY, COUNTERS_REPLAYED},
        {AUDIT_LOGIN_LIMITED, COUNTERS_LIMITED}, {AUDIT_LOGIN_UNKNOWN, COUNTERS_UNKNOWN},
        {AUDIT_LOGIN_REFUSED, COUNTERS_REFUSED}, {AUDIT_LOGIN_FAKE, COUNTERS_FAKE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].event == event)
            return table[i].ending;
    return COUNTERS_FAULT;
}

void settle_count(struct handler *h, enum counters_login ending)
{
    enum phase phase = (*h->login)->begin.phase;

    if ((phase == PHASE_AUTH && !login_is_test(*h->login)) || phase == PHASE_STEPUP)
        h->counters->logins[ending]++;
}

int settle_deny(struct handler *h, struct step *step, enum audit_event event, const char *why)
{
    int error = settle_failed(h, step, event, why);

    if (error < 0)
        return error;
    settle_count(h, ending(event));
    h->counters->passwords_refused += (*h->login)->begin.phase == PHASE_CHAUTHTOK;
    return converse_verdict(h, step, VERDICT_DENIED, "", "");
}

/* The hash could not be made for lack of memory: no failed attempt, no look. */
int settle_busy(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = attempt_refund(h->db, &login->attempt);

    if (error < 0)
        return error;
    settle_wake(login, step);
    settle_count(h, COUNTERS_BUSY);
    return converse_verdict(h, step, VERDICT_BUSY, "", "");
}
