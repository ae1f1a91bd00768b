/* SPDX-License-Identifier: MIT
 *
 * See leaders.h. Nobody tells when a session is closed in time: it is watched on until its leader ends, which is soon,
 * or until it is tidied away. Where the kernel gives no pidfd the session is not watched, and says so.
 */
#include "leaders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "accounts.h"
#include "audit.h"
#include "clocks.h"
#include "log.h"
#include "proc.h"
#include "sessions.h"
#include "text.h"

enum { TIDIED = 2 }; /* for each new one: so what is kept of those that ended is never more than what lives */

/* A session that is watched. */
struct led {
    TAILQ_ENTRY(led) all;
    LIST_ENTRY(led) its;
    struct leader *leader;
    char session[sizeof((struct session *)0)->name];
};

/* Exists while it has any. */
struct leader {
    LIST_ENTRY(leader) entry;
    LIST_HEAD(, led) sessions;
    struct leaders *all;
    int64_t pid, start;
    sd_event_source *source;
    int pidfd;
};

struct leaders {
    LIST_HEAD(, leader) leaders;
    TAILQ_HEAD(, led) sessions; /* the first is tidied next */
    sd_event *loop;
    struct db *db;
    int64_t seen; /* cursor of sessions_next */
    void (*ended)(void *userdata);
    void *userdata;
};

static void leader_free(struct leader *one)
{
    sd_event_source_disable_unref(one->source);
    if (one->pidfd >= 0)
        close(one->pidfd);
    free(one);
}

/* With its leader, if that has no other. */
static void led_free(struct leaders *l, struct led *led)
{
    struct leader *one = led->leader;

    TAILQ_REMOVE(&l->sessions, led, all);
    LIST_REMOVE(led, its);
    free(led);
    if (!LIST_EMPTY(&one->sessions))
        return;
    LIST_REMOVE(one, entry);
    leader_free(one);
}

static int note(struct db *db, const struct session *s, int64_t now_s)
{
    struct audit row = {.at = now_s, .event = AUDIT_SESSION_CLOSE, .actor = "authcd"};
    struct account a = {0};
    int error = accounts_by_id(db, s->account_id, &a);

    if (error < 0 || (error = text_format(row.result, sizeof row.result, "%s, its leader is dead", s->name)) < 0)
        return error;
    memcpy(row.account, a.uuid, sizeof row.account);
    memcpy(row.service, s->service, sizeof row.service);
    memcpy(row.source, s->source, sizeof row.source);
    return audit_append(db, &row);
}

/* 0 also where it was over already. */
static int end_session(struct leaders *l, const char *name)
{
    DB_TRANSACTION struct db_transaction t = {0};
    struct session s = {0};
    struct clock now;

    clocks_read(&now);
    int error = db_transaction(l->db, &t);
    if (error < 0 || (error = sessions_get(l->db, name, &s)) < 0 ||
        (error = sessions_end(l->db, name, "leader dead", now.wall_s)) < 0 ||
        (error = note(l->db, &s, now.wall_s)) < 0 || (error = db_transaction_commit(&t)) < 0)
        return error == -ENOENT ? 0 : error;
    return 0;
}

static void end_or_log(struct leaders *l, const char *name)
{
    int error = end_session(l, name);

    if (error < 0)
        log_error("session %s of a dead leader: %s", name, strerror(-error));
}

static int on_exit_of(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct leader *one = userdata;
    struct leaders *l = one->all;
    struct led *led = LIST_FIRST(&one->sessions), *next;

    (void)source, (void)fd, (void)revents;
    for (; led; led = next) {
        next = LIST_NEXT(led, its);
        end_or_log(l, led->session);
        led_free(l, led);
    }
    l->ended(l->userdata);
    return 0;
}

/* -ESRCH: dead, or another process by now. */
static int open_leader(const struct session *s, int *ret_pidfd)
{
    int fd = s->leader_pid > 0 && s->leader_pid <= INT32_MAX ? pidfd_open((pid_t)s->leader_pid, 0) : -1;

    if (fd < 0)
        return s->leader_pid > 0 ? -errno : -ESRCH;
    if (s->leader_start && proc_started(s->leader_pid) != s->leader_start) {
        close(fd);
        return -ESRCH;
    }
    *ret_pidfd = fd;
    return 0;
}

static int leader_new(struct leaders *l, const struct session *s, struct leader **ret)
{
    struct leader *one = calloc(1, sizeof *one);

    if (!one)
        return -ENOMEM;
    *one = (struct leader){.all = l, .pid = s->leader_pid, .start = s->leader_start, .pidfd = -1};
    int error = open_leader(s, &one->pidfd);
    if (error == 0)
        error = sd_event_add_io(l->loop, &one->source, one->pidfd, EPOLLIN, on_exit_of, one);
    if (error >= 0) /* before any packet: nothing may be minted from a session whose end is known */
        error = sd_event_source_set_priority(one->source, SD_EVENT_PRIORITY_IMPORTANT);
    if (error < 0) {
        leader_free(one);
        return error;
    }
    *ret = one;
    return 0;
}

static struct leader *find(struct leaders *l, const struct session *s)
{
    struct leader *one;

    LIST_FOREACH (one, &l->leaders, entry)
        if (one->pid == s->leader_pid && one->start == s->leader_start)
            return one;
    return NULL;
}

static int watch(struct leaders *l, const struct session *s)
{
    struct leader *one = find(l, s);
    struct led *led = calloc(1, sizeof *led);
    int error = led ? 0 : -ENOMEM;

    if (error == 0 && !one && (error = leader_new(l, s, &one)) == 0)
        LIST_INSERT_HEAD(&l->leaders, one, entry);
    if (error < 0) {
        free(led);
        return error;
    }
    led->leader = one;
    memcpy(led->session, s->name, sizeof led->session);
    LIST_INSERT_HEAD(&one->sessions, led, its);
    TAILQ_INSERT_TAIL(&l->sessions, led, all);
    return 0;
}

/* Looks at some that have not been looked at for longest: those that were closed in time are forgotten. */
static void tidy(struct leaders *l)
{
    struct session s;

    for (unsigned i = 0; i < TIDIED && !TAILQ_EMPTY(&l->sessions); i++) {
        struct led *led = TAILQ_FIRST(&l->sessions);
        TAILQ_REMOVE(&l->sessions, led, all);
        TAILQ_INSERT_TAIL(&l->sessions, led, all);
        if (sessions_get(l->db, led->session, &s) == -ENOENT)
            led_free(l, led);
    }
}

int leaders_look(struct leaders *l)
{
    struct session s;
    int error;

    while ((error = sessions_next(l->db, 0, &l->seen, &s)) == 0) {
        tidy(l);
        error = watch(l, &s);
        if (error == -ESRCH)
            end_or_log(l, s.name);
        else if (error < 0)
            log_error("the leader of session %s is not watched: %s", s.name, strerror(-error));
    }
    return error == -ENOENT ? 0 : error;
}

int leaders_new(sd_event *loop, struct db *db, void (*ended)(void *userdata), void *userdata, struct leaders **ret)
{
    struct leaders *l = calloc(1, sizeof *l);

    if (!l)
        return -ENOMEM;
    LIST_INIT(&l->leaders);
    TAILQ_INIT(&l->sessions);
    l->loop = loop;
    l->db = db;
    l->ended = ended;
    l->userdata = userdata;
    *ret = l;
    return 0;
}

void leaders_free(struct leaders *l)
{
    if (!l)
        return;
    while (!TAILQ_EMPTY(&l->sessions))
        led_free(l, TAILQ_FIRST(&l->sessions));
    free(l);
}
