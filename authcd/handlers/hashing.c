/* SPDX-License-Identifier: MIT
 *
 * The password of a conversation on its way to a hashing thread and back: what it is compared with, what came of it,
 * and whether the account is still the one that it was compared for.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "text.h"

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

int hashing_start(struct handler *h, struct step *step, enum password_job_kind kind)
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
    if (kind != PASSWORD_TURN)
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

void hashing_note(struct login *login, const struct password_job *job)
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

int hashing_look_again(struct handler *h, bool password)
{
    struct login *login = *h->login;
    const struct account *then = &login->account;
    struct account now = {0};
    bool changed = false;
    int error = accounts_by_id(h->db, then->id, &now);

    if (error < 0 || (password && (error = find_password_changed(h, &now, &changed)) < 0))
        return error;
    if (now.state != then->state || now.uid != then->uid || strcmp(now.role, then->role) != 0 ||
        (login->plan.code_skipped && now.codes > 0))
        login_bar(login, AUDIT_LOGIN_REFUSED, "account changed during the login");
    else if (password && handler_password_expired(h, &now))
        login_bar(login, AUDIT_LOGIN_REFUSED, LOGIN_PASSWORD_EXPIRED);
    else if (changed)
        login_bar(login, AUDIT_LOGIN_REFUSED, "password changed during the login");
    return 0;
}
