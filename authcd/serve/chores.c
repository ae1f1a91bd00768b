/* SPDX-License-Identifier: MIT
 *
 * See chores.h. A chore that fails is logged and comes again; it never ends the daemon. Each works in a transaction of
 * its own, and turn_finish makes it durable.
 */
#include "chores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "buckets.h"
#include "clocks.h"
#include "graces.h"
#include "log.h"
#include "publish.h"
#include "sessions.h"
#include "signing.h"

enum { EXPIRE_AT_ONCE = 256, EXPIRE_LIMITS_AT_ONCE = 2048 };
#define SECOND_US UINT64_C(1000000)
/* Of the watchdog. With the unit's 30 s no hash within the bounds of rules/password takes that long. */
#define STALLED_INTERVALS INT64_C(4)
#define NOTE_AFTER_US (SECOND_US / 5)
#define START_AGAIN_US (4 * SECOND_US) /* so seldom that systemd never sees too many starts */

struct chores {
    sd_event *loop;
    struct dispatch *d;
    struct journal *journal;
    struct turn *turn;
    sd_event_source *timers[5], *acknowledged, *note, *watchdog, *start;
    uint64_t watchdog_us;
    bool stalled;
};

/* ---- what is done ---- */

static int checkpoint(struct chores *c)
{
    int error = turn_wrote(c->turn) ? db_checkpoint(c->d->db) : 0;

    return error == -ENOSPC && disk_frozen(c->d->disk) ? 0 : error; /* that is said already */
}

static int expire_limits(struct chores *c)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(c->d->db, &t);

    if (error < 0 ||
        (error = buckets_expire(c->d->db, c->d->config->authcd.limits, &c->d->now, EXPIRE_LIMITS_AT_ONCE)) < 0)
        return error;
    return db_transaction_commit(&t);
}

static int expire(struct chores *c)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int more = 0;
    int error = db_transaction(c->d->db, &t);

    /* What is left comes a minute later: expired rows are refused by their date anyway. */
    if (error < 0 || (error = sessions_expire(c->d->db, c->d->now.wall_s, EXPIRE_AT_ONCE, &more)) < 0 ||
        (error = graces_expire(c->d->db, &c->d->now)) < 0)
        return error;
    return db_transaction_commit(&t);
}

/* The key set is written again by the clock, not only by change: a file that somebody lost comes back. */
static int publish(struct chores *c)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(c->d->db, &t);

    if (error < 0 || (error = signing_ensure(c->d->db, &c->d->now)) < 0 || (error = db_transaction_commit(&t)) < 0)
        return error;
    return publish_run(c->d->db, &c->d->config->authcd);
}

static int look_for_room(struct chores *c)
{
    if (c->d->disk)
        disk_look(c->d->disk, c->d->db, &c->d->now);
    return 0;
}

static const struct {
    const char *name;
    uint64_t period_us;
    int (*run)(struct chores *);
} chores_table[] = {
    {"checkpoint", 5 * SECOND_US, checkpoint},    {"room on the disk", 10 * SECOND_US, look_for_room},
    {"expired sessions", 60 * SECOND_US, expire}, {"leaked limits", 600 * SECOND_US, expire_limits},
    {"published keys", 600 * SECOND_US, publish},
};
_Static_assert(sizeof chores_table / sizeof chores_table[0] ==
                   sizeof((struct chores *)0)->timers / sizeof(sd_event_source *),
               "a timer for each chore");

/* ---- when ---- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct chores *c = userdata;

    (void)usec;
    clocks_read(&c->d->now);
    for (size_t i = 0; i < sizeof chores_table / sizeof chores_table[0]; i++) {
        if (c->timers[i] != source)
            continue;
        int error = chores_table[i].run(c);
        if (error < 0)
            log_error("%s: %s", chores_table[i].name, strerror(-error));
        sd_event_source_set_time_relative(source, chores_table[i].period_us);
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    }
    turn_finish(c->turn);
    return 0;
}

/* Acknowledgements make room for more rows at once; they are written down in batches. */
static int on_acknowledged(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct chores *c = userdata;
    int on = SD_EVENT_OFF;

    (void)source, (void)fd, (void)revents;
    journal_acknowledged(c->journal);
    int error = journal_pump(c->journal, c->d->db);
    if (error < 0)
        log_error("events for the journal: %s", strerror(-error));
    if (journal_has_news(c->journal) && sd_event_source_get_enabled(c->note, &on) == 0 && on == SD_EVENT_OFF) {
        sd_event_source_set_time_relative(c->note, NOTE_AFTER_US);
        sd_event_source_set_enabled(c->note, SD_EVENT_ONESHOT);
    }
    return 0;
}

