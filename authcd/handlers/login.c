/* SPDX-License-Identifier: MIT
 *
 * The conversation of a login, from BEGIN to VERDICT: takes its messages in the one order that is allowed, and hands
 * them to the phase. Also what all phases need: prompting, reserving an attempt, sending a password to be hashed,
 * denying. One conversation a connection (a stepup may be followed by another); its state dies with the connection.
 */
#include "login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

void login_mark(struct login *login)
{
    if (!login)
        return;
    login->marked = login->attempt;
    login->marked_state = login->state;
}

void login_undo(struct login *login)
{
    if (!login)
        return;
    login->attempt = login->marked;
    login->state = login->marked_state;
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

static const char *prompt_text(enum prompt_kind kind)
{
    static const char *const texts[] = {
        [PROMPT_PASSWORD] = "Password: ",          [PROMPT_CODE] = "Code: ",
        [PROMPT_COMBINED] = "Password and code: ", [PROMPT_CURRENT_PASSWORD] = "Current password: ",
        [PROMPT_NEW_PASSWORD] = "New password: ",  [PROMPT_RETYPE_PASSWORD] = "Retype new password: ",
    };
    return texts[kind];
}

int login_prompt(struct handler *h, struct step *step, enum prompt_kind kind)
{
    struct login *login = *h->login;
    struct msg m = {.number = MSG_prompt};

    m.prompt.kind = (uint8_t)kind;
    m.prompt.echo =
        kind == PROMPT_CODE; /* so that sshd's password method fails instead of answering with the password */
    if (text_copy(m.prompt.text, sizeof m.prompt.text, prompt_text(kind)) < 0)
        return -EMSGSIZE;
    login->asking = kind;
    login->state = LOGIN_ASKING;
    step->person = true;
    return step_reply(step, &m);
}

int login_verdict(struct handler *h, struct step *step, enum verdict verdict, const char *handle, const char *reason)
{
    struct login *login = *h->login;
    MSG_AUTO struct msg m = {.number = MSG_verdict};

    memcpy(m.verdict.nonce, login->begin.nonce, sizeof m.verdict.nonce);
    m.verdict.verdict = verdict;
    int error = text_copy(m.verdict.user, sizeof m.verdict.user, login->begin.user);
    if (error < 0 || (error = text_copy(m.verdict.handle, sizeof m.verdict.handle, handle)) < 0 ||
        (error = text_copy(m.verdict.reason, sizeof m.verdict.reason, reason)) < 0)
        return error;
    login->state = LOGIN_DONE;
    login->waiting = false;
    secret_wipe(&login->password);
    secret_wipe(&login->code);
    if (verdict != VERDICT_GRANTED && login->answered_ms)
        step->not_before_ms = login->answered_ms + h->config->authcd.deny_time_ms;
    step->close = login->begin.phase != PHASE_STEPUP || verdict != VERDICT_GRANTED;
    return step_reply(step, &m);
}

/* The process that asks (sshd, sudo) is nobody's deed; whoever gives another's account a new password is. */
static int note_actor(const struct login *login, enum audit_event event, struct audit *row)
{
    bool deed = event == AUDIT_PASSWORD_SET || event == AUDIT_PASSWORD_REJECT;

    if (!deed || login->begin.caller_uid == login->account.uid)
        return 0;
    return text_format(row->actor, sizeof row->actor, "uid:%u", login->begin.caller_uid);
}

int login_audit(struct handler *h, enum audit_event event, const char *result)
{
    struct login *login = *h->login;
    struct audit row = {.at = h->now.wall_s, .event = event};
    int error = note_actor(login, event, &row);

    if (error < 0 || (error = text_copy(row.service, sizeof row.service, login->begin.service)) < 0 ||
        (error = text_copy(row.source, sizeof row.source, login->source.text)) < 0 ||
        (error = text_copy(row.result, sizeof row.result, result)) < 0)
        return error;
    memcpy(row.account, login->account.uuid, sizeof row.account);
    if (!login->account.id)
        audit_unknown_name(h->db, &row, login->begin.user);
    return audit_append(h->db, &row);
}

struct policy_account login_policy_account(const struct login *login)
{
    const struct account *a = &login->account;

    return (struct policy_account){
        .exists = a->id != 0,
        .active = a->state == ACCOUNT_ACTIVE,
        .role = a->role,
        .has_password = a->has_password,
        .has_code = a->codes > 0,
    };
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

int login_reserve(struct handler *h)
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

void login_settled(const struct login *login, struct step *step)
{
    for (size_t i = 0; i < login->attempt.n_tags && step->n_settled < STEP_SETTLED_MAX; i++)
        step->settled[step->n_settled++] = login->attempt.tags[i];
}

/* The stored hash into the job; false where there is none to compare with, which the audit is told if it is damage. */
static int stored_hash(struct handler *h, struct password_job *job, bool *ret_usable)
{
    SECRET_AUTO struct secret stored = {0};
    struct login *login = *h->login;
    int error = accounts_password(h->db, login->account.id, &stored);

    *ret_usable = false;
    if (error == -ENOENT)
        return 0;
    if (error == -EBADMSG || (error == 0 && stored.len >= sizeof job->stored)) {
        login_bar(login, AUDIT_HASH_BAD, "the sealed password does not open");
        return 0;
    }
    if (error < 0)
        return error;
    memcpy(job->stored, stored.bytes, stored.len);
    job->stored[stored.len] = '\0';
    *ret_usable = true;
    return 0;
}

int login_hash(struct handler *h, struct step *step, enum password_job_kind kind)
{
    struct login *login = *h->login;
    struct password_job *job = password_job_new(kind);
    bool usable = false;
    int error;

    if (!job)
        return -ENOMEM;
    if (kind == PASSWORD_VERIFY && (login->bar || !login->account.id))
        job->kind = PASSWORD_PRETEND;
    else if (kind == PASSWORD_VERIFY && (error = stored_hash(h, job, &usable)) < 0) {
        password_job_free(job);
        return error;
    } else if (kind == PASSWORD_VERIFY && !usable)
        job->kind = PASSWORD_PRETEND;
    job->password = login->password;
    job->params = (struct password_params){h->config->authcd.argon2_memory, h->config->authcd.argon2_passes};
    job->priority = login->attempt.who != LIMIT_STRANGER &&
                    login->source.kind != SOURCE_SELF; /* or user.sock could hold up root's */
    memcpy(job->source, login->source.text, strnlen(login->source.text, sizeof job->source - 1));
    secret_wipe(&login->password);
    login->hash_out = true;
    step->job = job;
    return 0;
}

/* The attempt is a failed one, if it was reserved at all; the audit says why, and which it is. */
static int settle_failed(struct handler *h, struct step *step, enum audit_event event, const char *why)
{
    struct login *login = *h->login;
    char result[sizeof((struct audit *)0)->result];
    uint32_t failures = 0;
    bool reserved = login->attempt.reserved;
    int error = attempt_fail(h->db, &login->attempt, &h->now, &failures);

    if (error < 0)
        return error;
    if (reserved)
        login_settled(login, step);
    if (failures)
        error = text_format(result, sizeof result, "%s, %u of %u", why, failures,
                            limit_rule(login->attempt.preset, BUCKET_PAIR, login->attempt.who)->free);
    else
        error = text_copy(result, sizeof result, why);
    return error < 0 ? error : login_audit(h, event, result);
}

int login_deny_limited(struct handler *h, struct step *step)
{
    static const char *const whose[] = {
        [BUCKET_ACCOUNT] = "not looked at: too many failures of this account",
        [BUCKET_PAIR] = "not looked at: too many failures of this account from this source",
        [BUCKET_SOURCE] = "not looked at: too many failures from this source",
        [BUCKET_NET] = "not looked at: too many failures from this network",
        [BUCKET_OTP] = "code not looked at: too many wrong codes",
    };
    return login_deny(h, step, AUDIT_LOGIN_LIMITED, whose[(*h->login)->attempt.refused_by]);
}

int login_deny(struct handler *h, struct step *step, enum audit_event event, const char *why)
{
    int error = settle_failed(h, step, event, why);

    if (error < 0)
        return error;
    h->counters->denied++;
    return login_verdict(h, step, VERDICT_DENIED, "", "");
}

void login_note_hash(struct login *login, const struct password_job *job)
{
    login->password_right = job->result == 0 && job->match && job->kind == PASSWORD_VERIFY;
    memcpy(login->verified, job->stored, sizeof login->verified);
    if (login->password_right && text_copy(login->rehash, sizeof login->rehash, job->made) < 0)
        login->rehash[0] = '\0'; /* hashed anew another day */
}

/* Is the stored password another one than was compared? One that this login would hash anew may have been hashed anew
 * by another beside it: that is no change. */
static int find_password_changed(struct handler *h, const struct account *now, bool *ret)
{
    SECRET_AUTO struct secret stored = {0};
    struct login *login = *h->login;
    int error = accounts_password(h->db, login->account.id, &stored);

    if (error < 0 && error != -ENOENT)
        return error;
    bool same =
        error == 0 && stored.len == strlen(login->verified) && memcmp(stored.bytes, login->verified, stored.len) == 0;
    bool anew = login->rehash[0] && now->password_changed_at == login->account.password_changed_at;
    *ret = error == -ENOENT || (!same && !anew);
    return 0;
}

int login_look_again(struct handler *h, bool password)
{
    struct login *login = *h->login;
    const struct account *then = &login->account;
    struct account now = {0};
    bool changed = false;
    int error = accounts_by_id(h->db, then->id, &now);

    if (error < 0 || (password && (error = find_password_changed(h, &now, &changed)) < 0))
        return error;
    if (now.state != then->state || now.uid != then->uid || strcmp(now.role, then->role) != 0 ||
        (login->questions.code_skipped && now.codes > 0))
        login_bar(login, AUDIT_LOGIN_REFUSED, "account changed during the login");
    else if (changed)
        login_bar(login, AUDIT_LOGIN_REFUSED, "password changed during the login");
    return 0;
}

/* The hash could not be made for lack of memory: no failed attempt, no look. */
static int no_memory(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = attempt_refund(h->db, &login->attempt);

    if (error < 0)
        return error;
    login_settled(login, step);
    return login_verdict(h, step, VERDICT_BUSY, "", "");
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

static int login_start(struct handler *h, const struct msg_begin *in)
{
    struct login *login = calloc(1, sizeof *login);
    if (!login)
        return -ENOMEM;
    *h->login = login;
    login->begin = *in;
    login->key_verified = key_verified(h, in, login->key);
    if (in->phase == PHASE_STEPUP)
        stepup_service(&login->service);
    else
        config_service(h->config, h->peer->uid == 0 ? in->service : "self", &login->service);
    source_of_begin(&login->source, in, h->peer->uid, &h->config->authcd);
    return find_account(h);
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
        return no_memory(h, step);
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

    if (!login || login->state == LOGIN_DONE)
        return 0;
    login->state = LOGIN_DONE;
    login->waiting = false;
    return login->attempt.reserved ? settle_failed(h, step, AUDIT_LOGIN_FAILURE, "hung up after an answer") : 0;
}

int on_abort(struct handler *h, const struct msg_abort *in, struct step *step)
{
    (void)in;
    step->close = true;
    return on_gone(h, step);
}
