/* SPDX-License-Identifier: MIT
 *
 * What leaves for the other end of a conversation: the prompts and the verdict, in the one form that each of them has
 * everywhere. Decides nothing.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "text.h"

static const char *prompt_text(enum prompt_kind kind)
{
    static const char *const texts[] = {
        [PROMPT_PASSWORD] = "Password: ",          [PROMPT_CODE] = "Code: ",
        [PROMPT_COMBINED] = "Password and code: ", [PROMPT_CURRENT_PASSWORD] = "Current password: ",
        [PROMPT_NEW_PASSWORD] = "New password: ",  [PROMPT_RETYPE_PASSWORD] = "Retype new password: ",
    };
    return texts[kind];
}

int converse_prompt_text(struct handler *h, struct step *step, enum prompt_kind kind, const char *text)
{
    struct login *login = *h->login;
    MSG_AUTO struct msg m = {.number = MSG_prompt};

    m.prompt.kind = (uint8_t)kind;
    /* Codes echo, so that sshd's password method fails instead of answering with the password. */
    m.prompt.echo = kind == PROMPT_CODE || kind == PROMPT_ACKNOWLEDGE;
    if (text_copy(m.prompt.text, sizeof m.prompt.text, text) < 0)
        return -EMSGSIZE;
    login->asking = kind;
    login->state = LOGIN_ASKING;
    step->person = true;
    return step_reply(step, &m);
}

int converse_prompt(struct handler *h, struct step *step, enum prompt_kind kind)
{
    return converse_prompt_text(h, step, kind, prompt_text(kind));
}

int converse_verdict(struct handler *h, struct step *step, enum verdict verdict, const char *handle, const char *reason)
{
    struct login *login = *h->login;
    MSG_AUTO struct msg m = {.number = MSG_verdict};

    memcpy(m.verdict.nonce, login->begin.nonce, sizeof m.verdict.nonce);
    m.verdict.verdict = verdict;
    int error = text_copy(m.verdict.user, sizeof m.verdict.user, login->begin.user);
    if (error < 0 || (error = text_copy(m.verdict.handle, sizeof m.verdict.handle, handle)) < 0 ||
        (error = text_copy(m.verdict.reason, sizeof m.verdict.reason, login_is_test(login) ? login->told : reason)) < 0)
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
