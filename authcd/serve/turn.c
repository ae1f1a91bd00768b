/* SPDX-License-Identifier: MIT
 *
 * See turn.h. Order within a turn: packets and hashes that came back; who has gone; who waited for what has changed;
 * sync; out. A connection is only ever freed by reap(), so that no pointer of epoll's batch dangles.
 */
#include "turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clocks.h"
#include "leaders.h"
#include "listeners.h"
#include "lists.h"
#include "log.h"

enum { PACKETS_MAX = 64, RETRIES_MAX = 64, FILES_KEPT = 64, EXIT_SYNC_FAILED = 1 };
enum { EXACT_US = 1 }; /* accuracy of the timer that lets denials leave: 0 would mean 250 ms */
#define BUDGET_US INT64_C(2000)
#define SWEEP_US UINT64_C(1000000)

struct turn {
    struct dispatch *d;
    struct journal *journal;
    struct listeners listeners;
    struct crowd crowd;
    struct lists lists;
    struct leaders *leaders; /* NULL without a database */
    int epoll;
    sd_event *loop;
    sd_event_source *io, *hold, *sweep, *again;
    bool handed, draining;
    bool fresh, wrote; /* something was made durable: in this turn; since turn_wrote */
    int64_t start_us;
    unsigned packets;
    unsigned char packet[PROTOCOL_PACKET_MAX];
};

static bool is_over(const struct turn *t)
{
    return t->packets >= PACKETS_MAX || clocks_monotonic_us() - t->start_us >= BUDGET_US;
}

static struct dispatch_from from(struct conn *c)
{
    return (struct dispatch_from){&c->peer, &c->login};
}

/* ---- what comes in ---- */

static void wake(struct turn *t, const struct step *step)
{
    for (size_t i = 0; i < step->n_settled; i++)
        lists_settled(&t->lists, step->settled[i]);
}

/* What a step does to its connection, and to those who waited for what it settled. */
static void apply(struct turn *t, struct conn *c, struct step *step)
{
    lists_note_waiting(&t->lists, c);
    wake(t, step);
    conn_take(c, step, t->d->now.boot_ms);
    step_clear(step);
    if (c->held_until_ms > t->d->now.boot_ms)
        lists_hold(&t->lists, c);
    lists_touch(&t->lists, c);
}

static void receive(struct turn *t, struct conn *c)
{
    struct step step = {0};
    const char *what = "";
    size_t len = 0;
    int error = conn_receive(c, t->packet, &len, &what);

    if (error == -EAGAIN)
        return;
    t->packets++;
    clocks_read(&t->d->now);
    if (error == -ECONNRESET) {
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
}

/* A hash is back. Whoever wanted it may be gone: then it only counts. */
static void come_back(struct turn *t, struct password_job *job, uint64_t token)
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

static void take_hashes(struct turn *t)
{
    struct password_job *job;
    uint64_t token;

    while (!is_over(t) && (job = pool_take(t->d->pool, &token)))
        come_back(t, job, token);
}

static void accept_some(struct turn *t, int fd)
{
    clocks_read(&t->d->now);
    while (!is_over(t) && listeners_accept(&t->listeners, fd, &t->crowd, t->d->now.boot_ms))
        t->packets++;
    t->d->counters->connections = t->crowd.n;
}

static void handle(struct turn *t, const struct epoll_event *event)
{
    const int *listener = listeners_find(&t->listeners, event->data.ptr);
    struct conn *c = event->data.ptr;

    if (listener)
        accept_some(t, *listener);
    else if (event->data.ptr == t)
        take_hashes(t);
    else if (c->dead)
        return;
    else if (event->events & conn_interest(c) & EPOLLIN)
        receive(t, c);
    else if (event->events & (EPOLLHUP | EPOLLERR))
        lists_die(&t->lists, c);
    else
        lists_touch(&t->lists, c);
}

/* ---- the end of a turn ---- */

static void reap(struct turn *t)
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
        crowd_remove(&t->crowd, c);
        epoll_ctl(t->epoll, EPOLL_CTL_DEL, c->fd, NULL); /* its descriptor may outlive it for a while */
        conn_free(c);
    }
    t->d->counters->connections = t->crowd.n;
}

/* First come, first served: where one no longer waits, the next one for the same row may look; where one must wait on,
 * so must they. What is left goes on in the next turn, so that others are served in between. */
