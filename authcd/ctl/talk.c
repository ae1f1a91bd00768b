/* SPDX-License-Identifier: MIT
 *
 * BEGIN, then whatever authcd asks, then VERDICT. Knows no factor: it shows the prompts and sends back what was typed.
 * A question that comes a second time was answered wrongly; where the answers are lines of a file it ends there,
 * because the next line was not written for it.
 */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "text.h"

struct state {
    const struct talk *talk;
    struct ask *ask;
    unsigned char nonce[PROTOCOL_NONCE_SIZE];
    unsigned rounds;
    uint32_t asked;    /* kinds, as bits */
    struct secret set; /* the new password, for retyping it */
    char *reason;
};

static void state_wipe(struct state *s)
{
    explicit_bzero(s, sizeof *s);
}

const char *talk_why(int ask_error)
{
    switch (ask_error) {
    case -ENOTTY:
        return "no terminal to ask on; --password-stdin and --code-stdin read from stdin";
    case -ENODATA:
        return "no answer";
    case -EMSGSIZE:
        return "answer too long";
    case -EILSEQ:
        return "answer with a NUL in it";
    case -EINTR:
        return "interrupted";
    default:
        return strerror(-ask_error);
    }
}

int talk_self(char name[257])
{
    const struct passwd *p = getpwuid(getuid());
    return p == NULL || text_copy(name, 257, p->pw_name) < 0 ? -ENOENT : 0;
}

static uint32_t audit_session(void)
{
    char digits[16] = "";
    uint64_t id = PROTOCOL_NO_SESSION;
    int fd = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return PROTOCOL_NO_SESSION;
    ssize_t n = read(fd, digits, sizeof digits - 1);
    close(fd);
    digits[n > 0 ? n : 0] = '\0';
    if (text_to_u64(digits, UINT32_MAX, &id) < 0)
        return PROTOCOL_NO_SESSION;
    return (uint32_t)id;
}

static void terminal_name(char *out, size_t cap)
{
    char path[256] = "";

    for (int fd = 0; fd < 3 && path[0] == '\0'; fd++)
        if (ttyname_r(fd, path, sizeof path) != 0)
            path[0] = '\0';
    if (text_copy(out, cap, strncmp(path, "/dev/", 5) == 0 ? path + 5 : path) < 0)
        out[0] = '\0';
}

/* In a frame of its own, as step is: a message is large. */
__attribute__((noinline)) static int begin(struct link *l, struct state *s)
{
    MSG_AUTO struct msg m = {.number = MSG_begin};
    struct msg_begin *b = &m.begin;
    const struct passwd *target = getpwnam(s->talk->user);

    if (getrandom(s->nonce, sizeof s->nonce, 0) != (ssize_t)sizeof s->nonce)
        return -EIO;
    memcpy(b->nonce, s->nonce, sizeof b->nonce);
    b->phase = (uint8_t)s->talk->phase;
    b->flags = s->talk->flags;
    b->target_uid = target != NULL ? target->pw_uid : PROTOCOL_NO_UID;
    b->caller_uid = getuid();
    b->audit_session = audit_session();
    terminal_name(b->tty, sizeof b->tty);
    int error = text_copy(b->service, sizeof b->service, s->talk->service);
    if (error < 0 || (error = text_copy(b->user, sizeof b->user, s->talk->user)) < 0)
        return error;
    return link_send(l, &m);
}

static int give_up(struct link *l, struct state *s, const struct msg *abort, const char *why)
{
    if (s->reason[0] == '\0' && text_copy(s->reason, TALK_REASON_SIZE, why) < 0)
        s->reason[0] = '\0';
    int error = link_send(l, abort);
    return error < 0 && error != -EPIPE ? error : -ECANCELED; /* a hang-up tells it as well */
}

static int find_answer(struct state *s, const struct msg_prompt *p, struct secret *ret)
{
    uint32_t bit = p->kind < 32 ? 1u << p->kind : 0;
    enum prompt_kind kind = (enum prompt_kind)p->kind;
    bool person = ask_is_person(s->ask, kind);

    if (!person && kind == PROMPT_RETYPE_PASSWORD) {
        *ret = s->set;
        return 0;
    }
    if (!person && (s->asked & bit) != 0)
        return -ENODATA;
    s->asked |= bit;
    int error = ask_secret(s->ask, kind, p->echo, p->text, ret);
    if (error == 0 && kind == PROMPT_NEW_PASSWORD)
        s->set = *ret;
    return error;
}

/* m is the PROMPT, and then the ANSWER. */
static int answer(struct link *l, struct state *s, struct msg *m)
{
    SECRET_AUTO struct secret typed = {0};

    if (++s->rounds > PROTOCOL_ROUNDS_MAX)
        return -EPROTO;
    int error = find_answer(s, &m->prompt, &typed);
    msg_wipe(m);
    m->number = error < 0 ? MSG_abort : MSG_answer;
    if (error < 0)
        return give_up(l, s, m, talk_why(error));
    m->answer.secret = typed;
    return link_send(l, m);
}

/* What authcd says by the way: to a person at once, and kept as the reason in case it ends there. */
static int info(struct state *s, const char *text)
{
    if (ask_is_person(s->ask, PROMPT_PASSWORD))
        ask_tell(text);
    else
        text_printable(s->reason, TALK_REASON_SIZE, text);
    return 0;
}

static int believe(const struct state *s, const struct msg_verdict *v, enum verdict *ret)
{
    if (memcmp(v->nonce, s->nonce, sizeof v->nonce) != 0 || strcmp(v->user, s->talk->user) != 0)
        return -EPROTO;
    text_printable(s->reason, TALK_REASON_SIZE, v->reason);
    *ret = (enum verdict)v->verdict;
    return 1;
}

static int take_row(const struct state *s, const struct msg *m)
{
    bool ours =
        m->number == MSG_row_one_time && s->talk->ret_row != NULL && strcmp(m->row_one_time.user, s->talk->user) == 0;

    if (ours)
        *s->talk->ret_row = *m;
    return ours ? 0 : -EPROTO;
}

static int refused(const struct state *s, const struct msg_refused *r)
{
    text_printable(s->reason, TALK_REASON_SIZE, r->text);
    return -EACCES;
}

/* 1: there is a verdict. 0: go on. */
__attribute__((noinline)) static int step(struct link *l, struct state *s, enum verdict *ret)
{
    MSG_AUTO struct msg m = {0};
    int error = link_receive(l, &m);

    if (error < 0)
        return error;
    if (m.number == MSG_prompt)
        return answer(l, s, &m);
    if (m.number == MSG_info)
        return info(s, m.info.text);
    if (m.number == MSG_refused)
        return refused(s, &m.refused);
    return m.number == MSG_verdict ? believe(s, &m.verdict, ret) : take_row(s, &m);
}

int talk_run(struct link *l, const struct talk *t, struct ask *ask, enum verdict *ret_verdict,
             char reason[TALK_REASON_SIZE])
{
    __attribute__((cleanup(state_wipe))) struct state s = {.talk = t, .ask = ask, .reason = reason};
    enum verdict verdict = VERDICT_DENIED;

    reason[0] = '\0';
    int error = begin(l, &s);
    while (error == 0 || error == -EPIPE) /* whoever hung up may have said why before */
        error = step(l, &s, &verdict);
    if (error < 0)
        return error;
    *ret_verdict = verdict;
    return 0;
}
