/* SPDX-License-Identifier: MIT
 *
 * See journal.h. The loop's side: reads rows, looks up the account's name for people, keeps at most
 * JOURNAL_IN_FLIGHT_MAX rows with the writer. What is sent, and when again, is journal_writer's.
 */
#include "journal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "clocks.h"
#include "journal_writer.h"
#include "log.h"
#include "text.h"

enum { SHOWN_AT_ONCE_MAX = 64, STACK_BYTES = 512 * 1024 };

struct journal {
    int fd, writer_fd;
    pthread_t thread;
    bool thread_runs;
    int64_t sent, acknowledged, noted; /* sequence numbers */
    int64_t shown;                     /* on stderr */
};

static int start_writer(struct journal *j)
{
    pthread_attr_t attributes;
    sigset_t all, old;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&j->thread, &attributes, journal_writer_run, &j->writer_fd);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    j->thread_runs = error == 0;
    return -error;
}

int journal_new(struct db *db, struct journal **ret)
{
    int pair[2] = {-1, -1};
    struct journal *j = calloc(1, sizeof *j);

    if (!j)
        return -ENOMEM;
    int error = audit_position(db, &j->shown, &j->sent);
    if (error == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        error = -errno;
    j->fd = pair[0];
    j->writer_fd = pair[1];
    j->acknowledged = j->noted = j->sent;
    if (error == 0)
        error = start_writer(j);
    if (error < 0) {
        journal_free(j);
        return error;
    }
    *ret = j;
    return 0;
}

/* A writer that the journal itself holds up cannot be waited for: it ends with the process. */
static bool writer_ended(struct journal *j)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    return !j->thread_runs || pthread_timedjoin_np(j->thread, NULL, &until) == 0;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        shutdown(j->fd, SHUT_RDWR);
    if (!writer_ended(j))
        return;
    if (j->fd >= 0)
        close(j->fd);
    if (j->writer_fd >= 0)
        close(j->writer_fd);
    free(j);
}

int journal_fd(const struct journal *j)
{
    return j->fd;
}

void journal_acknowledged(struct journal *j)
{
    int64_t seq;

    while (recv(j->fd, &seq, sizeof seq, MSG_DONTWAIT) == (ssize_t)sizeof seq)
        j->acknowledged = seq;
}

bool journal_has_news(const struct journal *j)
{
    return j->acknowledged != j->noted;
}

void journal_linger(struct journal *j, int ms)
{
    struct pollfd p = {.fd = j->fd, .events = POLLIN};
    int64_t end_us = clocks_monotonic_us() + ms * INT64_C(1000), left_ms = ms;

    while (j->acknowledged < j->sent && left_ms > 0 && journal_writer_is_there()) {
        if (poll(&p, 1, (int)left_ms) > 0)
            journal_acknowledged(j);
        left_ms = (end_us - clocks_monotonic_us()) / 1000;
    }
}

int journal_note(struct journal *j, struct db *db)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error;

    if (!journal_has_news(j))
        return 0;
    if ((error = db_transaction(db, &t)) < 0 || (error = audit_delivered(db, j->acknowledged)) < 0 ||
        (error = db_transaction_commit(&t)) < 0)
        return error;
    j->noted = j->acknowledged;
    return 0;
}

/* The row and the name that its account has now: names are for people, the UUID is what holds. */
static int load(struct db *db, int64_t after, struct journal_record *ret)
{
    struct account *a;
    int error;

    memset(ret, 0, sizeof *ret);
    if ((error = audit_next(db, after, "", 0, &ret->row)) < 0)
        return error;
    if (!ret->row.account[0] || ret->row.account[0] == '~')
        return 0;
    if (!(a = calloc(1, sizeof *a)))
        return -ENOMEM;
    error = accounts_by_uuid(db, ret->row.account, a);
    if (error == 0)
        error = text_copy(ret->user, sizeof ret->user, a->name);
    free(a);
    return error == -ENOENT ? 0 : error;
}

static int send_rows(struct journal *j, struct db *db)
{
    struct journal_record record;
    int error;

    while (j->sent - j->acknowledged < JOURNAL_IN_FLIGHT_MAX) {
        if ((error = load(db, j->sent, &record)) < 0)
            return error == -ENOENT ? 0 : error;
        if (send(j->fd, &record, sizeof record, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return errno == EAGAIN ? 0 : -errno; /* full: goes on at the next acknowledgement */
        j->sent = record.row.seq;
    }
    return 0;
}

static int show_rows(struct journal *j, struct db *db)
{
    char line[JOURNAL_LINE_SIZE];
    struct journal_record record;

    for (unsigned n = 0; n < SHOWN_AT_ONCE_MAX; n++) {
        int error = load(db, j->shown, &record);
        if (error < 0)
            return error == -ENOENT ? 0 : error;
        j->shown = record.row.seq;
        if (journal_writer_line(&record, line, sizeof line) == 0)
            log_event(line);
    }
    return 0;
}

int journal_pump(struct journal *j, struct db *db)
{
    int error = send_rows(j, db);

    if (error < 0 || journal_writer_is_there())
        return error;
    return show_rows(j, db);
}
