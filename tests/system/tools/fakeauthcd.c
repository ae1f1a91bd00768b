/* SPDX-License-Identifier: MIT
 *
 * An authcd that says whatever a test wants, in whatever order, to see what the module makes of it. It plays its steps
 * on each connection, one process a connection, and prints what it receives, a line a packet. Decides nothing.
 *
 *   fakeauthcd SOCKET STEP...      prints "ready", then serves until it is ended, for two minutes at most
 *
 *   recv               wait for a packet and print it ("hangup" ends the connection)
 *   prompt:KIND=TEXT   KIND: password code combined current new retype, or a number; echo is on for code only
 *   info=TEXT          refused=N          versions         what they are called
 *   handle=TEXT        reason=TEXT        user=NAME        nonce=bad     for the verdicts that follow
 *   verdict=NAME       of verdict.def, or a number (0x1): with the nonce and the user of BEGIN unless told otherwise
 *   prelim=NAME        that verdict and the end, if BEGIN is a preliminary check
 *   verdict-if=SECRET  GRANTED if the last answer was that, else DENIED
 *   raw=HEX            size=N             a packet of these bytes; a packet of N bytes that starts like an INFO
 *   with-fds           the next packet carries descriptors
 *   sleep=MS           hold (say nothing any more)           goto=N (step N, the first is 1)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "msg.h"
#include "text.h"

struct talk {
    int fd;
    struct msg got;          /* the last packet */
    struct msg_verdict next; /* what the next VERDICT says */
    struct secret typed;
    bool with_fds;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- printing ---- */

static void print_value(const struct msg_field *f, const void *value)
{
    char text[4 * 8192 + 1];
    const struct secret *s = value;
    char bytes[SECRET_MAX + 1] = "";
    switch (f->kind) {
    case MSG_U8:
    case MSG_FLAG:
        printf(" %s=%u", f->name, *(const uint8_t *)value);
        break;
    case MSG_U32:
        printf(" %s=%u", f->name, *(const uint32_t *)value);
        break;
    case MSG_I64:
        printf(" %s=%lld", f->name, (long long)*(const int64_t *)value);
        break;
    case MSG_FIXED:
        text_hex(text, value, f->max);
        printf(" %s=%s", f->name, text);
        break;
    case MSG_TEXT:
        text_printable(text, sizeof text, value);
        printf(" %s=\"%s\"", f->name, text);
        break;
    case MSG_SECRET:
        memcpy(bytes, s->bytes, s->len);
        text_printable(text, sizeof text, bytes);
        printf(" %s=\"%s\"", f->name, text);
        break;
    }
}

static void print_packet(const struct msg *m, const struct ucred *c)
{
    const struct msg_type *type = msg_type(m->number);
    printf("%s", type->name);
    for (size_t i = 0; i < type->n_fields; i++)
        print_value(&type->fields[i], msg_value(m, &type->fields[i]));
    printf(" from pid=%ld uid=%ld gid=%ld\n", (long)c->pid, (long)(int)c->uid, (long)(int)c->gid);
}

/* ---- the wire ---- */

static void receive(struct talk *t)
{
    unsigned char bytes[PROTOCOL_PACKET_MAX + 1], control[CMSG_SPACE(sizeof(struct ucred)) * 2];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(t->fd, &h, 0);
    if (n <= 0) {
        puts("hangup");
        exit(0);
    }
    struct ucred from = {.pid = -1, .uid = (uid_t)-1, .gid = (gid_t)-1};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    if (c != NULL && c->cmsg_type == SCM_CREDENTIALS)
        memcpy(&from, CMSG_DATA(c), sizeof from);
    int r = msg_decode(bytes, (size_t)n, &t->got);
    if (r < 0) {
        printf("garbage of %zd bytes: %s\n", n, strerror(-r));
        exit(0);
    }
    print_packet(&t->got, &from);
    if (t->got.number == MSG_begin) {
        memcpy(t->next.nonce, t->got.begin.nonce, sizeof t->next.nonce);
        memcpy(t->next.user, t->got.begin.user, sizeof t->next.user);
    } else if (t->got.number == MSG_answer)
        t->typed = t->got.answer.secret;
}

