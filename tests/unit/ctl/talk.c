/* SPDX-License-Identifier: MIT
 *
 * The conversation, against an authcd of the test's own that may lie: a verdict counts only for this nonce and this
 * user, an answer is given to the question that it was written for (M3, M18 for the tool).
 */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum lie { HONEST, OTHER_NONCE, OTHER_USER, NO_VERDICT, HANG_UP, REFUSE, ASK_FOR_EVER, ASK_AGAIN, OTHER_ROW };

/* What this authcd asks, and the verdict it comes to. */
struct script {
    enum prompt_kind kinds[4];
    enum lie lie;
    uint32_t verdict;
};

/* ---- authcd: a child ---- */

static bool packet_send(struct link *l, struct msg *m)
{
    return link_send(l, m) == 0;
}

static bool packet_receive(int fd, struct msg *m)
{
    unsigned char buf[PROTOCOL_PACKET_MAX];
    ssize_t n = recv(fd, buf, sizeof buf, 0);
    return n > 0 && msg_decode(buf, (size_t)n, m) == 0;
}

/* The answer has to be the kind's name, so that a wrong one shows. */
static bool is_right(enum prompt_kind kind, const struct secret *s)
{
    const char *want = kind == PROMPT_CODE ? "118204" : kind == PROMPT_CURRENT_PASSWORD ? "old" : "new";
    return s->len == strlen(want) && memcmp(s->bytes, want, s->len) == 0;
}

static bool ask_one(struct link *l, enum prompt_kind kind)
{
    struct msg m = {.number = MSG_prompt};

    m.prompt.kind = (uint8_t)kind;
    return packet_send(l, &m) && packet_receive(l->fd, &m) && m.number == MSG_answer &&
           is_right(kind, &m.answer.secret);
}

static int tell(struct link *l, const struct script *s, const struct msg_begin *b)
{
    struct msg m = {.number = s->lie == REFUSE ? MSG_refused : s->lie == NO_VERDICT ? MSG_end : MSG_verdict};

    if (s->lie == REFUSE)
        strcpy(m.refused.text, "no\033");
    if (m.number != MSG_verdict)
        return !packet_send(l, &m);
    memcpy(m.verdict.nonce, b->nonce, sizeof b->nonce);
    strcpy(m.verdict.user, s->lie == OTHER_USER ? "eve" : b->user);
    m.verdict.nonce[0] ^= s->lie == OTHER_NONCE;
    m.verdict.verdict = s->verdict;
    return !packet_send(l, &m);
}

static int authcd(int fd, const struct script *s)
{
    struct link l = {fd, 5000};
    struct msg begin = {0}, m = {0};

    if (!packet_receive(fd, &begin) || begin.number != MSG_begin || begin.begin.caller_uid != getuid())
        return 2;
    for (int i = 0; s->lie == ASK_FOR_EVER && i < 100; i++)
        if (!ask_one(&l, i == 0 ? PROMPT_NEW_PASSWORD : PROMPT_RETYPE_PASSWORD))
            return 0;
    for (size_t i = 0; i < 4 && s->kinds[i] != 0; i++)
        if (!ask_one(&l, s->kinds[i]))
            return 3;
    if (s->lie == ASK_AGAIN) {
        strcpy(m.info.text, "too short");
        m.number = MSG_info;
        bool told = packet_send(&l, &m);
        m = (struct msg){.number = MSG_prompt};
        m.prompt.kind = PROMPT_NEW_PASSWORD;
        return told && packet_send(&l, &m) && packet_receive(fd, &m) && m.number == MSG_abort ? 0 : 4;
    }
    if (strcmp(begin.begin.service, "passwd") == 0 && s->kinds[0] == 0) { /* asks nothing: makes the password */
        m = (struct msg){.number = MSG_row_one_time};
        strcpy(m.row_one_time.user, s->lie == OTHER_ROW ? "eve" : begin.begin.user);
        strcpy(m.row_one_time.password, "made");
        if (!packet_send(&l, &m))
            return 5;
    }
    return s->lie == HANG_UP ? 0 : tell(&l, s, &begin.begin);
}

