/* SPDX-License-Identifier: MIT
 *
 * The conversation of a login, from BEGIN to VERDICT: takes its messages in the one order that is allowed, finds out
 * who it is about, and hands them to the phase. One conversation a connection (a stepup may be followed by another);
 * its state dies with the connection.
 */
#include "login.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "graces.h"
#include "policy.h"
#include "text.h"

void login_free(struct login *login)
{
    if (!login)
        return;
    explicit_bzero(login, sizeof *login);
    free(login);
}

int64_t login_waits_for(const struct login *login)
{
    return login && login->waiting ? login->attempt.waits_for : 0;
}

bool login_is_open(const struct login *login)
{
    return login && login->state != LOGIN_DONE;
}

bool login_has_answered(const struct login *login)
{
    return login && login->has_answered;
}

/* All but what the peer said at BEGIN, which stays. */
enum { MARK_FROM = offsetof(struct login, key_verified), MARK_SIZE = offsetof(struct login, texts) - MARK_FROM };

struct login_mark {
    const struct login *of;
    unsigned char bytes[MARK_SIZE];
};

int login_mark(struct login_mark **mark, const struct login *login)
{
    if (!*mark && !(*mark = calloc(1, sizeof **mark)))
        return -ENOMEM;
    (*mark)->of = login;
    if (login)
        memcpy((*mark)->bytes, (const unsigned char *)login + MARK_FROM, MARK_SIZE);
    return 0;
}

/* A conversation that the call began is gone with it. */
void login_undo(const struct login_mark *mark, struct login **login)
{
    if (*login && *login == mark->of) {
        memcpy((unsigned char *)*login + MARK_FROM, mark->bytes, MARK_SIZE);
        return;
    }
    login_free(*login);
    *login = NULL;
}

void login_mark_wipe(struct login_mark *mark)
{
    explicit_bzero(mark, sizeof *mark);
}

void login_mark_free(struct login_mark *mark)
{
    if (mark)
        login_mark_wipe(mark);
    free(mark);
}

static int refuse_order(struct step *step, const char *what)
{
    step->close = true;
    return step_refuse(step, REFUSAL_PROTOCOL, "out of order: %s", what);
}

void login_bar(struct login *login, enum audit_event event, const char *why)
{
    if (login->bar)
        return;
    login->bar = why;
    login->bar_event = event;
}

bool login_is_test(const struct login *login)
{
    return login->begin.flags & BEGIN_TEST;
}

/* The process that asks (sshd, sudo) is nobody's deed; whoever gives another's account a new password is, or tries it.
 */
static int note_actor(const struct login *login, enum audit_event event, struct audit *row)
{
    bool deed = event == AUDIT_PASSWORD_SET || event == AUDIT_PASSWORD_RESET || event == AUDIT_PASSWORD_REJECT ||
                login_is_test(login);

    if (!deed || (login->account.id && login->begin.caller_uid == login->account.uid))
        return 0;
    return text_format(row->actor, sizeof row->actor, "uid:%u", login->begin.caller_uid);
}

/* What a test came to is one event, whatever it was. What is wrong with the state has its own, and what was used up or
 * stored anew is so for good. */
static bool is_outcome(enum audit_event event)
{
    return event == AUDIT_ACCT_REFUSED || (event >= AUDIT_LOGIN_SUCCESS && event <= AUDIT_LOGIN_FAKE);
}

static int note_test(struct login *login, enum audit_event event, const char *result, struct audit *row)
{
    int error = text_copy(login->told, sizeof login->told, result);

    if (error < 0 || !is_outcome(event))
        return error;
    row->event = AUDIT_LOGIN_TEST;
    return text_format(row->result, sizeof row->result, "%s: %s", event == AUDIT_LOGIN_SUCCESS ? "granted" : "denied",
                       result);
}