static void retry(struct turn *t)
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
    sd_event_source_set_enabled(t->again, c ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Sessions may have been opened: from here on their leaders' end is theirs too. */
static void look_at_leaders(struct turn *t)
{
    int error = t->leaders ? leaders_look(t->leaders) : 0;

    if (error < 0)
        log_error("leaders of sessions: %s", strerror(-error));
}

static void make_durable(struct turn *t)
{
    if (!t->d->db || !db_dirty(t->d->db))
        return;
    look_at_leaders(t);
    int error = db_sync(t->d->db);
    if (error == 0) {
        t->fresh = t->wrote = true;
        if (db_wants_checkpoint(t->d->db) && (error = db_checkpoint(t->d->db)) < 0)
            log_error("checkpoint: %s", strerror(-error));
        return;
    }
    /* What the disk has now nobody knows, and a second fsync would say success: only a new start finds out. */
    log_error("database: sync failed: %s: ending, nothing of this turn was answered", strerror(-error));
    _exit(EXIT_SYNC_FAILED);
}

/* False: there is no room. That is an answer of its own, and goes through another round. */
static bool submit(struct turn *t, struct conn *c)
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

static void watch(struct turn *t, struct conn *c)
{
    struct epoll_event event = {.events = conn_interest(c), .data.ptr = c};

    if (event.events == c->events)
        return;
    if (epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd, &event) < 0)
        lists_die(&t->lists, c);
    c->events = event.events;
}

static void let_out(struct turn *t, struct conn *c)
{
    int error = c->is_held ? -EAGAIN : conn_flush(c, t->d->now.boot_ms);

    if (error == -ECONNRESET || (error == 0 && c->closing))
        lists_die(&t->lists, c);
    else
        watch(t, c);
}

static void let_all_out(struct turn *t)
{
    struct lists ready;
    struct conn *c;

    lists_init(&ready); /* whoever is touched from here on has not been synced */
    TAILQ_CONCAT(&ready.touched, &t->lists.touched, touched);
    while ((c = lists_take_touched(&ready)))
        if (submit(t, c))
            let_out(t, c);
}

static void arm_timers(struct turn *t)
{
    const struct conn *c = TAILQ_FIRST(&t->lists.held);
    bool busy = t->crowd.n > 0 || !t->listeners.watched || t->listeners.user_rests;
    int on = SD_EVENT_OFF;

    if (c)
        sd_event_source_set_time(t->hold, (uint64_t)c->held_until_ms * 1000);
    sd_event_source_set_enabled(t->hold, c ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
    if (busy && sd_event_source_get_enabled(t->sweep, &on) == 0 && on == SD_EVENT_OFF) {
        sd_event_source_set_time_relative(t->sweep, SWEEP_US);
        sd_event_source_set_enabled(t->sweep, SD_EVENT_ONESHOT);
    }
}

void turn_finish(struct turn *t)
{
    int error = 0;

    do {
        reap(t);
        if (t->crowd.n == 0)
            dispatch_settle(t->d);
        retry(t);
        make_durable(t);
        let_all_out(t);
    } while (!TAILQ_EMPTY(&t->lists.dead) || !TAILQ_EMPTY(&t->lists.touched));
    arm_timers(t);
    if (t->d->pool)
        t->d->counters->waiting = pool_waiting(t->d->pool);
    if (t->fresh && (error = journal_pump(t->journal, t->d->db)) < 0)
        log_error("events for the journal: %s", strerror(-error));
    t->fresh = false;
    if (t->draining && t->crowd.n == 0)
        sd_event_exit(t->loop, 0);
}

bool turn_wrote(struct turn *t)
{
    bool wrote = t->wrote;

    t->wrote = false;
    return wrote;
}

/* ---- the loop's calls ---- */

static void start(struct turn *t)
{
    t->packets = 0;
    t->start_us = clocks_monotonic_us();
    clocks_read(&t->d->now);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct turn *t = userdata;
    struct epoll_event events[PACKETS_MAX];
    int n = epoll_wait(t->epoll, events, PACKETS_MAX, 0);

    (void)source, (void)fd, (void)revents;
    start(t);
    for (int i = 0; i < n && (i == 0 || !is_over(t)); i++)
        handle(t, &events[i]);
    turn_finish(t);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    struct turn *t = userdata;

    (void)source;
    start(t);
    turn_finish(t);
    return 0;
}

static int on_hold(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct turn *t = userdata;
    struct conn *c;

    (void)source, (void)usec;
    start(t);
    while ((c = lists_take_held(&t->lists, t->d->now.boot_ms)))
        lists_touch(&t->lists, c);
    turn_finish(t);
    return 0;
}

/* Cuts off who has been silent for too long. */
static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct turn *t = userdata;
    struct conn *c;

    (void)source, (void)usec;
    start(t);
    TAILQ_FOREACH (c, &t->crowd.all, all)
        if (c->deadline_ms <= t->d->now.boot_ms)
            lists_die(&t->lists, c);
    if (!t->listeners.watched && !t->draining && listeners_watch(&t->listeners) < 0)
        log_error("cannot listen: %s", strerror(errno));
    listeners_wake_user(&t->listeners);
    turn_finish(t);
    return 0;
}