static void send_bytes(struct talk *t, const void *bytes, size_t len)
{
    int fds[2] = {STDIN_FILENO, STDOUT_FILENO};
    _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof fds)] = {0};
    unsigned char copy[2 * PROTOCOL_PACKET_MAX];
    memcpy(copy, bytes, len);
    struct iovec part = {copy, len};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};
    if (t->with_fds) {
        h.msg_control = control;
        h.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fds);
        memcpy(CMSG_DATA(c), fds, sizeof fds);
        t->with_fds = false;
    }
    if (sendmsg(t->fd, &h, MSG_NOSIGNAL) < 0) {
        puts("hangup");
        exit(0);
    }
}

static void reply(struct talk *t, const struct msg *m)
{
    unsigned char bytes[PROTOCOL_PACKET_MAX];
    size_t len;
    int r = msg_encode(m, bytes, sizeof bytes, &len);
    if (r < 0) {
        errno = -r;
        die("msg_encode");
    }
    send_bytes(t, bytes, len);
}

/* ---- steps ---- */

static void copy(char *out, size_t cap, const char *value)
{
    if (text_copy(out, cap, value) < 0)
        die(value);
}

static void step_prompt(struct talk *t, const char *kind_and_text)
{
    static const char *const kinds[] = {"", "password", "code", "combined", "current", "new", "retype"};
    struct msg m = {.number = MSG_prompt};
    size_t len = strcspn(kind_and_text, "=");
    m.prompt.kind = (uint8_t)strtoul(kind_and_text, NULL, 0);
    for (uint8_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i]) == len && strncmp(kinds[i], kind_and_text, len) == 0)
            m.prompt.kind = i;
    m.prompt.echo = m.prompt.kind == PROMPT_CODE;
    copy(m.prompt.text, sizeof m.prompt.text, kind_and_text + len + (kind_and_text[len] == '='));
    reply(t, &m);
}

static void step_info(struct talk *t, const char *text)
{
    struct msg m = {.number = MSG_info};
    copy(m.info.text, sizeof m.info.text, text);
    reply(t, &m);
}

static void send_verdict(struct talk *t, uint32_t number)
{
    struct msg m = {.number = MSG_verdict, .verdict = t->next};
    m.verdict.verdict = number;
    reply(t, &m);
}

static void step_verdict(struct talk *t, const char *name)
{
    static const struct {
        const char *name;
        uint32_t number;
    } rows[] = {
#define VERDICT(name, value, text) {#name, value},
#include "verdict.def"
#undef VERDICT
    };
    uint32_t number = (uint32_t)strtoul(name, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            number = rows[i].number;
    send_verdict(t, number);
}

static void step_prelim(struct talk *t, const char *name)
{
    if ((t->got.begin.flags & BEGIN_PRELIM) == 0)
        return;
    step_verdict(t, name);
    exit(0);
}

static void step_verdict_if(struct talk *t, const char *secret)
{
    struct secret s = {0};
    if (secret_set(&s, secret, strlen(secret)) < 0)
        die(secret);
    send_verdict(t, secret_equal(&s, &t->typed) ? VERDICT_GRANTED : VERDICT_DENIED);
}

static void step_refused(struct talk *t, const char *number)
{
    struct msg m = {.number = MSG_refused, .refused.error = (uint8_t)strtoul(number, NULL, 0)};
    reply(t, &m);
}

static void step_versions(struct talk *t, const char *unused)
{
    struct msg m = {.number = MSG_versions, .versions = {.lowest = 7, .highest = 9}};
    (void)unused;
    reply(t, &m);
}

static void step_raw(struct talk *t, const char *hex)
{
    unsigned char bytes[PROTOCOL_PACKET_MAX];
    size_t len = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1 && len < sizeof bytes; hex += 2)
        bytes[len++] = (unsigned char)byte;
    send_bytes(t, bytes, len);
}

