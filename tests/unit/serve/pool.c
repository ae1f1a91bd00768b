/* SPDX-License-Identifier: MIT
 *
 * The hashing pool: turns go round by source, priority has a thread of its own, hashing for nobody gives way (L2, L3,
 * P1), whoever is gone costs nothing, and a full waiting room says so.
 */
#include "pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "tap.h"

static uint32_t waiting(struct pool *p)
{
    struct pool_stats stats;

    pool_stats(p, &stats);
    return stats.waiting;
}

static const struct password_params light = {PASSWORD_MEMORY_MIN, 2}, heavy = {64u * 1024 * 1024, 6};

static struct password_job *job(const struct password_params *params, const char *source, bool priority)
{
    struct password_job *j = password_job_new(PASSWORD_MAKE);
    if (!j || secret_set(&j->password, "correct horse", 13) < 0)
        abort();
    j->params = *params;
    j->priority = priority;
    snprintf(j->source, sizeof j->source, "%s", source);
    return j;
}

static void submit(struct pool *p, const struct password_params *params, const char *source, bool priority,
                   uint64_t token)
{
    if (pool_submit(p, job(params, source, priority), token) < 0)
        abort();
}

/* A job that holds the one slot while others line up. */
static void occupy(struct pool *p)
{
    submit(p, &heavy, "x", false, 1);
    while (waiting(p) > 0)
        poll(NULL, 0, 1);
}

/* The next job that comes back; gives its token, 0 if none comes. */
static uint64_t next(struct pool *p, struct password_job *ret)
{
    struct pollfd fd = {.fd = pool_fd(p), .events = POLLIN};
    uint64_t token = 0;
    struct password_job *j;

    while (!(j = pool_take(p, &token)))
        if (poll(&fd, 1, 20000) != 1)
            return 0;
    if (ret)
        *ret = *j;
    password_job_free(j);
    return token;
}

static void slots(void)
{
    struct config_authcd c = {.argon2_memory = 64, .hash_memory = 256};

    is_int(pool_slots(&c, 2), 2, "one a core");
    is_int(pool_slots(&c, 64), 3, "within the memory budget, the kept thread's hash with them");
    c.hash_memory = 128;
    is_int(pool_slots(&c, 8), 1, "room for two: a slot and the kept one");
    c.hash_memory = 127;
    is_int(pool_slots(&c, 8), 1, "at least one");
    is_int(pool_slots(&c, -1), 1, "cores unknown: one");
}

static void hashes(struct pool *p)
{
    struct password_job back;

    submit(p, &light, "a", false, 7);
    is_int(next(p, &back), 7, "a job comes back to its token");
    is_int(back.result, 0, "it was run");
    is_int(back.hashes, 1, "one hash");
    ok(back.made[0] == '$', "and a result is there");
    is_int(waiting(p), 0, "nothing waits");
}

static void round_robin(struct pool *p)
{
    occupy(p);
    submit(p, &light, "a", false, 11);
    submit(p, &light, "a", false, 12);
    submit(p, &light, "a", false, 13);
    submit(p, &light, "b", false, 21);
    submit(p, &light, "known", true, 99);
    is_int(next(p, NULL), 99, "priority has a thread kept for it");
    is_int(next(p, NULL), 1, "then the job that was running");
    is_int(next(p, NULL), 11, "source a's turn");
    is_int(next(p, NULL), 21, "source b's turn, though a has more");
    is_int(next(p, NULL), 12, "a again");
    is_int(next(p, NULL), 13, "and again");
}

/* Whoever has priority and never stops asking gets no more than every other turn. */
static void by_turns(struct pool *p)
{
    unsigned after = 0;

    occupy(p);
    for (uint64_t i = 0; i < 6; i++)
        submit(p, &heavy, "known", true, 90 + i);
    submit(p, &light, "a", false, 11);
    for (uint64_t token = 0; token != 11; after++)
        token = next(p, NULL);
    ok(after <= 5, "a job without priority is not the last of all (%u came back before it)", after - 1);
    while (after++ < 8)
        next(p, NULL);
    is_int(waiting(p), 0, "all are done");
}

static void pretending(struct pool *p)
{
    struct password_job back;
    struct password_job *j = job(&light, "a", false);

    j->kind = PASSWORD_PRETEND;
    if (pool_submit(p, j, 3) < 0)
        abort();
    is_int(next(p, &back), 3, "pretending comes back");
    is_int(back.hashes, 1, "idle: as much work as a real one");
    occupy(p);
    j = job(&light, "a", false);
    j->kind = PASSWORD_PRETEND;
    if (pool_submit(p, j, 4) < 0)
        abort();
    submit(p, &light, "b", false, 5);
    is_int(next(p, NULL), 1, "the slot is free again");
    is_int(next(p, &back), 4, "pretending has its turn");
    is_int(back.hashes, 0, "but costs nothing while somebody waits");
    ok(!back.match, "and never matches");
    is_int(next(p, NULL), 5, "who waited is next");
    occupy(p);
    j = job(&light, "a", false);
    j->kind = PASSWORD_PRETEND;
    j->watched = true;
    if (pool_submit(p, j, 6) < 0)
        abort();
    submit(p, &light, "b", false, 7);
    is_int(next(p, NULL), 1, "the slot is free again");
    is_int(next(p, &back), 6, "pretending where somebody sees the time");
    is_int(back.hashes, 1, "is real work, whoever waits");
    is_int(next(p, NULL), 7, "who waited is next");
}