int login_audit(struct handler *h, enum audit_event event, const char *result)
{
    struct login *login = *h->login;
    struct audit row = {.at = h->now.wall_s, .event = event};
    int error = note_actor(login, event, &row);

    if (error < 0 || (error = text_copy(row.service, sizeof row.service, login->begin.service)) < 0 ||
        (error = text_copy(row.source, sizeof row.source, login->source.text)) < 0 ||
        (error = text_copy(row.result, sizeof row.result, result)) < 0 ||
        (login_is_test(login) && (error = note_test(login, event, result, &row)) < 0))
        return error;
    memcpy(row.account, login->account.uuid, sizeof row.account);
    if (!login->account.id)
        audit_unknown_name(h->db, &row, login->begin.user);
    return audit_append(h->db, &row);
}

/* Where a time of grace may count. Sudo's own record must stand as well, or `sudo -k` would not end it. False: nowhere.
 */
static bool grace_place(const struct handler *h, struct grace *ret)
{
    const struct login *login = *h->login;
    const struct login_begin *b = &login->begin;

    *ret = (struct grace){login->account.id, b->audit_session, b->service, login->source.text, b->tty};
    return h->peer->uid == 0 && login->account.id && b->phase == PHASE_AUTH &&
           b->audit_session != PROTOCOL_NO_SESSION && b->tty[0] != '\0';
}

static bool needs_ticket(const char *service)
{
    return strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0;
}

static int find_proof(const struct handler *h, bool *ret, int64_t *ret_age_s)
{
    const struct login_begin *b = &(*h->login)->begin;
    struct grace g;

    *ret = false;
    if (!grace_place(h, &g) || (needs_ticket(b->service) && !(b->flags & BEGIN_TICKET)))
        return 0;
    int error = graces_age(h->db, &g, &h->now, ret_age_s);
    *ret = error == 0;
    return error == -ENOENT ? 0 : error;
}

int login_note_grace(struct handler *h)
{
    struct grace g;

    return grace_place(h, &g) ? graces_note(h->db, &g, &h->now) : 0;
}

int login_explain(const struct handler *h, bool grace, struct policy_plan *ret)
{
    const struct login *login = *h->login;
    struct config_role role;
    bool proof = false;
    int64_t age_s = -1;
    uint32_t sessions = 0;
    int error = grace ? find_proof(h, &proof, &age_s) : 0;

    if (error < 0 || (error = sessions_count_of(h->db, login->account.id, login->begin.service, &sessions)) < 0)
        return error;
    config_role(h->config, &login->service, login->account.role, &role);
    policy_explain(&(struct policy_case){.service = &login->service,
                                         .role = &role,
                                         .any_role = login->begin.phase == PHASE_STEPUP,
                                         .account = handler_facts(h, &login->account),
                                         .key_verified = login->key_verified,
                                         .has_proof = proof,
                                         .proof_age_s = age_s,
                                         .sessions = sessions},
                   ret);
    return 0;
}

int login_session(struct handler *h, const char *amr, const char *acr, struct session *ret)
{
    const struct login *login = *h->login;

    *ret = (struct session){.account_id = login->account.id, .uid = login->account.uid, .auth_time = h->now.wall_s};
    int error = text_copy(ret->service, sizeof ret->service, login->begin.service);
    if (error < 0 || (error = text_copy(ret->source, sizeof ret->source, login->source.text)) < 0 ||
        (error = text_copy(ret->rhost, sizeof ret->rhost, login->begin.rhost)) < 0 ||
        (error = text_copy(ret->amr, sizeof ret->amr, amr)) < 0)
        return error;
    return text_copy(ret->acr, sizeof ret->acr, acr);
}

/* Who the name is, as far as this peer may know: another's account looks to a peer that is not root like no account. */
static int find_account(struct handler *h)
{
    struct login *login = *h->login;
    bool root = h->peer->uid == 0;
    bool mine;
    int error = accounts_by_name(h->db, login->begin.user, &login->account);

    if (error == -ENOENT) {
        login->account = (struct account){0};
        login_bar(login, AUDIT_LOGIN_UNKNOWN, "no such account");
        return 0;
    }
    if (error < 0)
        return error;
    mine = h->peer->uid == login->account.uid && handler_uid_is_somebody(h->peer->uid);
    if (!root && !mine) {
        login->account = (struct account){0};
        login_bar(login, AUDIT_LOGIN_REFUSED, "asked by another uid");
    } else if (root && login->begin.target_uid != PROTOCOL_NO_UID && login->begin.target_uid != login->account.uid)
        login_bar(login, AUDIT_USER_MISMATCH, "the host gives this name another uid");
    return 0;
}

