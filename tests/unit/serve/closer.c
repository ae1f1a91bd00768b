/* SPDX-License-Identifier: MIT
 *
 * Closing a peer's socket never waits, whatever the peer left in it (W5): a TCP socket that lingers, alone, behind
 * other packets, within another socket, or after a reset. The user's listening socket rests while too many of them
 * close.
 */
#include "closer.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "listeners.h"
#include "tap.h"

enum { SHORT_S = 2, LONG_S = 30, AT_ONCE_MS = 500, MANY = 64 };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A connection that nobody reads, full, whose last close waits. */
static int slow_socket(int seconds, int *ret_other)
{
    const struct linger linger = {1, seconds};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    static const char bytes[65536];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(listener, (struct sockaddr *)&a, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &len) < 0 || connect(fd, (struct sockaddr *)&a, len) < 0 ||
        (*ret_other = accept(listener, NULL, NULL)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        abort();
    while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    close(listener);
    return fd;
}

static void send_fd(int to, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fd)];
    } control = {0};
    struct iovec iov = {(char[]){'x'}, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(to, &m, 0) != 1)
        abort();
    close(fd);
}

static void pair(int fds[2])
{
    static const int on = 1;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
        setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        abort();
}

static void closes_at_once(int fd, unsigned busy, const char *what)
{
    int64_t start = now_ms();

    closer_close(fd);
    ok(now_ms() - start < AT_ONCE_MS, "%s: closed without a wait", what);
    is_int(closer_busy(), busy, "%s: %u threads wait for it", what, busy);
}

/* Closes the far ends of slow sockets: there is nothing left to linger for. */
static void hang_up(const int *others, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(others[i]);
    for (int i = 0; i < 1000 && closer_busy() > 0; i++)
        poll(NULL, 0, 10);
    is_int(closer_busy(), 0, "in the end all are closed");
}

static void harmless(void)
{
    char byte;
    int fds[2];

    pair(fds);
    closes_at_once(fds[0], 0, "nothing left");
    is_int(recv(fds[1], &byte, 1, 0), 0, "the peer is hung up on");
    close(fds[1]);
    pair(fds);
    for (int i = 0; i < 50; i++)
        ok(send(fds[1], "xy", (size_t)(i % 3), 0) == i % 3, "a packet");
    closes_at_once(fds[0], 0, "packets nobody read");
    is_int(recv(fds[1], &byte, 1, 0), 0, "the peer sees an end, no reset");
    close(fds[1]);
}

/* False: somebody waited. */
static bool slow(void)
{
    int fds[2], inner[2], others[4], open_end;
    int64_t start = now_ms();

    pair(fds);
    send_fd(fds[1], slow_socket(SHORT_S, &others[0]));
    open_end = fds[1];
    closes_at_once(fds[0], 1, "a lingering socket");
    pair(fds);
    ok(send(fds[1], "x", 1, 0) == 1 && send(fds[1], "", 0, 0) == 0, "two packets");
    send_fd(fds[1], slow_socket(SHORT_S, &others[1]));
    close(fds[1]);
    closes_at_once(fds[0], 2, "one behind other packets");
    pair(fds);
    pair(inner);
    send_fd(inner[1], slow_socket(SHORT_S, &others[2]));
    close(inner[1]);
    send_fd(fds[1], inner[0]);
    close(fds[1]);
    closes_at_once(fds[0], 3, "one within another socket");
    pair(fds);
    send_fd(fds[1], slow_socket(SHORT_S, &others[3]));
    ok(send(fds[0], "x", 1, 0) == 1 && close(fds[1]) == 0,
       "a peer that leaves a packet unread, so that we see a reset");
    closes_at_once(fds[0], 4, "one behind a reset");
    bool at_once = now_ms() - start < SHORT_S * 1000;
    hang_up(others, 4);
    close(open_end);
    return at_once;
}

/* A listening socket of that name, without a file. */
static int listen_at(struct sockaddr_un *a, const char *name)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "authc-closer-%s-%d", name, (int)getpid());
    if (bind(fd, (struct sockaddr *)a, sizeof *a) < 0 || listen(fd, 8) < 0)
        abort();
    return fd;
}

static int knock(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)a, sizeof *a) < 0)
        abort();
    return fd;
}

static void rests(void)
{
    struct sockaddr_un system_at, user_at;
    struct listeners l = {.epolls = {epoll_create1(EPOLL_CLOEXEC), epoll_create1(EPOLL_CLOEXEC)}};
    static struct crowd crowd;
    int others[MANY], fds[2];

    crowd_init(&crowd, CROWD_MAX);
    l.fds[SOCKETS_SYSTEM] = listen_at(&system_at, "system");
    l.fds[SOCKETS_USER] = listen_at(&user_at, "user");
    is_int(listeners_watch(&l), 0, "both sockets are watched");
    for (size_t i = 0; i < MANY; i++) {
        pair(fds);
        send_fd(fds[1], slow_socket(LONG_S, &others[i]));
        close(fds[1]);
        closer_close(fds[0]);
    }
    is_int(closer_busy(), MANY, "so many do not close");
    int at_system = knock(&system_at), at_user = knock(&user_at);
    ok(!listeners_accept(&l, l.fds[SOCKETS_USER], &crowd, 0) && crowd.n == 0, "nobody is let in at user.sock");
    ok(l.user_rests, "which rests");
    ok(listeners_accept(&l, l.fds[SOCKETS_SYSTEM], &crowd, 0) && crowd.n == 1, "root is, at system.sock");
    listeners_wake_user(&l);
    ok(l.user_rests, "as long as they do not close");
    hang_up(others, MANY);
    listeners_wake_user(&l);
    ok(!l.user_rests && listeners_accept(&l, l.fds[SOCKETS_USER], &crowd, 0) && crowd.n == 2,
       "then user.sock is served again");
    for (struct conn *c; (c = TAILQ_FIRST(&crowd.all));) {
        crowd_remove(&crowd, c);
        conn_free(c);
    }
    close(at_system);
    close(at_user);
    close(l.fds[SOCKETS_SYSTEM]);
    close(l.fds[SOCKETS_USER]);
    close(l.epolls[SOCKETS_SYSTEM]);
    close(l.epolls[SOCKETS_USER]);
}

int main(void)
{
    harmless();
    if (slow()) /* else it would take for ever */
        rests();
    return tap_done();
}
