/* SPDX-License-Identifier: MIT
 *
 * See traffic.h. A connection is only ever freed by traffic_reap, so that no pointer of epoll's batch dangles.
 */
#include "traffic.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clocks.h"
#include "log.h"

enum { PACKETS_MAX = 64, RETRIES_MAX = 64, FILES_KEPT = 128, ROOM_PART = 9 };
#define SILENT_MS INT64_C(1000)
#define BUDGET_US INT64_C(2000)

void traffic_start(struct traffic *t)
{
    t->packets = 0;
    t->start_us = clocks_monotonic_us();
    clocks_read(&t->d->now);
}

static bool is_over(const struct traffic *t)
{
    return t->packets >= PACKETS_MAX || clocks_monotonic_us() - t->start_us >= BUDGET_US;
}

static struct dispatch_from from(struct conn *c)
{
    return (struct dispatch_from){&c->peer, &c->login, &c->seat};
}

/* ---- what a step does ---- */

static void wake(struct traffic *t, const struct step *step)
{
    for (size_t i = 0; i < step->n_settled; i++)
        lists_settled(&t->lists, step->settled[i]);
}

/* What a step does to its connection, and to those who waited for what it settled. */
static void apply(struct traffic *t, struct conn *c, struct step *step)
{
    lists_note_waiting(&t->lists, c);
    wake(t, step);
    conn_take(c, step, t->d->now.boot_ms);
    step_clear(step);
    c->seat.answered |= login_has_answered(c->login);
    if (c->held_until_ms > t->d->now.boot_ms)
        lists_hold(&t->lists, c);
    else if (!login_is_open(c->login))
        room_leave(&t->room, &c->seat);
    if (!login_is_open(c->login)) { /* what it typed need not wait for the verdict to leave */
        login_free(c->login);
        c->login = NULL;
    }
    lists_touch(&t->lists, c);
}

/* ---- who has to leave ---- */

static struct conn *conn_of(struct room_seat *seat)
{
    return (struct conn *)((char *)seat - offsetof(struct conn, seat));
}

static void make_leave(struct traffic *t, struct room_seat *seat)
{
    struct conn *c = conn_of(seat);
    struct step step = {0};

    room_leave(&t->room, seat);
    t->crowd.leaving += !c->leaving;
    c->leaving = true;
    if (c->dead)
        return;
    conn_discard(c);
    lists_release(&t->lists, c);
    dispatch_busy(t->d, from(c), &step);
    apply(t, c, &step);
}

/* Whoever connected and then said nothing: a module, or a tool, does both at once. */
static struct conn *find_silent(const struct traffic *t)
{
    struct conn *c;

    TAILQ_FOREACH (c, &t->crowd.all, all)
        if (c->packets == 0 && !c->dead && c->deadline_ms - CONN_PROGRAM_MS + SILENT_MS <= t->d->now.boot_ms)
            return c;
    return NULL;
}

static bool make_way(void *userdata)
{
    struct traffic *t = userdata;
    struct conn *silent = find_silent(t);
    struct room_seat *seat = silent ? NULL : room_first_to_leave(&t->room, 1);

    if (silent) {
        silent->leaving = true;
        t->crowd.leaving++;
        lists_die(&t->lists, silent);
    } else if (seat)
        make_leave(t, seat);
    return silent || seat;
}

/* ---- what comes in ---- */

static void receive(struct traffic *t, struct conn *c)
{
    struct step step = {0};
    const char *what = "";
    size_t len = 0;
    int error = conn_receive(c, t->packet, &len, &what);

    if (error == -EAGAIN)
        return;
    t->packets++;
    clocks_read(&t->d->now);
    if (error == -ECONNRESET) { /* a packet may have been looked at, and its sender gone before it was taken */
        explicit_bzero(t->packet, sizeof t->packet);
        lists_die(&t->lists, c);
        return;
    }
    c->peer.proved = c->peer.proved && t->d->now.boot_ms < c->proved_until_ms;
    if (error < 0)
        dispatch_malformed(&step, what);
    else
        dispatch_packet(t->d, from(c), t->packet, len, &step);
    explicit_bzero(t->packet, sizeof t->packet);
    apply(t, c, &step);
    if (t->d->makes_way)
        make_leave(t, t->d->makes_way);
    t->d->makes_way = NULL;
}