/* What may not be looked at costs nothing, but comes back no sooner than what is. */
static void only_a_turn(struct pool *p)
{
    struct password_job back;
    struct password_job *j = job(&light, "limited", false);

    occupy(p);
    submit(p, &light, "a", false, 6);
    j->kind = PASSWORD_TURN;
    if (pool_submit(p, j, 7) < 0)
        abort();
    is_int(next(p, NULL), 1, "P1: the slot is taken");
    is_int(next(p, NULL), 6, "P1: who came first is first");
    is_int(next(p, &back), 7, "P1: who is not looked at waits like the others");
    is_int(back.hashes, 0, "and nothing is computed");
}

static void forgetting(struct pool *p)
{
    occupy(p);
    submit(p, &light, "a", false, 2);
    submit(p, &light, "a", false, 3);
    submit(p, &light, "b", false, 2);
    pool_forget(p, 2);
    is_int(waiting(p), 1, "all that waited for the token is gone");
    is_int(next(p, NULL), 1, "what runs comes back");
    is_int(next(p, NULL), 3, "others too");
}

static void full(struct pool *p)
{
    unsigned taken = 0;
    struct password_job *j = NULL;

    occupy(p);
    while (taken <= POOL_WAITING_MAX && (j = job(&light, "a", false)) && pool_submit(p, j, 2) == 0)
        taken++;
    is_int(taken, POOL_WAITING_MAX, "so many may wait");
    password_job_free(j);
    ok(!pool_busy(p, "new", false), "and a newcomer's turn would be next all the same");
    pool_forget(p, 2);
    is_int(waiting(p), 0, "and empty again");
    is_int(next(p, NULL), 1, "the running one ends");
}

/* After some hashes the pool knows what one takes: a source with a long line is busy, a new one is not. */
static void long_line(struct pool *p)
{
    for (unsigned i = 0; i < 4; i++) {
        submit(p, &heavy, "x", false, 1);
        next(p, NULL);
    }
    occupy(p);
    for (unsigned i = 0; i < 3000; i++)
        submit(p, &heavy, "noisy", false, 2);
    ok(pool_busy(p, "noisy", false), "the source with the long line is told to come back later");
    ok(!pool_busy(p, "quiet", false), "a quiet one is served next");
    ok(!pool_busy(p, "noisy", true), "priority does not wait in that line");
}

/* What is lost between a job that waits and a slot that is free is little; what the kept thread does not do is no loss.
 */
static void figures(void)
{
    struct pool_stats s = {0};
    struct pool *p = NULL;

    is_int(pool_new(2, &p), 0, "two slots");
    pool_stats(p, &s);
    ok(!s.hashes && !s.waited && !s.slot_us && !s.hash_us, "nothing to count yet");
    for (unsigned i = 0; i < 40; i++)
        submit(p, &light, i % 2 ? "a" : "b", false, 1);
    while (waiting(p) > 36)
        poll(NULL, 0, 1);
    pool_stats(p, &s);
    ok(s.running >= 1 && s.running <= 2 && s.waiting > 30 && s.waiting_priority == 0, "both slots run, most wait");
    for (unsigned i = 0; i < 40; i++)
        next(p, NULL);
    pool_stats(p, &s);
    is_int(s.hashes, 40, "40 hashes");
    is_int(s.waited, 40, "of 40 jobs");
    ok(s.busy_us > 10 * s.hash_us && s.busy_us <= s.slot_us + 40 * s.hash_us, "which took both slots %llu us",
       (unsigned long long)s.busy_us);
    is_int(s.waiting + s.running, 0, "none is left");
    ok(s.hash_us > 0 && s.wait_max_us > 10 * s.hash_us, "the last one waited longest: %llu us, a hash takes %llu",
       (unsigned long long)s.wait_max_us, (unsigned long long)s.hash_us);
    ok(s.wait_us > s.wait_max_us && s.wait_us < 40 * s.wait_max_us, "all of them together, longer");
    ok(s.slot_us > s.wait_max_us && s.slot_us < 3 * s.wait_max_us, "two slots for as long as any waited");
    ok(s.idle_waiting_us * 4 < s.slot_us, "and hardly idle: %llu of %llu us", (unsigned long long)s.idle_waiting_us,
       (unsigned long long)s.slot_us);
    pool_free(p);
}

static void stalled(struct pool *p)
{
    occupy(p);
    ok(!pool_stalled(p, 60000), "at a job, but not for long");
    poll(NULL, 0, 20);
    ok(pool_stalled(p, 10), "longer than is allowed");
    is_int(next(p, NULL), 1, "it ends");
    ok(!pool_stalled(p, 10), "and nothing hangs");
}

int main(void)
{
    struct pool *p = NULL;

    slots();
    is_int(pool_new(1, &p), 0, "starts");
    is_int(pool_threads(p), 2, "one slot and the kept thread");
    hashes(p);
    round_robin(p);
    by_turns(p);
    pretending(p);
    only_a_turn(p);
    forgetting(p);
    full(p);
    stalled(p);
    long_line(p);
    figures();
    pool_free(p); /* with thousands that wait */
    pool_free(NULL);
    ok(1, "ends with jobs left");
    return tap_done();
}
