/* SPDX-License-Identifier: MIT
 *
 * Sends every truncation and every single-byte change of specimen packets to authcd, and judges what comes back:
 *
 *   wirenoise SOCKET UID EVERY < specimens     a packet a line, in hexadecimal; EVERY 1: all variants, n: one in n
 *
 * A variant that is no message must be refused and the connection closed; one that is a message must be answered as
 * that message is. Every reply has to decode and to re-encode to its own bytes. One connection carries as many requests
 * as the protocol lets it. Prints `sent N refused N answered N wrong N`; details of what is wrong go to stderr.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "msg.h"

enum { SPECIMENS_MAX = 128, SPECIMEN_BYTES = 512, THREADS = 4, VARIANTS = 256, PATIENCE_MS = 20000, SHOWN_MAX = 20 };

static struct {
    size_t len;
    unsigned char bytes[SPECIMEN_BYTES];
} specimens[SPECIMENS_MAX];

static size_t n_specimens;
static unsigned long every;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static atomic_ulong next, n_sent, n_refused, n_answered, n_wrong;

struct peer {
    int fd;
    struct msg out, in;
    unsigned char packet[PROTOCOL_PACKET_MAX + 1], again[PROTOCOL_PACKET_MAX];
    size_t len;
};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- the wire ---- */