/* A hash is back. Whoever wanted it may be gone: then it only counts. */
static void come_back(struct traffic *t, struct password_job *job, uint64_t token)
{
    struct conn *c = crowd_find(&t->crowd, token);
    struct step step = {0};

    t->packets++;
    t->d->counters->hashes += job->hashes;
    if (c && !c->dead) {
        c->hashing = false;
        clocks_read(&t->d->now);
        dispatch_hashed(t->d, from(c), job, &step);
        apply(t, c, &step);
    }
    password_job_free(job);
}

static void take_hashes(struct traffic *t)
{
    struct password_job *job;
    uint64_t token;

    while (!is_over(t) && (job = pool_take(t->d->pool, &token)))
        come_back(t, job, token);
}

static void accept_some(struct traffic *t, int fd)
{
    clocks_read(&t->d->now);
    while (!is_over(t) && listeners_accept(&t->listeners, fd, &t->crowd, t->d->now.boot_ms))
        t->packets++;
    t->d->counters->connected = (int64_t)t->crowd.tokens;
    t->d->counters->turned_away[COUNTERS_CONNECTIONS] = t->listeners.turned_away_ever;
    t->d->counters->connections = t->crowd.n;
}

static void handle(struct traffic *t, const struct epoll_event *event)
{
    const int *listener = listeners_find(&t->listeners, event->data.ptr);
    struct conn *c = event->data.ptr;

    if (listener)
        accept_some(t, *listener);
    else if (event->data.ptr == t)
        take_hashes(t);
    else if (event->data.ptr == t->epolls || c->dead)
        return;
    else if (event->events & conn_interest(c) & EPOLLIN)
        receive(t, c);
    else if (event->events & (EPOLLHUP | EPOLLERR))
        lists_die(&t->lists, c);
    else
        lists_touch(&t->lists, c);
}

void traffic_take_in(struct traffic *t)
{
    struct epoll_event events[PACKETS_MAX];

    for (size_t which = 0; which < SOCKETS_COUNT; which++) {
        int n = epoll_wait(t->epolls[which], events, PACKETS_MAX, 0);
        traffic_start(t);
        for (int i = 0; i < n && (i == 0 || !is_over(t)); i++)
            handle(t, &events[i]);
    }
}

void traffic_release(struct traffic *t)
{
    struct conn *c;

    while ((c = lists_take_held(&t->lists, t->d->now.boot_ms)))
        lists_touch(&t->lists, c);
}

void traffic_sweep(struct traffic *t)
{
    struct conn *c;

    TAILQ_FOREACH (c, &t->crowd.all, all)
        if (c->deadline_ms <= t->d->now.boot_ms)
            lists_die(&t->lists, c);
    if (!t->draining && !t->listeners.watched && listeners_watch(&t->listeners) < 0)
        log_error("cannot listen: %s", strerror(errno));
    listeners_wake_user(&t->listeners);
}

/* ---- what comes of it ---- */

void traffic_reap(struct traffic *t)
{
    struct conn *c;

    while ((c = TAILQ_FIRST(&t->lists.dead))) {
        struct step step = {0};
        if (c->login)
            dispatch_gone(t->d, from(c), &step);
        wake(t, &step);
        step_clear(&step);
        lists_forget(&t->lists, c);
        if (c->hashing)
            pool_forget(t->d->pool, c->token);
        room_leave(&t->room, &c->seat);
        crowd_remove(&t->crowd, c);
        epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->fd, NULL); /* its descriptor may outlive it for a while */
        conn_free(c);
    }
    t->d->counters->connections = t->crowd.n;
}

/* Where one no longer waits, the next one for the same row may look; where one must wait on, so must they. */
bool traffic_retry(struct traffic *t)
{
    struct conn *c = NULL;
    unsigned n = 0;

    while (n++ < RETRIES_MAX && (c = lists_take_retry(&t->lists))) {
        struct step step = {0};
        int64_t tag = c->waits_for;
        clocks_read(&t->d->now);
        dispatch_retry(t->d, from(c), &step);
        apply(t, c, &step);
        if (c->waits_for != tag)
            lists_settled(&t->lists, tag);
    }
    return c != NULL;
}

/* ---- what goes out ---- */