/* sshd's word for the public key that it verified; nobody else's. */
static bool key_verified(const struct handler *h, const struct msg_begin *in, char ret_key[SOURCE_KEY_SIZE])
{
    return h->peer->uid == 0 && strcmp(in->service, "sshd") == 0 && source_key(in->auth_info, ret_key) == 0;
}

/* Proving oneself again to authctl takes everything that one has, whatever services ask. */
static void stepup_service(struct config_service *ret)
{
    *ret = (struct config_service){
        .name = "stepup",
        .factors = {.n = 2, .kinds = {CONFIG_FACTOR_PASSWORD, CONFIG_FACTOR_OTP}},
        .unenrolled = CONFIG_UNENROLLED_SKIP,
        .unknown = CONFIG_UNKNOWN_DENY,
    };
}

static const char *keep(char **at, const char *text)
{
    char *kept = *at;
    size_t size = strlen(text) + 1;

    memcpy(kept, text, size);
    *at += size;
    return kept;
}

static struct login *login_new(const struct msg_begin *in)
{
    size_t texts = strlen(in->service) + strlen(in->user) + strlen(in->tty) + strlen(in->rhost) + 4;
    struct login *login = calloc(1, sizeof *login + texts);

    if (!login)
        return NULL;
    struct login_begin *b = &login->begin;
    char *at = login->texts;
    *b = (struct login_begin){.phase = in->phase,
                              .target_uid = in->target_uid,
                              .caller_uid = in->caller_uid,
                              .flags = in->flags,
                              .audit_session = in->audit_session,
                              .service = keep(&at, in->service),
                              .user = keep(&at, in->user),
                              .tty = keep(&at, in->tty),
                              .rhost = keep(&at, in->rhost)};
    memcpy(b->nonce, in->nonce, sizeof b->nonce);
    memcpy(b->handle, in->handle, sizeof b->handle);
    return login;
}

static int login_start(struct handler *h, const struct msg_begin *in)
{
    struct login *login = login_new(in);
    if (!login)
        return -ENOMEM;
    *h->login = login;
    login->key_verified = key_verified(h, in, login->key);
    if (in->phase == PHASE_STEPUP)
        stepup_service(&login->service);
    else
        config_service(h->config, h->peer->uid == 0 ? in->service : "self", &login->service);
    source_of_begin(&login->source, in, h->peer->uid, &h->config->authcd);
    return find_account(h);
}

/* Nothing comes of a test, so only phases in which nothing need come of it have one; and only who could do all of it by
 * themselves is told why it failed. */
static bool is_wrong_test(const struct handler *h, const struct msg_begin *in)
{
    return (in->flags & BEGIN_TEST) && (h->peer->uid != 0 || (in->phase != PHASE_AUTH && in->phase != PHASE_ACCT));
}

/* A password that authcd makes and hands out is asked for by root itself, in so many words. */
static bool is_wrong_one_time(const struct handler *h, const struct msg_begin *in)
{
    bool other = in->flags & (BEGIN_PRELIM | BEGIN_ONLY_EXPIRED);

    return (in->flags & BEGIN_ONE_TIME) &&
           (h->peer->uid != 0 || in->caller_uid != 0 || in->phase != PHASE_CHAUTHTOK || other);
}

