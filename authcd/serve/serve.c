/* SPDX-License-Identifier: MIT
 *
 * See serve.h. Only puts the parts together, in the order in which they depend on each other, and takes them apart
 * again.
 */
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "chores.h"
#include "clocks.h"
#include "buckets.h"
#include "log.h"
#include "publish.h"
#include "sessions.h"
#include "signing.h"
#include "turn.h"

#define DRAIN_US UINT64_C(10000000)
enum { LINGER_MS = 500, REST_S = 3 };

/* All that serving needs; the order is that of making. */
struct parts {
    struct dispatch dispatch;
    struct disk disk;
    struct counters counters;
    char reason[DB_REASON_SIZE];
    sd_event *loop;
    struct pool *pool;
    struct journal *journal;
    struct turn *turn;
    struct chores *chores;
    bool stopping;
};

/* ---- the state ---- */

static int note_event(struct db *db, const struct clock *now, enum audit_event event)
{
    struct audit row = {.at = now->wall_s, .event = event, .result = "authcd " AUTHC_VERSION};

    return audit_append(db, &row);
}

/* What the last authcd left open is settled before the first packet. */
static int start_state(struct db *db, const struct clock *now)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(db, &t);

    if (error < 0 || (error = buckets_settle_all(db)) < 0 ||
        (error = sessions_end_other_boots(db, now->boot_id, now->wall_s)) < 0 ||
        (error = signing_ensure(db, now)) < 0 || (error = note_event(db, now, AUDIT_STARTED)) < 0 ||
        (error = db_transaction_commit(&t)) < 0)
        return error;
    return db_sync(db);
}

/* On a full disk the database goes where there is room. */
static int start_where_room_is(struct parts *p)
{
    struct dispatch *d = &p->dispatch;
    int error;

    while ((error = start_state(d->db, &d->now)) < 0 && disk_relieve(&p->disk, d->db, error, &d->now))
        ;
    return error;
}

static int stop_state(struct db *db, const struct clock *now)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(db, &t);

    if (error < 0 || (error = note_event(db, now, AUDIT_STOPPED)) < 0 || (error = db_transaction_commit(&t)) < 0 ||
        (error = db_sync(db)) < 0)
        return error;
    return db_checkpoint(db);
}

static int broken(struct parts *p, const char *what, int error)
{
    snprintf(p->reason, sizeof p->reason, "%s: %s", what, strerror(-error));
    return error;
}

static int open_state(struct parts *p, const struct serve *s)
{
    struct dispatch *d = &p->dispatch;
    int error = disk_open(&p->disk, &s->config->authcd, s->key_file, &d->now, &d->db, p->reason);

    if (error < 0)
        return error;
    if ((error = pool_new(pool_slots(&s->config->authcd, sysconf(_SC_NPROCESSORS_ONLN)), &p->pool)) < 0)
        return broken(p, "hashing threads", error);
    if ((error = journal_new(d->db, &p->journal)) < 0)
        return broken(p, "journal writer", error);
    if ((error = start_where_room_is(p)) < 0)
        return broken(p, "the database opens, but cannot be used", error);
    d->pool = p->pool;
    d->disk = &p->disk;
    p->counters.slots = pool_threads(p->pool);
    return 0;
}

static void close_state(struct parts *p)
{
    journal_free(p->journal);
    pool_free(p->pool);
    db_close(p->dispatch.db);
    login_mark_free(p->dispatch.mark);
    p->dispatch.mark = NULL;
    p->dispatch.disk = NULL;
    p->journal = NULL;
    p->pool = p->dispatch.pool = NULL;
    p->dispatch.db = NULL;
}

/* What load brings about passes by itself, and PAM stacks must not fall back on it: the next start may find enough. It
 * comes slowly enough for whoever starts us not to give up; whoever connects waits for it. */
static bool is_load(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EAGAIN;
}

/* 0 with a state, or without one where somebody must be told so. */
static int find_state(struct parts *p, const struct serve *s)
{
    int error = s->broken ? -EINVAL : open_state(p, s);

    if (error == 0)
        return 0;
    close_state(p);
    log_error("%s", s->broken ? s->broken : p->reason);
    if (s->sockets->handed && is_load(error))
        sleep(REST_S);
    if (!s->sockets->handed || is_load(error))
        return error;
    p->dispatch.broken = s->broken ? s->broken : p->reason;
    p->dispatch.no_room = error == -ENOSPC || error == -EROFS;
    log_error("answering %s until this is put right and authcd is restarted",
              p->dispatch.no_room ? "that we are busy" : "UNAVAILABLE");
    return 0;
}