static void step_size(struct talk *t, const char *number)
{
    unsigned char bytes[2 * PROTOCOL_PACKET_MAX] = {PROTOCOL_VERSION, 0, MSG_info};
    send_bytes(t, bytes, strtoul(number, NULL, 0) % sizeof bytes);
}

static void step_handle(struct talk *t, const char *text)
{
    copy(t->next.handle, sizeof t->next.handle, text);
}

static void step_reason(struct talk *t, const char *text)
{
    copy(t->next.reason, sizeof t->next.reason, text);
}

static void step_user(struct talk *t, const char *text)
{
    copy(t->next.user, sizeof t->next.user, text);
}

static void step_nonce(struct talk *t, const char *unused)
{
    (void)unused;
    t->next.nonce[PROTOCOL_NONCE_SIZE - 1] ^= 1;
}

static void step_with_fds(struct talk *t, const char *unused)
{
    (void)unused;
    t->with_fds = true;
}

static void step_sleep(struct talk *t, const char *number)
{
    (void)t;
    usleep((useconds_t)strtoul(number, NULL, 0) * 1000);
}

static void step_hold(struct talk *t, const char *unused)
{
    (void)t;
    (void)unused;
    for (;;)
        pause();
}

static void step_recv(struct talk *t, const char *unused)
{
    (void)unused;
    receive(t);
}

static const struct {
    const char *name; /* up to where its value begins */
    void (*play)(struct talk *t, const char *value);
} steps[] = {
    {"prelim=", step_prelim},    {"recv", step_recv},
    {"prompt:", step_prompt},    {"info=", step_info},
    {"refused=", step_refused},  {"versions", step_versions},
    {"handle=", step_handle},    {"reason=", step_reason},
    {"user=", step_user},        {"nonce=bad", step_nonce},
    {"raw=", step_raw},          {"size=", step_size},
    {"with-fds", step_with_fds}, {"verdict=", step_verdict},
    {"sleep=", step_sleep},      {"verdict-if=", step_verdict_if},
    {"hold", step_hold},
};

static void play(struct talk *t, const char *step)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strncmp(step, steps[i].name, strlen(steps[i].name)) == 0) {
            steps[i].play(t, step + strlen(steps[i].name));
            return;
        }
    fprintf(stderr, "fakeauthcd: no step \"%s\"\n", step);
    exit(2);
}

static void serve(int fd, int n, char **script)
{
    static struct talk t;
    int on = 1;
    t.fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    for (int i = 0; i < n; i++) {
        if (strncmp(script[i], "goto=", 5) == 0)
            i = atoi(script[i] + 5) - 2;
        else
            play(&t, script[i]);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    copy(a.sun_path, sizeof a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || chmod(path, 0666) < 0 || listen(fd, 128) < 0)
        die(path);
    return fd;
}

static volatile sig_atomic_t ending;

static void on_term(int number)
{
    (void)number;
    ending = 1;
}

static void accept_one(int listener, int n, char **script)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a talk on hold ends with the test */
        close(listener);
        serve(fd, n, script);
        exit(0);
    }
    close(fd);
}

/* At SIGTERM: those who are connected get half a second, so that all they sent was printed. */
static void finish(int listener, int n, char **script)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    while (poll(&p, 1, 0) > 0)
        accept_one(listener, n, script);
    ualarm(500000, 0);
    while (wait(NULL) > 0)
        ;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: fakeauthcd SOCKET STEP...\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    signal(SIGCHLD, SIG_IGN);
    alarm(120);
    int listener = listen_at(argv[1]);
    puts("ready");
    while (!ending)
        accept_one(listener, argc - 2, argv + 2);
    finish(listener, argc - 2, argv + 2);
    return 0;
}
