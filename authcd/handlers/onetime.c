/* SPDX-License-Identifier: MIT
 *
 * A password that authcd makes and root hands on: for somebody's first login, or for one who has forgotten theirs. It
 * is for one login, which has to change it, and good for a week. Whoever carries it knows no lasting password. It
 * leaves once, in the answer, and goes to no log. Code factors stay as they are: they are not forgotten with a
 * password.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "recovery.h"
#include "text.h"

enum { DAYS = 7, DAY_S = 86400 };

/* As recovery codes are: as hard to guess, and as easy to copy by hand. */
static int make(struct secret *ret)
{
    char code[RECOVERY_SIZE], text[RECOVERY_TEXT_SIZE];

    recovery_make(code);
    recovery_text(code, text);
    int error = secret_set(ret, text, strlen(text));
    explicit_bzero(code, sizeof code);
    explicit_bzero(text, sizeof text);
    return error;
}

int onetime_begin(struct handler *h, struct step *step)
{
    struct login *login = *h->login;
    int error = make(&login->password);

    if (error < 0)
        return error;
    login->state = LOGIN_HASHING;
    return hashing_start(h, step, PASSWORD_MAKE);
}

static int reply(const struct account *a, const struct secret *password, int64_t expires_at, struct step *step)
{
    MSG_AUTO struct msg m = {.number = MSG_row_one_time};
    struct msg_row_one_time *row = &m.row_one_time;

    if (password->len >= sizeof row->password)
        return -EMSGSIZE;
    memcpy(row->password, password->bytes, password->len);
    row->uid = a->uid;
    row->expires_at = expires_at;
    int error = text_copy(row->user, sizeof row->user, a->name);
    if (error < 0 || (error = text_copy(row->role, sizeof row->role, a->role)) < 0)
        return error;
    return step_reply(step, &m);
}

/* Whoever knew the old password is thrown out. */
static int store(struct handler *h, const char *stored, int64_t expires_at)
{
    struct login *login = *h->login;
    int64_t id = login->account.id;
    char text[64];
    int error = accounts_set_one_time(h->db, id, stored, expires_at, h->now.wall_s);

    if (error < 0 || (error = sessions_forget_handles(h->db, id)) < 0 ||
        (error = sessions_end_all(h->db, id, NULL, "password reset", h->now.wall_s)) < 0 ||
        (error = text_format(text, sizeof text, "to be changed at the next login, within %d days", DAYS)) < 0)
        return error;
    return login_audit(h, AUDIT_PASSWORD_RESET, text);
}

int onetime_hashed(struct handler *h, const struct password_job *job, struct step *step)
{
    struct login *login = *h->login;
    int64_t expires_at = h->now.wall_s + DAYS * DAY_S;

    if (job->kind != PASSWORD_MAKE || job->result != 0 || !job->made[0])
        return -EIO;
    int error = hashing_look_again(h, false);
    if (error == 0 && (login->bar || h->frozen))
        return chauthtok_give_up(h, step, login->bar ? login->bar : h->frozen);
    if (error < 0 || (error = store(h, job->made, expires_at)) < 0 ||
        (error = reply(&login->account, &job->password, expires_at, step)) < 0)
        return error;
    h->counters->passwords_set++;
    return converse_verdict(h, step, VERDICT_GRANTED, "", "");
}