static int on_note(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct chores *c = userdata;
    int error = journal_note(c->journal, c->d->db);

    (void)source, (void)usec;
    if (error < 0)
        log_error("delivered events: %s", strerror(-error));
    turn_finish(c->turn);
    return 0;
}

/* That this runs shows that the loop does; the pool must be asked. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct chores *c = userdata;
    int64_t limit_ms = (int64_t)(c->watchdog_us / 1000) * STALLED_INTERVALS;
    bool stalled = c->d->pool && pool_stalled(c->d->pool, limit_ms);

    (void)usec;
    if (stalled && !c->stalled)
        log_error("a hashing thread hangs: leaving the rest to the watchdog");
    c->stalled = stalled;
    if (!stalled)
        sd_notify(0, "WATCHDOG=1");
    sd_event_source_set_time_relative(source, c->watchdog_us / 3);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

/* A start that failed for want of room may go well now: whoever started us does it again. */
static int on_start(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct chores *c = userdata;

    (void)usec;
    if (disk_has_room(c->d->config->authcd.state_dir)) {
        log_notice("there is room on the disk: ending, to be started again");
        return sd_event_exit(c->loop, 0);
    }
    sd_event_source_set_time_relative(source, START_AGAIN_US);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

/* ---- start and end ---- */

static int add_timers(struct chores *c)
{
    int error = 0;

    for (size_t i = 0; i < sizeof chores_table / sizeof chores_table[0] && error >= 0; i++)
        error = sd_event_add_time_relative(c->loop, &c->timers[i], CLOCK_BOOTTIME, chores_table[i].period_us, 0,
                                           on_timer, c);
    if (error < 0 ||
        (error = sd_event_add_io(c->loop, &c->acknowledged, journal_fd(c->journal), EPOLLIN, on_acknowledged, c)) < 0 ||
        (error = sd_event_add_time(c->loop, &c->note, CLOCK_BOOTTIME, 0, 0, on_note, c)) < 0)
        return error;
    return sd_event_source_set_enabled(c->note, SD_EVENT_OFF);
}

static int add_watchdog(struct chores *c)
{
    int error = sd_watchdog_enabled(0, &c->watchdog_us);

    if (error <= 0)
        return error;
    return sd_event_add_time_relative(c->loop, &c->watchdog, CLOCK_BOOTTIME, 0, 0, on_watchdog, c);
}

int chores_new(sd_event *loop, struct dispatch *d, struct journal *journal, struct turn *turn, struct chores **ret)
{
    struct chores *c = calloc(1, sizeof *c);
    int error = 0;

    if (!c)
        return -ENOMEM;
    *c = (struct chores){.loop = sd_event_ref(loop), .d = d, .journal = journal, .turn = turn};
    if (d->db)
        error = add_timers(c);
    else if (d->no_room)
        error = sd_event_add_time_relative(loop, &c->start, CLOCK_BOOTTIME, START_AGAIN_US, 0, on_start, c);
    if (error < 0 || (error = add_watchdog(c)) < 0) {
        chores_free(c);
        return error;
    }
    *ret = c;
    return 0;
}

void chores_free(struct chores *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < sizeof c->timers / sizeof c->timers[0]; i++)
        sd_event_source_disable_unref(c->timers[i]);
    sd_event_source_disable_unref(c->acknowledged);
    sd_event_source_disable_unref(c->note);
    sd_event_source_disable_unref(c->watchdog);
    sd_event_source_disable_unref(c->start);
    sd_event_unref(c->loop);
    free(c);
}
