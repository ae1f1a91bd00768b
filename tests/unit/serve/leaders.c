/* SPDX-License-Identifier: MIT
 *
 * T8: a session is over when its leader is dead: while we watch, before we looked, and if its number has another
 * process now. S6: what it takes to know does not grow.
 */
#include "leaders.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clocks.h"
#include "desk.h"
#include "proc.h"
#include "sessions.h"

static int ended;

static void on_ended(void *userdata)
{
    (void)userdata;
    ended++;
}

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void open_session(struct desk *d, const struct account *a, pid_t leader, int64_t started, struct session *s)
{
    *s = (struct session){.account_id = a->id, .uid = a->uid, .leader_pid = leader, .leader_start = started};
    strcpy(s->boot_id, d->now.boot_id);
    DESK_STORE(d, sessions_open(d->db, s, d->now.wall_s));
}

static bool lives(struct desk *d, const struct session *s)
{
    struct session now;
    return sessions_get(d->db, s->name, &now) == 0;
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

/* One descriptor a leader, however many sessions it opens and closes; and none once they are closed. */
static void one_each(struct desk *d, const struct account *a, struct leaders *l, sd_event *loop)
{
    pid_t pids[6];
    struct session s;
    unsigned before = open_fds();

    pids[0] = sleeper();
    for (unsigned i = 0; i < 50; i++) {
        open_session(d, a, pids[0], proc_started(pids[0]), &s);
        desk_must(leaders_look(l), "look");
        if (i > 2)
            DESK_STORE(d, sessions_end(d->db, s.name, "closed", d->now.wall_s));
    }
    is_int(open_fds() - before, 1, "S6: one descriptor for a leader of 50 sessions");
    for (unsigned i = 1; i < 6; i++) {
        pids[i] = sleeper();
        open_session(d, a, pids[i], proc_started(pids[i]), &s);
        desk_must(leaders_look(l), "look");
        DESK_STORE(d, sessions_end(d->db, s.name, "closed", d->now.wall_s));
    }
    for (unsigned i = 0; i < 10; i++) {
        open_session(d, a, pids[0], proc_started(pids[0]), &s);
        desk_must(leaders_look(l), "look");
    }
    is_int(open_fds() - before, 1, "S6: those of others that closed theirs are gone, though their processes live");
    ok(lives(d, &s), "sessions that were not closed live on");
    end(pids[0]);
    desk_must(sd_event_run(loop, 1000000), "run");
    ok(!lives(d, &s), "T8: all of a leader's sessions end with it");
    is_int(open_fds(), before, "S6: and its descriptor");
    for (unsigned i = 1; i < 6; i++)
        end(pids[i]);
}

int main(void)
{
    struct desk d;
    struct leaders *l = NULL;
    struct session one, two, three;
    sd_event *loop = NULL;
    struct clock clock;

    pid_t living = sleeper(), dead = sleeper();
    int64_t started = proc_started(living);
    end(dead);
    desk_open(&d);
    struct account a = desk_account(&d, "ada", 1001, "admin", "correct horse battery", NULL, 0);
    desk_must(clocks_open(&clock), "clocks");
    desk_must(sd_event_new(&loop), "loop");
    desk_must(leaders_new(loop, d.db, on_ended, NULL, &l), "leaders");
    open_session(&d, &a, living, started, &one);
    open_session(&d, &a, dead, started, &two);
    open_session(&d, &a, living, started + 1, &three);
    is_int(leaders_look(l), 0, "leaders are looked at");
    ok(lives(&d, &one), "one whose leader lives goes on");
    ok(!lives(&d, &two), "T8: one whose leader is dead is over");
    ok(!lives(&d, &three), "T8: one whose leader's number has another process is over");
    end(living);
    desk_must(sd_event_run(loop, 1000000), "run");
    ok(!lives(&d, &one) && ended == 1, "T8: and so is the first, as soon as its leader ends");
    one_each(&d, &a, l, loop);
    leaders_free(l);
    sd_event_unref(loop);
    desk_close(&d);
    return tap_done();
}
