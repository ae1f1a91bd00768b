/* SPDX-License-Identifier: MIT
 *
 * authcd leads: the loop asks what PROMPT says and sends back what was typed, so that a new kind of factor needs no new
 * module. The peer was checked to be authcd, and is still not obeyed blindly: prompts are counted, come only in phases
 * that ask, and a verdict counts only if it repeats the nonce and the user of this BEGIN.
 */
#include "exchange.h"

#include <errno.h>
#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

#include "begin.h"
#include "conv.h"
#include "link.h"
#include "text.h"

struct talk {
    const struct exchange *e;
    struct exchange_result *result;
    struct link link;
    uint8_t nonce[PROTOCOL_NONCE_SIZE];
    char user[sizeof((struct msg_begin *)0)->user]; /* a copy: an application may replace PAM_USER while we talk */
    unsigned prompts, infos;
    bool first_pass_done;
    bool empty_password;
    bool over;
};

static void talk_close(struct talk *t)
{
    link_close(&t->link);
}

/* ---- ways for it to end without a verdict ---- */

static void log_failure(const struct talk *t, int error)
{
    pam_handle_t *pamh = t->e->pamh;
    const char *path = options_socket(t->e->options);
    switch (error) {
    case -ENOENT:
        pam_syslog(pamh, LOG_WARNING, "authcd is not there: %s", path);
        break;
    case -EPERM:
        pam_syslog(pamh, LOG_ERR, "refused: %s or who listens there is not to be trusted", path);
        break;
    case -ETIMEDOUT:
        pam_syslog(pamh, LOG_ERR, "authcd did not answer in time: %s", path);
        break;
    case -ECONNRESET:
    case -EPIPE:
        pam_syslog(pamh, LOG_ERR, "authcd hung up: %s", path);
        break;
    case -EPROTONOSUPPORT:
        pam_syslog(pamh, LOG_ERR, "authcd speaks another version of the protocol: %s", path);
        break;
    default:
        pam_syslog(pamh, LOG_ERR, "authcd cannot be talked to (errno %d): %s", -error, path);
    }
}

static void talk_lost(struct talk *t, int error)
{
    log_failure(t, error);
    t->over = true;
}

/* Tells authcd, if that still works, so that it need not wait for somebody who left. */
static void talk_abort(struct talk *t, struct msg *m)
{
    t->over = true;
    msg_wipe(m);
    m->number = MSG_abort;
    if (link_send(&t->link, m) < 0)
        link_close(&t->link);
}

/* ---- what authcd may say ---- */

static bool may_ask(const struct talk *t)
{
    bool prelim = (t->e->flags & PAM_PRELIM_CHECK) != 0;
    return t->e->phase == PHASE_AUTH || (t->e->phase == PHASE_CHAUTHTOK && !prelim);
}

static bool is_password(uint8_t kind)
{
    return kind == PROMPT_PASSWORD || kind == PROMPT_COMBINED;
}

static bool wants_first_pass(const struct talk *t, uint8_t kind)
{
    const struct options *o = t->e->options;
    return t->e->phase == PHASE_AUTH && !t->first_pass_done && is_password(kind) &&
           (o->use_first_pass || o->try_first_pass);
}

static int get_answer(struct talk *t, const struct msg_prompt *p, struct secret *ret)
{
    if (wants_first_pass(t, p->kind)) {
        const void *typed_before = NULL;
        t->first_pass_done = true;
        if (pam_get_item(t->e->pamh, PAM_AUTHTOK, &typed_before) == PAM_SUCCESS && typed_before != NULL)
            return secret_set(ret, typed_before, strlen(typed_before)) < 0 ? PAM_AUTH_ERR : PAM_SUCCESS;
        if (t->e->options->use_first_pass)
            return PAM_AUTH_ERR;
    }
    return conv_ask(t->e->pamh, p->echo, p->text, ret);
}

/* Where a typed password waits for the verdict; NULL: it is of no use later. */
static struct typed *place_of(struct exchange_result *r, uint8_t kind)
{
    if (kind == PROMPT_PASSWORD)
        return &r->password;
    if (kind == PROMPT_CURRENT_PASSWORD)
        return &r->current_password;
    return kind == PROMPT_NEW_PASSWORD ? &r->new_password : NULL;
}

static void keep(struct talk *t, uint8_t kind, const struct secret *typed)
{
    struct typed *place = place_of(t->result, kind);
    if (is_password(kind) && typed->len == 0)
        t->empty_password = true;
    if (place != NULL) {
        place->asked = true;
        place->secret = *typed;
    }
}