static void hang_up(struct peer *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static void connect_peer(struct peer *p)
{
    if (p->fd >= 0)
        return;
    p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
}

static int send_packet(struct peer *p, const unsigned char *bytes, size_t len)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))] = {0};
    unsigned char copy[SPECIMEN_BYTES];
    struct iovec iov = {memcpy(copy, bytes, len), len};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    const struct ucred self = {getpid(), geteuid(), getegid()};

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof self);
    memcpy(CMSG_DATA(c), &self, sizeof self);
    return sendmsg(p->fd, &m, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

/* 1: a canonical reply in p->in; 0: the end; -EBADMSG: anything else; -errno. */
static int receive(struct peer *p)
{
    /* A recv(2) that waits by itself can miss the last packet of a peer that then hangs up. */
    struct pollfd in = {.fd = p->fd, .events = POLLIN};
    ssize_t n = poll(&in, 1, PATIENCE_MS) == 1 ? recv(p->fd, p->packet, sizeof p->packet, MSG_DONTWAIT) : -1;
    size_t len = 0;

    if (n <= 0)
        return n == 0 || errno == ECONNRESET ? 0 : -errno;
    if (n > PROTOCOL_PACKET_MAX || msg_decode(p->packet, (size_t)n, &p->in) < 0 ||
        msg_type(p->in.number)->direction != MSG_REPLY || msg_encode(&p->in, p->again, sizeof p->again, &len) < 0 ||
        len != (size_t)n || memcmp(p->packet, p->again, len) != 0)
        return -EBADMSG;
    return 1;
}

/* ---- what has to come back ---- */

static const char *must_end(struct peer *p)
{
    bool over = receive(p) == 0;

    hang_up(p);
    return over ? NULL : "not closed";
}

static const char *must_refuse(struct peer *p, bool version)
{
    int got = receive(p);
    if (got != 1)
        return got == 0 ? "hung up on without a word" : "no canonical reply to what is no message";
    if (version ? p->in.number != MSG_versions : p->in.number != MSG_refused || p->in.refused.error != REFUSAL_PROTOCOL)
        return "what is no message was not refused as such";
    n_refused++;
    return must_end(p);
}

/* A uid that is not root may have only so much written: then it is told so, and hung up on. */
static bool over_budget(const struct peer *p)
{
    return getuid() != 0 && p->in.number == MSG_refused && p->in.refused.error == REFUSAL_BUSY;
}

static const char *must_converse(struct peer *p)
{
    int got;

    while ((got = receive(p)) == 1 && p->in.number == MSG_info)
        ;
    if (got != 1)
        return "no canonical answer to a login";
    n_answered++;
    enum msg_number number = p->in.number;
    bool refused = number == MSG_refused;
    hang_up(p);
    if (refused)
        return p->in.refused.error == REFUSAL_PROTOCOL || p->in.refused.error == REFUSAL_NOT_ALLOWED || over_budget(p)
                   ? NULL
                   : "a login was refused for a reason of its own";
    return number == MSG_prompt || number == MSG_verdict ? NULL : "a login was answered with something else";
}

/* A login's next word and what would end one: the connection does not survive them. The rest may be asked again. */
static const char *must_answer(struct peer *p)
{
    int got;

    if (p->out.number == MSG_begin)
        return must_converse(p);
    if (p->out.number == MSG_answer)
        return must_refuse(p, false);
    if (p->out.number == MSG_abort)
        return must_end(p);
    while ((got = receive(p)) == 1 && p->in.number >= MSG_row_user)
        ;
    if (got != 1)
        return "no canonical reply to a request";
    n_answered++;
    if (p->in.number == MSG_end)
        return NULL;
    if (over_budget(p))
        return must_end(p);
    if (p->in.number != MSG_refused)
        return "a request was answered with something else";
    return p->in.refused.error == REFUSAL_PROTOCOL || p->in.refused.error == REFUSAL_UNAVAILABLE ||
                   p->in.refused.error == REFUSAL_BUSY
               ? "a request was refused as if it were none, or could not be done"
               : NULL;
}

static const char *judge(struct peer *p, const unsigned char *bytes, size_t len)
{
    connect_peer(p);
    if (send_packet(p, bytes, len) < 0)
        return "cannot send";
    n_sent++;
    int error = msg_decode(bytes, len, &p->out);
    if (error < 0)
        return must_refuse(p, error == -EPROTONOSUPPORT);
    return msg_type(p->out.number)->direction == MSG_REQUEST ? must_answer(p) : must_refuse(p, false);
}

/* ---- the variants ---- */

static void wrong(const struct peer *p, const unsigned char *bytes, size_t len, const char *what)
{
    if (n_wrong++ >= SHOWN_MAX)
        return;
    char hex[2 * SPECIMEN_BYTES + 1] = "";
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    fprintf(stderr, "%s (last reply %d %s): %s\n", what, (int)p->in.number,
            p->in.number == MSG_refused ? p->in.refused.text : "", hex);
}

/* Number i of all variants; false: there are no more. */
static bool variant(unsigned long i, unsigned char *bytes, size_t *ret_len)
{
    size_t which = 0;

    while (which < n_specimens && i >= specimens[which].len * VARIANTS)
        i -= specimens[which++].len * VARIANTS;
    if (which == n_specimens)
        return false;
    size_t at = i / VARIANTS, how = i % VARIANTS;
    memcpy(bytes, specimens[which].bytes, specimens[which].len);
    bytes[at] ^= (unsigned char)how;
    *ret_len = how == 0 ? at : specimens[which].len;
    return true;
}

static void *work(void *argument)
{
    struct peer *p = calloc(1, sizeof *p);
    unsigned char bytes[SPECIMEN_BYTES];
    size_t len;

    (void)argument;
    if (p == NULL)
        die("calloc");
    p->fd = -1;
    while (n_wrong < SHOWN_MAX && variant(every * next++, bytes, &len)) {
        const char *what = judge(p, bytes, len);
        if (what == NULL)
            continue;
        wrong(p, bytes, len, what);
        hang_up(p);
    }
    hang_up(p);
    free(p);
    return NULL;
}

static void read_specimens(void)
{
    char line[2 * SPECIMEN_BYTES + 2];
    unsigned byte;

    while (n_specimens < SPECIMENS_MAX && fgets(line, sizeof line, stdin)) {
        size_t *len = &specimens[n_specimens].len;
        while (*len < SPECIMEN_BYTES && sscanf(line + 2 * *len, "%2x", &byte) == 1)
            specimens[n_specimens].bytes[(*len)++] = (unsigned char)byte;
        n_specimens++;
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];

    if (argc != 4 || strlen(argv[1]) >= sizeof address.sun_path || (every = strtoul(argv[3], NULL, 10)) == 0) {
        fputs("usage: wirenoise SOCKET UID EVERY < specimens\n", stderr);
        return 2;
    }
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    read_specimens();
    uid_t uid = (uid_t)strtoul(argv[2], NULL, 10);
    if (uid != 0 && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
        die("setresuid");
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            die("pthread_create");
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("sent %lu refused %lu answered %lu wrong %lu\n", n_sent, n_refused, n_answered, n_wrong);
    return n_wrong ? 1 : 0;
}
