/* SPDX-License-Identifier: MIT
 *
 * See listeners.h. Whoever is turned away hears why at once: a peer that hears nothing would wait for its own timeout.
 */
#include "listeners.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "closer.h"
#include "log.h"

enum { CLOSING_MAX = 64 };
#define TELL_MS INT64_C(60000)

static int watch(struct listeners *l, size_t which)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &l->fds[which]};

    return l->fds[which] >= 0 && epoll_ctl(l->epolls[which], EPOLL_CTL_ADD, l->fds[which], &event) < 0 ? -errno : 0;
}

int listeners_watch(struct listeners *l)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        int error = watch(l, i);
        if (error < 0)
            return error;
    }
    l->watched = true;
    l->user_rests = false;
    return 0;
}

/* Somebody sends descriptors that take their time to close, one connection after the other. Each is one of our own
 * descriptors until then, so nobody but root is let in as long as there are this many. */
static bool must_rest(struct listeners *l, int fd)
{
    if (fd != l->fds[SOCKETS_USER] || closer_busy() < CLOSING_MAX)
        return false;
    if (l->watched && !l->user_rests) {
        log_warning("%u connections do not close: user.sock is left alone until they have", closer_busy());
        epoll_ctl(l->epolls[SOCKETS_USER], EPOLL_CTL_DEL, fd, NULL);
        l->user_rests = true;
    }
    return true;
}

void listeners_wake_user(struct listeners *l)
{
    if (l->watched && l->user_rests && closer_busy() < CLOSING_MAX && watch(l, SOCKETS_USER) == 0)
        l->user_rests = false;
}

void listeners_unwatch(struct listeners *l)
{
    for (size_t i = 0; i < SOCKETS_COUNT && l->watched; i++)
        if (l->fds[i] >= 0)
            epoll_ctl(l->epolls[i], EPOLL_CTL_DEL, l->fds[i], NULL);
    l->watched = false;
}

void listeners_shut(struct listeners *l)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++)
        if (l->fds[i] >= 0)
            shutdown(l->fds[i], SHUT_RDWR);
}

const int *listeners_find(const struct listeners *l, const void *pointer)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++)
        if (pointer == &l->fds[i])
            return &l->fds[i];
    return NULL;
}

/* Not a line each: whoever can be turned away could fill the journal. */
static void tell(struct listeners *l, uint32_t uid, bool heard, int64_t now_ms)
{
    l->turned_away++;
    l->turned_away_ever++;
    if (l->told_ms && now_ms - l->told_ms < TELL_MS)
        return;
    log_warning("%u connections were turned away, the last of uid %u, which %s told", l->turned_away, uid,
                heard ? "was" : "could not be");
    l->turned_away = 0;
    l->told_ms = now_ms;
}

static void turn_away(struct listeners *l, struct conn *c, int64_t now_ms)
{
    struct step step = {0};

    if (step_refuse(&step, REFUSAL_BUSY, "too many connections: try again later") == 0)
        conn_take(c, &step, now_ms);
    step_clear(&step);
    tell(l, c->peer.uid, conn_flush(c, now_ms) == 0, now_ms);
    conn_free(c);
}

static bool has_place(struct listeners *l, const struct crowd *crowd, uint32_t uid)
{
    return crowd_admits(crowd, uid) || (uid == 0 && l->make_way && l->make_way(l->userdata));
}

static void let_in(struct listeners *l, int fd, struct crowd *crowd, int64_t now_ms)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct conn *c = NULL;

    if (conn_new(fd, ++crowd->tokens, now_ms, &c) < 0) {
        closer_close(fd);
        return;
    }
    event.data.ptr = c;
    c->epoll = l->epolls[c->peer.uid == 0 ? SOCKETS_SYSTEM : SOCKETS_USER];
    if (!has_place(l, crowd, c->peer.uid) || epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        turn_away(l, c, now_ms);
        return;
    }
    c->events = event.events;
    crowd_add(crowd, c);
}

bool listeners_accept(struct listeners *l, int fd, struct crowd *crowd, int64_t now_ms)
{
    if (must_rest(l, fd))
        return false;
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (accepted >= 0) {
        let_in(l, accepted, crowd, now_ms);
        return true;
    }
    if (errno == ECONNABORTED || errno == EINTR)
        return true;
    if (errno != EAGAIN && l->watched) { /* would be tried again at once, for ever */
        log_error("cannot accept connections: %s", strerror(errno));
        listeners_unwatch(l);
    }
    return false;
}
