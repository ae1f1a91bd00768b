/* SPDX-License-Identifier: MIT
 *
 * See leaders.h. A session that was closed in time leaves its pidfd behind until the process ends, which is soon; it is
 * then found to be over and nothing happens. Where the kernel gives no pidfd the session is not watched, and says so.
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

struct leader {
    LIST_ENTRY(leader) entry;
    struct leaders *all;
    sd_event_source *source;
    int pidfd;
    char session[sizeof((struct session *)0)->name];
};

struct leaders {
    LIST_HEAD(, leader) list;
    sd_event *loop;
    struct db *db;
    int64_t seen; /* cursor of sessions_next */
    void (*ended)(void *userdata);
    void *userdata;
};

static void leader_free(struct leader *one)
{
    if (one->entry.le_prev)
        LIST_REMOVE(one, entry);
    sd_event_source_disable_unref(one->source);
    if (one->pidfd >= 0)
        close(one->pidfd);
    free(one);
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

    (void)source, (void)fd, (void)revents;
    end_or_log(l, one->session);
    leader_free(one);
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

static int watch(struct leaders *l, const struct session *s)
{
    struct leader *one = calloc(1, sizeof *one);

    if (!one)
        return -ENOMEM;
    one->all = l;
    one->pidfd = -1;
    memcpy(one->session, s->name, sizeof one->session);
    int error = open_leader(s, &one->pidfd);
    if (error == 0)
        error = sd_event_add_io(l->loop, &one->source, one->pidfd, EPOLLIN, on_exit_of, one);
    if (error >= 0) /* before any packet: nothing may be minted from a session whose end is known */
        error = sd_event_source_set_priority(one->source, SD_EVENT_PRIORITY_IMPORTANT);
    if (error < 0) {
        leader_free(one);
        return error;
    }
    LIST_INSERT_HEAD(&l->list, one, entry);
    return 0;
}

int leaders_look(struct leaders *l)
{
    struct session s;
    int error;

    while ((error = sessions_next(l->db, 0, &l->seen, &s)) == 0) {
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
    LIST_INIT(&l->list);
    l->loop = loop;
    l->db = db;
    l->ended = ended;
    l->userdata = userdata;
    *ret = l;
    return 0;
}

void leaders_free(struct leaders *l)
{
    struct leader *one, *next;

    if (!l)
        return;
    for (one = LIST_FIRST(&l->list); one; one = next) {
        next = LIST_NEXT(one, entry);
        leader_free(one);
    }
    free(l);
}