/* ---- the other side ---- */

static enum verdict verdict;
static char reason[TALK_REASON_SIZE];
static int served;
static struct msg *wanted_row;

static int run(const struct script *s, const char *lines)
{
    int pair[2], typed[2];
    char self[257] = "root";

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || pipe2(typed, O_CLOEXEC) < 0)
        return -EIO;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        close(typed[0]);
        close(typed[1]);
        _exit(authcd(pair[1], s));
    }
    close(pair[1]);
    if (write(typed[1], lines, strlen(lines)) != (ssize_t)strlen(lines))
        return -EIO;
    close(typed[1]);
    LINK_AUTO struct link l = {pair[0], 5000};
    struct ask a = {.password_fd = typed[0], .code_fd = typed[0]};
    verdict = VERDICT_DENIED;
    int error = talk_run(&l, &(struct talk){PHASE_CHAUTHTOK, "passwd", self, 0, wanted_row}, &a, &verdict, reason);
    link_close(&l);
    close(typed[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    served = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return error;
}

static void test_granted(void)
{
    struct script s = {
        {PROMPT_CURRENT_PASSWORD, PROMPT_CODE, PROMPT_NEW_PASSWORD, PROMPT_RETYPE_PASSWORD}, HONEST, VERDICT_GRANTED};

    is_int(run(&s, "old\n118204\nnew\n"), 0, "a conversation of four questions");
    is_int(served, 0, "each answer went to its question, the retyped one from memory");
    is_int(verdict, VERDICT_GRANTED, "granted");
    s.verdict = VERDICT_UNCHANGED;
    is_int(run(&s, "old\n118204\nnew\n"), 0, "the same");
    is_int(verdict, VERDICT_UNCHANGED, "unchanged");
}

static void lies(enum lie lie, int want, const char *what)
{
    struct script s = {{PROMPT_NEW_PASSWORD}, lie, VERDICT_GRANTED};

    is_int(run(&s, "new\n"), want, "%s", what);
    is_int(verdict, VERDICT_DENIED, "is no success");
}

static void test_lies(void)
{
    lies(OTHER_NONCE, -EPROTO, "a verdict of another conversation");
    lies(OTHER_USER, -EPROTO, "a verdict about another user");
    lies(NO_VERDICT, -EPROTO, "an end without a verdict");
    lies(HANG_UP, -ECONNRESET, "a hang-up");
    lies(REFUSE, -EACCES, "a refusal");
    is_str(reason, "no\\x1b", "says why, and steers no terminal");
    lies(ASK_FOR_EVER, -EPROTO, "questions without end");
}

static void test_given_up(void)
{
    struct script s = {{PROMPT_NEW_PASSWORD}, HONEST, VERDICT_GRANTED};

    is_int(run(&s, ""), -ECANCELED, "no answer");
    is_int(served, 3, "is an abort to authcd, not an empty answer");
    is_str(reason, "no answer", "and said");
    s.lie = ASK_AGAIN;
    is_int(run(&s, "new\nold\n"), -ECANCELED, "a question asked again");
    is_int(served, 0, "is not answered by the line after");
    is_str(reason, "too short", "what authcd said of the answer is the reason");
}

static void test_row(void)
{
    struct script s = {{0}, HONEST, VERDICT_GRANTED};
    struct msg row = {0};

    is_int(run(&s, ""), -EPROTO, "a row that nobody wants");
    wanted_row = &row;
    is_int(run(&s, ""), 0, "one that is wanted");
    ok(row.number == MSG_row_one_time && strcmp(row.row_one_time.password, "made") == 0, "is kept");
    s.lie = OTHER_ROW;
    is_int(run(&s, ""), -EPROTO, "one about another user");
    is_int(verdict, VERDICT_DENIED, "is no success");
    wanted_row = NULL;
}

int main(void)
{
    if (talk_self(reason) < 0) {
        printf("1..0 # SKIP this uid has no name\n");
        return 0;
    }
    test_granted();
    test_lies();
    test_given_up();
    test_row();
    return tap_done();
}