/* False: there is no room. That is an answer of its own, and goes through another round. */
static bool submit(struct traffic *t, struct conn *c)
{
    struct password_job *job = c->job;

    c->job = NULL;
    if (!job)
        return true;
    c->hashing = true;
    if (pool_submit(t->d->pool, job, c->token) == 0)
        return true;
    job->result = -ENOMEM;
    come_back(t, job, c->token);
    return false;
}

static void watch(struct traffic *t, struct conn *c)
{
    struct epoll_event event = {.events = conn_interest(c), .data.ptr = c};

    if (event.events == c->events)
        return;
    if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &event) < 0)
        lists_die(&t->lists, c);
    c->events = event.events;
}

static void let_out(struct traffic *t, struct conn *c)
{
    int error = c->is_held ? -EAGAIN : conn_flush(c, t->d->now.boot_ms);

    if (error == -ECONNRESET || (error == 0 && c->closing))
        lists_die(&t->lists, c);
    else
        watch(t, c);
}

void traffic_let_out(struct traffic *t)
{
    struct lists ready;
    struct conn *c;

    lists_init(&ready); /* whoever is touched from here on has not been synced */
    TAILQ_CONCAT(&ready.touched, &t->lists.touched, touched);
    while ((c = lists_take_touched(&ready)))
        if (submit(t, c))
            let_out(t, c);
}

bool traffic_is_settled(const struct traffic *t)
{
    return TAILQ_EMPTY(&t->lists.dead) && TAILQ_EMPTY(&t->lists.touched);
}

int64_t traffic_next_release_ms(const struct traffic *t)
{
    const struct conn *c = TAILQ_FIRST(&t->lists.held);

    return c ? c->held_until_ms : 0;
}

bool traffic_wants_sweep(const struct traffic *t)
{
    return t->crowd.n > 0 || !t->listeners.watched || t->listeners.user_rests;
}

/* ---- start and end ---- */

static unsigned connections_max(void)
{
    struct rlimit files = {0};

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= CROWD_RESERVE + FILES_KEPT)
        return CROWD_RESERVE;
    return files.rlim_cur > CROWD_MAX + FILES_KEPT ? CROWD_MAX : (unsigned)files.rlim_cur - FILES_KEPT;
}

static int watch_in_first(const struct traffic *t, int fd, void *as)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = as};

    return epoll_ctl(t->epolls[0], EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int traffic_open(struct traffic *t, struct dispatch *d, const struct sockets *sockets)
{
    t->d = d;
    crowd_init(&t->crowd, connections_max());
    lists_init(&t->lists);
    room_init(&t->room, t->crowd.max - t->crowd.max / ROOM_PART);
    d->room = &t->room;
    t->listeners.make_way = make_way;
    t->listeners.userdata = t;
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        t->epolls[i] = t->listeners.epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        t->listeners.fds[i] = sockets->fds[i];
    }
    if (t->epolls[SOCKETS_SYSTEM] < 0 || t->epolls[SOCKETS_USER] < 0)
        return -errno;
    int error = watch_in_first(t, t->epolls[SOCKETS_USER], t->epolls);
    if (error < 0 || (d->pool && (error = watch_in_first(t, pool_fd(d->pool), t)) < 0))
        return error;
    return listeners_watch(&t->listeners);
}

void traffic_end_all(struct traffic *t)
{
    struct conn *c;

    TAILQ_FOREACH (c, &t->crowd.all, all)
        lists_die(&t->lists, c);
    traffic_reap(t);
}

void traffic_close(struct traffic *t)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++)
        if (t->epolls[i] >= 0)
            close(t->epolls[i]);
}

void traffic_drain(struct traffic *t, bool handed)
{
    struct conn *c;

    for (unsigned i = 0; i < CROWD_MAX && !handed; i++)
        for (size_t which = 0; which < SOCKETS_COUNT; which++)
            listeners_accept(&t->listeners, t->listeners.fds[which], &t->crowd, t->d->now.boot_ms);
    listeners_unwatch(&t->listeners);
    if (!handed)
        listeners_shut(&t->listeners);
    t->draining = true;
    TAILQ_FOREACH (c, &t->crowd.all, all)
        if (!c->login && c->packets > 0 && !c->first)
            lists_die(&t->lists, c);
}