/* ---- signals ---- */

static int on_drained(sd_event_source *source, uint64_t usec, void *userdata)
{
    const struct parts *p = userdata;

    (void)source, (void)usec;
    return sd_event_exit(p->loop, 0);
}

/* The first ends what is idle and lets the rest finish; a second ends all. */
static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct parts *p = userdata;

    (void)source, (void)info;
    if (p->stopping)
        return sd_event_exit(p->loop, 0);
    p->stopping = true;
    sd_notify(0, "STOPPING=1\nSTATUS=finishing the logins in flight");
    turn_drain(p->turn);
    return sd_event_add_time_relative(p->loop, NULL, CLOCK_BOOTTIME, DRAIN_US, 0, on_drained, p);
}

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source, (void)info, (void)userdata;
    log_notice("SIGHUP does nothing: a changed configuration takes a restart");
    return 0;
}

static int block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE); /* stderr may be a pipe that nobody reads any more */
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int start_loop(struct parts *p, const struct serve *s)
{
    int error = sd_event_new(&p->loop);

    if (error < 0 || (error = sd_event_add_signal(p->loop, NULL, SIGTERM, on_stop, p)) < 0 ||
        (error = sd_event_add_signal(p->loop, NULL, SIGINT, on_stop, p)) < 0 ||
        (error = sd_event_add_signal(p->loop, NULL, SIGHUP, on_hup, p)) < 0 ||
        (error = turn_new(p->loop, &p->dispatch, p->journal, s->sockets, &p->turn)) < 0)
        return error;
    return chores_new(p->loop, &p->dispatch, p->journal, p->turn, &p->chores);
}

/* ---- all of it ---- */

static void first_words(struct parts *p, const struct serve *s)
{
    int error = 0;

    if (p->dispatch.db && ((error = publish_run(p->dispatch.db, &s->config->authcd)) < 0 ||
                           (error = journal_pump(p->journal, p->dispatch.db)) < 0))
        log_error("at the start: %s", strerror(-error));
    if (!s->memory_locked)
        log_notice("memory is not locked: secrets may reach a swap device (set LimitMEMLOCK=infinity)");
    const char *frozen = disk_frozen(p->dispatch.disk);
    sd_notifyf(0, "READY=1\nSTATUS=%s%s",
               !p->dispatch.db ? "broken: see the log"
               : frozen        ? "degraded: "
                               : "serving",
               frozen ? frozen : "");
}

static void last_words(struct parts *p)
{
    int error;

    if (!p->dispatch.db)
        return;
    clocks_read(&p->dispatch.now);
    if ((error = stop_state(p->dispatch.db, &p->dispatch.now)) < 0 ||
        (error = journal_pump(p->journal, p->dispatch.db)) < 0) {
        log_error("at the end: %s", strerror(-error));
        return;
    }
    journal_linger(p->journal, LINGER_MS);
    if ((error = journal_note(p->journal, p->dispatch.db)) < 0 || (error = db_sync(p->dispatch.db)) < 0)
        log_error("delivered events: %s", strerror(-error));
}

static int run(struct parts *p, const struct serve *s)
{
    int error = clocks_open(&p->dispatch.now);

    if (error < 0 || (error = block_signals()) < 0) {
        log_error("clocks or signals: %s", strerror(-error));
        return error;
    }
    p->counters = (struct counters){.started_at = p->dispatch.now.wall_s, .memory_locked = s->memory_locked};
    p->dispatch.config = s->config;
    p->dispatch.counters = &p->counters;
    if ((error = find_state(p, s)) < 0)
        return error; /* logged */
    if ((error = start_loop(p, s)) < 0) {
        log_error("event loop: %s", strerror(-error));
        return error;
    }
    first_words(p, s);
    error = sd_event_loop(p->loop);
    if (error < 0)
        log_error("event loop: %s", strerror(-error));
    return error;
}

int serve_run(const struct serve *s)
{
    struct parts *p = calloc(1, sizeof *p);

    if (!p)
        return 1;
    int error = run(p, s);
    bool served = p->turn != NULL;
    chores_free(p->chores);
    turn_free(p->turn);
    if (served)
        last_words(p);
    close_state(p);
    sd_event_unref(p->loop);
    free(p);
    return error < 0 ? 1 : 0;
}