static void on_leader_dead(void *userdata)
{
    struct turn *t = userdata;

    start(t);
    turn_finish(t);
}

/* ---- start and end ---- */

static unsigned connections_max(void)
{
    struct rlimit files = {0};

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= CROWD_RESERVE + FILES_KEPT)
        return CROWD_RESERVE;
    return files.rlim_cur > CROWD_MAX + FILES_KEPT ? CROWD_MAX : (unsigned)files.rlim_cur - FILES_KEPT;
}

static int add_sources(struct turn *t)
{
    int error;

    if ((error = sd_event_add_io(t->loop, &t->io, t->epoll, EPOLLIN, on_io, t)) < 0 ||
        (error = sd_event_add_time(t->loop, &t->hold, CLOCK_BOOTTIME, 0, EXACT_US, on_hold, t)) < 0 ||
        (error = sd_event_source_set_enabled(t->hold, SD_EVENT_OFF)) < 0 ||
        (error = sd_event_source_set_priority(t->hold, SD_EVENT_PRIORITY_IMPORTANT)) < 0 ||
        (error = sd_event_add_time_relative(t->loop, &t->sweep, CLOCK_BOOTTIME, SWEEP_US, 0, on_sweep, t)) < 0 ||
        (error = sd_event_add_defer(t->loop, &t->again, on_again, t)) < 0)
        return error;
    return sd_event_source_set_enabled(t->again, SD_EVENT_OFF);
}

static int watch_pool(struct turn *t)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = t};

    if (!t->d->pool)
        return 0;
    return epoll_ctl(t->epoll, EPOLL_CTL_ADD, pool_fd(t->d->pool), &event) < 0 ? -errno : 0;
}

int turn_new(sd_event *loop, struct dispatch *d, struct journal *journal, const struct sockets *sockets,
             struct turn **ret)
{
    struct turn *t = calloc(1, sizeof *t);
    int error;

    if (!t)
        return -ENOMEM;
    t->d = d;
    t->journal = journal;
    t->handed = sockets->handed;
    t->loop = sd_event_ref(loop);
    crowd_init(&t->crowd, connections_max());
    lists_init(&t->lists);
    t->epoll = t->listeners.epoll = epoll_create1(EPOLL_CLOEXEC);
    memcpy(t->listeners.fds, sockets->fds, sizeof t->listeners.fds);
    error = t->epoll < 0 ? -errno : add_sources(t);
    if (error >= 0 && d->db && (error = leaders_new(loop, d->db, on_leader_dead, t, &t->leaders)) == 0)
        look_at_leaders(t);
    if (error < 0 || (error = watch_pool(t)) < 0 || (error = listeners_watch(&t->listeners)) < 0) {
        turn_free(t);
        return error;
    }
    *ret = t;
    return 0;
}

void turn_free(struct turn *t)
{
    struct conn *c;

    if (!t)
        return;
    TAILQ_FOREACH (c, &t->crowd.all, all)
        lists_die(&t->lists, c);
    reap(t);
    make_durable(t);
    leaders_free(t->leaders);
    sd_event_source_disable_unref(t->io);
    sd_event_source_disable_unref(t->hold);
    sd_event_source_disable_unref(t->sweep);
    sd_event_source_disable_unref(t->again);
    sd_event_unref(t->loop);
    if (t->epoll >= 0)
        close(t->epoll);
    free(t);
}

/* Sockets that were handed over stay: who connects from now on waits in their backlog for the next authcd. On our own,
 * nobody would ever come: who is there already is let in first. */
void turn_drain(struct turn *t)
{
    struct conn *c;

    if (t->draining)
        return;
    start(t);
    for (unsigned i = 0; i < CROWD_MAX && !t->handed; i++)
        for (size_t which = 0; which < SOCKETS_COUNT; which++)
            listeners_accept(&t->listeners, t->listeners.fds[which], &t->crowd, t->d->now.boot_ms);
    listeners_unwatch(&t->listeners);
    if (!t->handed)
        listeners_shut(&t->listeners);
    t->draining = true;
    TAILQ_FOREACH (c, &t->crowd.all, all)
        if (!c->login && c->packets > 0 && !c->first)
            lists_die(&t->lists, c);
    turn_finish(t);
}