int on_begin(struct handler *h, const struct msg_begin *in, struct step *step)
{
    static int (*const phases[])(struct handler *, struct step *) = {
        [PHASE_AUTH] = auth_begin,   [PHASE_ACCT] = account_acct,   [PHASE_CHAUTHTOK] = chauthtok_begin,
        [PHASE_OPEN] = account_open, [PHASE_CLOSE] = account_close, [PHASE_STEPUP] = auth_begin,
    };

    if (*h->login && ((*h->login)->state != LOGIN_DONE || (*h->login)->begin.phase != PHASE_STEPUP))
        return refuse_order(step, "a login has begun on this connection");
    if (in->phase >= sizeof phases / sizeof *phases || !phases[in->phase] || !text_is_account_name(in->user) ||
        !text_is_word(in->service, sizeof in->service - 1)) {
        step->close = true;
        return step_refuse(step, REFUSAL_PROTOCOL, "BEGIN names no usable phase, user or service");
    }
    if (is_wrong_test(h, in)) {
        step->close = true;
        return step_refuse(step, REFUSAL_NOT_ALLOWED, "not allowed: root alone may try a login, phases auth and acct");
    }
    if (is_wrong_one_time(h, in)) {
        step->close = true;
        return step_refuse(step, REFUSAL_NOT_ALLOWED, "not allowed: root alone may have a password made");
    }
    login_free(*h->login);
    *h->login = NULL;
    int error = login_start(h, in);
    return error < 0 ? error : phases[in->phase](h, step);
}

int on_answer(struct handler *h, const struct msg_answer *in, struct step *step)
{
    struct login *login = *h->login;

    if (!login || login->state != LOGIN_ASKING)
        return refuse_order(step, "an answer that nobody asked for");
    login->has_answered = true;
    if (login->begin.phase == PHASE_CHAUTHTOK)
        return chauthtok_answer(h, &in->secret, step);
    return auth_answer(h, &in->secret, step);
}

int on_hashed(struct handler *h, const struct password_job *job, struct step *step)
{
    struct login *login = *h->login;

    if (!login || !login->hash_out)
        return 0;
    login->hash_out = false;
    if (login->state == LOGIN_DONE)
        return 0;
    if (job->result == -ENOMEM)
        return settle_busy(h, step);
    step->person = login->state == LOGIN_ASKING;
    if (job->result == -EINVAL)
        login_bar(login, AUDIT_HASH_BAD, "the stored password hash is not usable");
    if (login->begin.phase == PHASE_CHAUTHTOK)
        return chauthtok_hashed(h, job, step);
    return auth_hashed(h, job, step);
}

int on_retry(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    if (!login_waits_for(login))
        return 0;
    step->person = login->state == LOGIN_ASKING;
    if (login->begin.phase == PHASE_CHAUTHTOK)
        return chauthtok_retry(h, step);
    return auth_retry(h, step);
}

/* Whoever leaves after an answer has had a look, or may have: the charge stays, and the audit says so. */
int on_gone(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    if (!login_is_open(login))
        return 0;
    login->state = LOGIN_DONE;
    login->waiting = false;
    settle_count(h, COUNTERS_ABANDONED);
    return login->attempt.reserved ? settle_failed(h, step, AUDIT_LOGIN_FAILURE, "hung up after an answer") : 0;
}

static int leave_busy(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    bool reserved = login->attempt.reserved, told = auth_has_told(login);

    login->state = LOGIN_DONE;
    login->waiting = false;
    settle_count(h, COUNTERS_BUSY);
    if (reserved && told)
        return settle_failed(h, step, AUDIT_LOGIN_FAILURE, "wrong password, and no room to go on");
    int error = attempt_refund(h->db, &login->attempt);
    if (error == 0 && reserved)
        settle_wake(login, step);
    return error;
}

/* What it charged is given back, unless it was told what came of the look. Whoever has a verdict coming keeps its
 * charge, and loses the verdict. */
int on_busy(struct handler *h, struct step *step)
{
    struct login *login = *h->login;

    step->close = true;
    int error = login_is_open(login) ? leave_busy(h, step) : 0;
    return error < 0 ? error : step_refuse(step, REFUSAL_BUSY, "too many logins wait: try again in a minute");
}

int on_abort(struct handler *h, const struct msg_abort *in, struct step *step)
{
    (void)in;
    step->close = true;
    return on_gone(h, step);
}
