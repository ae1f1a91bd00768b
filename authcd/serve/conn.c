/* SPDX-License-Identifier: MIT
 *
 * See conn.h. Two sources of identity have to agree on every packet: who connected (SO_PEERCRED) and who sent
 * (SCM_CREDENTIALS), because a descriptor can be inherited or passed on.
 */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "closer.h"
#include "proc.h"

int conn_new(int fd, uint64_t token, int64_t now_ms, struct conn **ret)
{
    static const int on = 1, room = PROTOCOL_PACKET_MAX;
    struct ucred who;
    socklen_t len = sizeof who;
    struct conn *c;

    /* Inherited from the listening socket, on newer kernels as it was when the peer connected: perhaps before we ran.
     */
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
        /* What thousands of peers do not read is this machine's memory: not the usual 208 KiB for each. */
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
        return -errno;
    if (!(c = calloc(1, sizeof *c)))
        return -ENOMEM;
    c->fd = fd;
    c->token = token;
    c->peer = (struct peer){.uid = who.uid, .pid = who.pid, .audit_session = PROTOCOL_NO_SESSION};
    if (who.uid == 0)
        c->peer.started = proc_started(who.pid);
    else
        c->peer.audit_session = proc_audit_session(who.pid);
    c->deadline_ms = now_ms + CONN_PROGRAM_MS;
    *ret = c;
    return 0;
}

static struct reply *pop(struct conn *c)
{
    struct reply *r = c->first;

    c->first = r->next;
    if (!c->first)
        c->last = NULL;
    c->n_out--;
    r->next = NULL;
    return r;
}

static void reply_free(struct reply *r)
{
    struct step s = {.first = r, .last = r};

    step_clear(&s);
}

void conn_discard(struct conn *c)
{
    while (c->first)
        reply_free(pop(c));
    password_job_free(c->job);
    c->job = NULL;
    c->held_until_ms = 0;
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    conn_discard(c);
    login_free(c->login);
    closer_close(c->fd);
    free(c);
}

/* ---- in ---- */

/* How many credentials came, the last of them in *ret_who. */
static size_t read_credentials(struct msghdr *m, struct ucred *ret_who)
{
    size_t n = 0;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(m); cmsg; cmsg = CMSG_NXTHDR(m, cmsg))
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_CREDENTIALS &&
            cmsg->cmsg_len == CMSG_LEN(sizeof *ret_who)) {
            memcpy(ret_who, CMSG_DATA(cmsg), sizeof *ret_who);
            n++;
        }
    return n;
}

static int judge(const struct conn *c, struct msghdr *m, const char **ret_what)
{
    struct ucred who = {.uid = PROTOCOL_NO_UID};
    size_t credentials = read_credentials(m, &who);

    if (m->msg_flags & MSG_CTRUNC) {
        *ret_what = "a packet with file descriptors";
        return -EPROTO;
    }
    if (credentials != 1 || who.uid != c->peer.uid) {
        *ret_what = "a packet that another uid sent than connected";
        return -EPERM;
    }
    if (m->msg_flags & MSG_TRUNC) {
        *ret_what = "a packet that is too long";
        return -EMSGSIZE;
    }
    return 0;
}

/* Peeks first: a packet with descriptors stays where it is, for closer. */
int conn_receive(struct conn *c, unsigned char *packet, size_t *ret_len, const char **ret_what)
{
    union closer_control control = {0};
    struct iovec iov = {packet, PROTOCOL_PACKET_MAX};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_PEEK);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
    if (n == 0 && m.msg_controllen == 0) /* the end; an empty packet still has credentials */
        return -ECONNRESET;
    c->packets++;
    int error = judge(c, &m, ret_what);
    if (!(m.msg_flags & MSG_CTRUNC) && recv(c->fd, NULL, 0, MSG_DONTWAIT) < 0)
        return -ECONNRESET;
    if (error == 0)
        *ret_len = (size_t)n;
    return error;
}

/* ---- out ---- */

/* Who has to act next: us, and then the peer may be silent as long as it takes; a person; a program. */
static void set_deadline(struct conn *c, int64_t now_ms)
{
    if (c->blocked)
        return; /* it has to read first, and its time is running */
    if (c->person)
        c->deadline_ms = now_ms + CONN_PERSON_MS;
    else if (c->job || c->hashing || c->waits_for || c->held_until_ms)
        c->deadline_ms = INT64_MAX;
    else
        c->deadline_ms = now_ms + CONN_PROGRAM_MS;
}

void conn_take(struct conn *c, struct step *step, int64_t now_ms)
{
    for (const struct reply *r = step->first; r; r = r->next)
        c->n_out++;
    if (step->first) {
        *(c->last ? &c->last->next : &c->first) = step->first;
        c->last = step->last;
        step->first = step->last = NULL;
        if (step->not_before_ms > now_ms && step->not_before_ms > c->held_until_ms)
            c->held_until_ms = step->not_before_ms;
    }
    if (step->job) {
        password_job_free(c->job); /* none: a conversation has one hash out at a time */
        c->job = step->job;
        step->job = NULL;
    }
    if (step->proved) {
        c->peer.proved = true;
        c->peer.proved_at = step->proved_at;
        c->proved_until_ms = now_ms + CONN_PROVED_MS;
    }
    c->closing |= step->close;
    c->person = step->person;
    set_deadline(c, now_ms);
}

int conn_flush(struct conn *c, int64_t now_ms)
{
    while (c->first) {
        ssize_t n = send(c->fd, c->first->bytes, c->first->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            if (!c->blocked)
                c->deadline_ms = now_ms + CONN_PROGRAM_MS;
            c->blocked = true;
            return -EAGAIN;
        }
        if (n < 0)
            return -ECONNRESET;
        reply_free(pop(c));
    }
    bool was_ours = c->blocked || c->held_until_ms;
    c->blocked = false;
    c->held_until_ms = 0;
    if (was_ours)
        set_deadline(c, now_ms);
    return 0;
}

uint32_t conn_interest(const struct conn *c)
{
    if (c->blocked)
        return EPOLLOUT;
    return c->closing || c->n_out >= CONN_OUT_MAX ? 0 : EPOLLIN;
}