/* The answer goes into m, in place of the prompt. */
static int on_prompt(struct talk *t, struct msg *m)
{
    if (!may_ask(t) || ++t->prompts > PROTOCOL_ROUNDS_MAX) {
        pam_syslog(t->e->pamh, LOG_ERR, "authcd asks too much");
        talk_abort(t, m);
        return PAM_SUCCESS;
    }
    SECRET_AUTO struct secret typed = {0};
    int code = get_answer(t, &m->prompt, &typed);
    if (code != PAM_SUCCESS)
        return code;
    keep(t, m->prompt.kind, &typed);
    msg_wipe(m);
    m->number = MSG_answer;
    m->answer.secret = typed;
    int r = link_send(&t->link, m);
    if (r < 0)
        talk_lost(t, r);
    return PAM_SUCCESS;
}

static int on_info(struct talk *t, struct msg *m)
{
    if (++t->infos > PROTOCOL_ROUNDS_MAX) {
        pam_syslog(t->e->pamh, LOG_ERR, "authcd talks too much");
        talk_abort(t, m);
        return PAM_SUCCESS;
    }
    if ((t->e->flags & PAM_SILENT) != 0)
        return PAM_SUCCESS;
    int code = conv_tell(t->e->pamh, PAM_TEXT_INFO, m->info.text);
    return t->e->phase == PHASE_OPEN ? PAM_SUCCESS : code; /* who cannot be told of the last login may begin this one */
}

static bool is_about_us(const struct talk *t, const struct msg_verdict *v)
{
    const void *user = NULL;
    return memcmp(v->nonce, t->nonce, sizeof t->nonce) == 0 && strcmp(v->user, t->user) == 0 &&
           pam_get_item(t->e->pamh, PAM_USER, &user) == PAM_SUCCESS && user != NULL && strcmp(user, t->user) == 0;
}

/* Not believed even from authcd: that a name is unknown, once something was asked; and an empty password where the
 * application rules it out. */
static bool is_credible(const struct talk *t, const struct msg_verdict *v)
{
    if (t->e->phase != PHASE_AUTH)
        return true;
    bool no_empty = (t->e->flags & PAM_DISALLOW_NULL_AUTHTOK) != 0;
    return !(v->verdict == VERDICT_UNKNOWN && t->prompts > 0) && !(no_empty && t->empty_password);
}

static void on_verdict(struct talk *t, const struct msg_verdict *v)
{
    bool handle_ok = v->handle[0] == '\0' || text_is_word(v->handle, sizeof v->handle - 1);
    if (!is_about_us(t, v) || !handle_ok) {
        pam_syslog(t->e->pamh, LOG_ERR, "authcd's verdict is not about this attempt");
        return;
    }
    if (!is_credible(t, v))
        return;
    t->result->verdict = v->verdict;
    memcpy(t->result->handle, v->handle, sizeof v->handle);
    memcpy(t->result->reason, v->reason, sizeof v->reason);
}

static void on_end(struct talk *t, const struct msg *m)
{
    t->over = true;
    if (m->number == MSG_verdict)
        on_verdict(t, &m->verdict);
    else if (m->number == MSG_refused && m->refused.error == REFUSAL_UNAVAILABLE)
        t->result->verdict = VERDICT_UNAVAILABLE;
    else if (m->number == MSG_versions)
        log_failure(t, -EPROTONOSUPPORT);
    else if (m->number != MSG_refused)
        log_failure(t, -EPROTO);
}

/* ---- the whole ---- */

static int converse(struct talk *t, struct msg *m)
{
    int code = PAM_SUCCESS;
    while (!t->over && code == PAM_SUCCESS) {
        int r = link_receive(&t->link, m);
        if (r < 0)
            talk_lost(t, r);
        else if (m->number == MSG_prompt)
            code = on_prompt(t, m);
        else if (m->number == MSG_info)
            code = on_info(t, m);
        else
            on_end(t, m);
    }
    if (code != PAM_SUCCESS)
        talk_abort(t, m);
    return code;
}

int exchange_run(const struct exchange *e, struct exchange_result *ret)
{
    __attribute__((cleanup(talk_close))) struct talk t = {.e = e, .result = ret, .link = {.fd = -1}};
    MSG_AUTO struct msg m = {.number = MSG_begin};
    ret->verdict = VERDICT_DENIED;
    int code = begin_fill(e->pamh, e->flags, e->phase, e->handle, &m.begin);
    if (code != PAM_SUCCESS)
        return code;
    memcpy(t.nonce, m.begin.nonce, sizeof t.nonce);
    memcpy(t.user, m.begin.user, sizeof t.user);
    int r = link_open(&t.link, options_socket(e->options), e->options->server_uid, e->options->timeout_s * 1000);
    if (r == -ENOENT)
        ret->verdict = VERDICT_UNAVAILABLE;
    if (r == 0)
        r = link_send(&t.link, &m);
    if (r < 0)
        talk_lost(&t, r);
    return converse(&t, &m);
}

void exchange_result_wipe(struct exchange_result *r)
{
    explicit_bzero(r, sizeof *r);
}
