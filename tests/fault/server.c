/* SPDX-License-Identifier: MIT
 *
 * See server.h. One connection after the other: whoever it serves is one process without threads.
 */
#include "server.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "msg.h"

static volatile unsigned *granted;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static bool say(int fd, const struct msg *m)
{
    unsigned char bytes[PROTOCOL_PACKET_MAX];
    size_t len;
    if (msg_encode(m, bytes, sizeof bytes, &len) < 0)
        die("msg_encode");
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool hear(int fd, enum msg_number number, struct msg *ret)
{
    unsigned char bytes[PROTOCOL_PACKET_MAX];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    return n > 0 && msg_decode(bytes, (size_t)n, ret) == 0 && ret->number == number;
}

static bool ask(int fd, enum prompt_kind kind, const char *right, bool *is_right)
{
    struct msg m = {.number = MSG_prompt, .prompt = {.kind = (uint8_t)kind, .echo = kind == PROMPT_CODE, .text = "?"}};
    struct secret want = {0};
    if (!say(fd, &m) || !hear(fd, MSG_answer, &m) || secret_set(&want, right, strlen(right)) < 0)
        return false;
    *is_right = *is_right && secret_equal(&m.answer.secret, &want);
    return true;
}

/* Whatever a phase asks; false: the other end is gone. */
static bool converse(int fd, const struct msg_begin *begin, bool *is_right)
{
    bool prelim = (begin->flags & BEGIN_PRELIM) != 0;
    struct msg m = {.number = MSG_info, .info.text = "Hello."};
    if (begin->phase == PHASE_AUTH)
        return say(fd, &m) && ask(fd, PROMPT_PASSWORD, "hunter2", is_right) && ask(fd, PROMPT_CODE, "123456", is_right);
    if (begin->phase == PHASE_CHAUTHTOK && !prelim)
        return ask(fd, PROMPT_CURRENT_PASSWORD, "hunter2", is_right) && say(fd, &m) &&
               ask(fd, PROMPT_NEW_PASSWORD, "123456", is_right);
    *is_right = prelim || strcmp(begin->ruser, "granted") == 0;
    return true;
}

static void serve(int fd)
{
    struct msg begin, m = {.number = MSG_verdict, .verdict.reason = "So be it."};
    bool is_right = true;
    if (!hear(fd, MSG_begin, &begin) || !converse(fd, &begin.begin, &is_right))
        return;
    memcpy(m.verdict.nonce, begin.begin.nonce, sizeof m.verdict.nonce);
    memcpy(m.verdict.user, begin.begin.user, sizeof m.verdict.user);
    memcpy(m.verdict.handle, "k3v7q2mzt4xa6phr", sizeof "k3v7q2mzt4xa6phr");
    m.verdict.verdict = is_right                               ? VERDICT_GRANTED
                        : begin.begin.phase == PHASE_CHAUTHTOK ? VERDICT_UNCHANGED
                                                               : VERDICT_DENIED;
    if (is_right && (begin.begin.flags & BEGIN_PRELIM) == 0)
        ++*granted;
    say(fd, &m);
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 128) < 0)
        die(path);
    return fd;
}

struct server server_start(const char *path)
{
    int listener = listen_at(path);
    struct server s = {.granted =
                           mmap(NULL, sizeof *s.granted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (s.granted == MAP_FAILED || (s.pid = fork()) < 0)
        die("server");
    if (s.pid > 0) {
        close(listener);
        return s;
    }
    granted = s.granted;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(300);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            serve(fd);
        close(fd);
    }
}

void server_end(struct server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}
