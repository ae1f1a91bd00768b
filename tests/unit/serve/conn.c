/* SPDX-License-Identifier: MIT
 *
 * One connection: who sent a packet is checked on each (W5), over-long ones are refused (W2), a peer that does not read
 * is not waited for, and silence has its time.
 */
#include "conn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "closer.h"
#include "tap.h"

static unsigned char packet[PROTOCOL_PACKET_MAX + 100];
static const char *what;

static struct conn *pair(int *ret_peer)
{
    static const int on = 1;
    struct conn *c = NULL;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
        setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 || conn_new(fds[0], 1, 1000, &c) < 0)
        abort();
    *ret_peer = fds[1];
    return c;
}

static int receive(struct conn *c)
{
    size_t len = 0;
    int error = conn_receive(c, packet, &len, &what);
    return error < 0 ? error : (int)len;
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");

    while (d && readdir(d))
        n++;
    closedir(d);
    return n;
}

static void send_with(int fd, int level_type, const void *data, size_t size)
{
    _Alignas(struct cmsghdr) char control[256] = {0};
    struct iovec iov = {packet, 5};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = level_type;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), data, size);
    if (sendmsg(fd, &m, 0) < 0)
        abort();
}

static void comes_in(void)
{
    int peer;
    struct conn *c = pair(&peer);

    is_int(c->peer.uid, geteuid(), "the kernel says who is there");
    is_int(receive(c), -EAGAIN, "nothing there yet");
    ok(send(peer, packet, 10, 0) == 10, "a packet");
    is_int(receive(c), 10, "comes in whole");
    ok(send(peer, packet, PROTOCOL_PACKET_MAX, 0) > 0, "the largest");
    is_int(receive(c), PROTOCOL_PACKET_MAX, "comes in whole too");
    ok(send(peer, packet, PROTOCOL_PACKET_MAX + 1, 0) > 0, "one byte more");
    is_int(receive(c), -EMSGSIZE, "is refused, not cut");
    ok(send(peer, packet, 0, 0) == 0, "an empty packet");
    is_int(receive(c), 0, "is a packet, not the end");
    close(peer);
    is_int(receive(c), -ECONNRESET, "the end is the end");
    conn_free(c);
}

static void with_descriptors(void)
{
    int peer, fds[3] = {0, 1, 2};
    struct conn *c = pair(&peer);
    unsigned before = open_fds();

    send_with(peer, SCM_RIGHTS, fds, sizeof fds);
    is_int(receive(c), -EPROTO, "descriptors that came along break the rules");
    is_int(open_fds(), before, "and were never ours");
    is_int(receive(c), -EPROTO, "nothing behind them is read");
    close(peer);
    conn_free(c);
    for (int i = 0; i < 1000 && closer_busy() > 0; i++)
        poll(NULL, 0, 10);
    is_int(open_fds(), before - 2, "nor are they when it is closed");
}

/* Root may write any uid into SCM_CREDENTIALS: what another process would send on an inherited descriptor. */
static void another_sender(void)
{
    int peer;
    struct conn *c = pair(&peer);
    struct ucred liar = {.pid = getpid(), .uid = 1000, .gid = 1000}, self = {getpid(), geteuid(), getegid()};

    if (geteuid() != 0) {
        ok(1, "not root: cannot send as another # SKIP");
    } else {
        send_with(peer, SCM_CREDENTIALS, &liar, sizeof liar);
        is_int(receive(c), -EPERM, "sent by another uid than connected");
    }
    send_with(peer, SCM_CREDENTIALS, &self, sizeof self);
    is_int(receive(c), 5, "sent by who connected");
    close(peer);
    conn_free(c);
}

static void answer(struct step *step, size_t n)
{
    *step = (struct step){0};
    for (size_t i = 0; i < n; i++)
        if (step_refuse(step, REFUSAL_BUSY, "%0500zu", i) < 0)
            abort();
}

static void goes_out(void)
{
    int peer;
    struct conn *c = pair(&peer);
    struct step step;
    unsigned received = 0;

    answer(&step, 3);
    conn_take(c, &step, 1000);
    ok(!step.first && c->n_out == 3, "the step's replies are the connection's now");
    is_int(conn_flush(c, 1000), 0, "sent");
    for (unsigned i = 0; i < 3; i++)
        received += recv(peer, packet, sizeof packet, MSG_DONTWAIT) > 500;
    is_int(received, 3, "each one packet");
    is_int(conn_interest(c), EPOLLIN, "more may come");
    answer(&step, 2000);
    conn_take(c, &step, 1000);
    is_int(conn_flush(c, 2000), -EAGAIN, "a peer that does not read is not waited for");
    is_int(conn_interest(c), EPOLLOUT, "nothing more is read from it");
    is_int(c->deadline_ms, 2000 + CONN_PROGRAM_MS, "and it has so long to read");
    is_int(conn_flush(c, 3000), -EAGAIN, "asked again");
    is_int(c->deadline_ms, 2000 + CONN_PROGRAM_MS, "trying again gives it no more time");
    close(peer);
    is_int(conn_flush(c, 3000), -ECONNRESET, "hung up: no SIGPIPE");
    conn_free(c);
}

static void times(void)
{
    int peer;
    struct conn *c = pair(&peer);
    struct step step;

    is_int(c->deadline_ms, 1000 + CONN_PROGRAM_MS, "the first packet comes from a program");
    answer(&step, 1);
    step.person = true;
    conn_take(c, &step, 5000);
    is_int(c->deadline_ms, 5000 + CONN_PERSON_MS, "a person may think");
    is_int(conn_flush(c, 5000), 0, "sent");
    step = (struct step){.job = password_job_new(PASSWORD_VERIFY)};
    conn_take(c, &step, 6000);
    ok(c->deadline_ms == INT64_MAX && c->job && !step.job, "it is our turn: no deadline");
    password_job_free(c->job);
    c->job = NULL;
    answer(&step, 1);
    step.not_before_ms = 9000;
    step.close = true;
    conn_take(c, &step, 7000);
    is_int(c->held_until_ms, 9000, "a denial is held");
    ok(c->deadline_ms == INT64_MAX, "and the peer may wait for it");
    is_int(conn_interest(c), 0, "nothing is read any more");
    is_int(conn_flush(c, 9000), 0, "its time has come");
    is_int(c->held_until_ms, 0, "and is over");
    close(peer);
    conn_free(c);
}

int main(void)
{
    comes_in();
    with_descriptors();
    another_sender();
    goes_out();
    times();
    return tap_done();
}
