/* SPDX-License-Identifier: MIT
 *
 * See turn.h. Order within a turn: packets and hashes that came back; who has gone; who waited for what has changed;
 * sync; out.
 */
#include "turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "leaders.h"
#include "log.h"
#include "traffic.h"

enum { EXIT_SYNC_FAILED = 1 };
enum { EXACT_US = 1 }; /* accuracy of the timer that lets denials leave: 0 would mean 250 ms */
#define SWEEP_US UINT64_C(1000000)

struct turn {
    struct dispatch *d;
    struct journal *journal;
    struct traffic traffic;
    struct leaders *leaders; /* NULL without a database */
    sd_event *loop;
    sd_event_source *io, *hold, *sweep, *again;
    bool handed;
    bool fresh, wrote; /* something was made durable: in this turn; since turn_wrote */
};

/* ---- the end of a turn ---- */

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
        bool eager = db_wants_checkpoint(t->d->db) && !disk_frozen(t->d->disk); /* there it fails, or the timer does */
        if (eager && (error = db_checkpoint(t->d->db)) < 0)
            log_error("checkpoint: %s", strerror(-error));
        return;
    }
    /* What the disk has now nobody knows, and a second fsync would say success: only a new start finds out. */
    log_error("database: sync failed: %s: ending, nothing of this turn was answered", strerror(-error));
    _exit(EXIT_SYNC_FAILED);
}

static void arm_timers(struct turn *t)
{
    int64_t release_ms = traffic_next_release_ms(&t->traffic);
    int on = SD_EVENT_OFF;

    if (release_ms)
        sd_event_source_set_time(t->hold, (uint64_t)release_ms * 1000);
    sd_event_source_set_enabled(t->hold, release_ms ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
    if (traffic_wants_sweep(&t->traffic) && sd_event_source_get_enabled(t->sweep, &on) == 0 && on == SD_EVENT_OFF) {
        sd_event_source_set_time_relative(t->sweep, SWEEP_US);
        sd_event_source_set_enabled(t->sweep, SD_EVENT_ONESHOT);
    }
}

/* For status and metrics, which do not see the pool. */
static void note_hashing(struct turn *t)
{
    struct pool_stats s;

    if (!t->d->pool)
        return;
    pool_stats(t->d->pool, &s);
    t->d->counters->hashing = (struct counters_hashing){
        .busy_us = (int64_t)s.busy_us,
        .waited = (int64_t)s.waited,
        .wait_us = (int64_t)s.wait_us,
        .wait_max_us = (int64_t)s.wait_max_us,
        .queued_slot_us = (int64_t)s.slot_us,
        .queued_idle_us = (int64_t)s.idle_waiting_us,
        .waiting = s.waiting,
        .running = s.running,
    };
}

void turn_finish(struct turn *t)
{
    bool more;
    int error = 0;

    do {
        traffic_reap(&t->traffic);
        if (t->traffic.crowd.n == 0)
            dispatch_settle(t->d);
        more = traffic_retry(&t->traffic);
        make_durable(t);
        traffic_let_out(&t->traffic);
    } while (!traffic_is_settled(&t->traffic));
    sd_event_source_set_enabled(t->again, more ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
    arm_timers(t);
    note_hashing(t);
    if (t->fresh && (error = journal_pump(t->journal, t->d->db)) < 0)
        log_error("events for the journal: %s", strerror(-error));
    t->fresh = false;
    if (t->traffic.draining && t->traffic.crowd.n == 0)
        sd_event_exit(t->loop, 0);
}

bool turn_wrote(struct turn *t)
{
    bool wrote = t->wrote;

    t->wrote = false;
    return wrote;
}

/* ---- the loop's calls ---- */

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct turn *t = userdata;

    (void)source, (void)fd, (void)revents;
    traffic_take_in(&t->traffic);
    turn_finish(t);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    struct turn *t = userdata;

    (void)source;
    traffic_start(&t->traffic);
    turn_finish(t);
    return 0;
}

static int on_hold(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct turn *t = userdata;

    (void)source, (void)usec;
    traffic_start(&t->traffic);
    traffic_release(&t->traffic);
    turn_finish(t);
    return 0;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct turn *t = userdata;

    (void)source, (void)usec;
    traffic_start(&t->traffic);
    traffic_sweep(&t->traffic);
    turn_finish(t);
    return 0;
}

static void on_leader_dead(void *userdata)
{
    struct turn *t = userdata;

    traffic_start(&t->traffic);
    turn_finish(t);
}

/* ---- start and end ---- */

static int add_sources(struct turn *t)
{
    int error;

    if ((error = sd_event_add_io(t->loop, &t->io, t->traffic.epolls[SOCKETS_SYSTEM], EPOLLIN, on_io, t)) < 0 ||
        (error = sd_event_add_time(t->loop, &t->hold, CLOCK_BOOTTIME, 0, EXACT_US, on_hold, t)) < 0 ||
        (error = sd_event_source_set_enabled(t->hold, SD_EVENT_OFF)) < 0 ||
        (error = sd_event_source_set_priority(t->hold, SD_EVENT_PRIORITY_IMPORTANT)) < 0 ||
        (error = sd_event_add_time_relative(t->loop, &t->sweep, CLOCK_BOOTTIME, SWEEP_US, 0, on_sweep, t)) < 0 ||
        (error = sd_event_add_defer(t->loop, &t->again, on_again, t)) < 0)
        return error;
    return sd_event_source_set_enabled(t->again, SD_EVENT_OFF);
}

int turn_new(sd_event *loop, struct dispatch *d, struct journal *journal, const struct sockets *sockets,
             struct turn **ret)
{
    struct turn *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    t->d = d;
    t->journal = journal;
    t->handed = sockets->handed;
    t->loop = sd_event_ref(loop);
    int error = traffic_open(&t->traffic, d, sockets);
    if (error < 0 || (error = add_sources(t)) < 0 ||
        (d->db && (error = leaders_new(loop, d->db, on_leader_dead, t, &t->leaders)) < 0)) {
        turn_free(t);
        return error;
    }
    look_at_leaders(t);
    *ret = t;
    return 0;
}

void turn_free(struct turn *t)
{
    if (!t)
        return;
    traffic_end_all(&t->traffic);
    make_durable(t);
    leaders_free(t->leaders);
    sd_event_source_disable_unref(t->io);
    sd_event_source_disable_unref(t->hold);
    sd_event_source_disable_unref(t->sweep);
    sd_event_source_disable_unref(t->again);
    sd_event_unref(t->loop);
    traffic_close(&t->traffic);
    free(t);
}

void turn_drain(struct turn *t)
{
    if (t->traffic.draining)
        return;
    traffic_start(&t->traffic);
    traffic_drain(&t->traffic, t->handed);
    turn_finish(t);
}
