/* SPDX-License-Identifier: MIT
 *
 * See pool.h. One lock, held for list work only, never while hashing. More threads than cores only cost; the kept
 * thread is the exception, so that a known source never waits for strangers' hashes to end.
 */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clocks.h"
#include "line.h"

enum { NICE = 10, STACK_BYTES = 512 * 1024, SMOOTHING = 8 };

struct worker {
    pthread_t thread;
    struct pool *pool;
    int64_t since_ms; /* at its present job; 0: idle */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct line line;
    struct line_items back;
    unsigned slots, running, ordinary; /* ordinary: jobs without priority that run now */
    struct pool_stats stats;           /* but for what is counted now */
    int64_t tallied_us;                /* until when */
    bool stop;
    int fd;
    unsigned n_workers;
    struct worker workers[];
};

/* ---- with the lock held ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* To be called before anything changes of what it looks at. */
static void tally(struct pool *p)
{
    int64_t now_us = clocks_monotonic_us();
    uint64_t us = (uint64_t)(now_us - p->tallied_us);
    unsigned waiting = line_length(&p->line);
    unsigned idle = least(p->n_workers - p->running, p->slots - p->ordinary);

    p->tallied_us = now_us;
    if (waiting == 0)
        return;
    p->stats.slot_us += us * p->slots;
    p->stats.idle_waiting_us += us * least(idle, waiting);
}

static struct line_item *take(struct pool *p)
{
    tally(p);
    struct line_item *item = line_take(&p->line, p->ordinary < p->slots);
    if (!item)
        return NULL;
    p->running++;
    p->ordinary += !item->job->priority;
    uint64_t us = (uint64_t)(p->tallied_us - item->since_us);
    p->stats.wait_us += us;
    p->stats.waited++;
    if (us > p->stats.wait_max_us)
        p->stats.wait_max_us = us;
    return item;
}

static void measure(struct pool *p, const struct password_job *job, int64_t us)
{
    if (job->hashes == 0)
        return;
    uint64_t old = p->stats.hash_us, one = (uint64_t)us / job->hashes;
    p->stats.hash_us = old ? (old * (SMOOTHING - 1) + one) / SMOOTHING : one;
    p->stats.hashes += job->hashes;
    p->stats.busy_us += (uint64_t)us;
}

/* ---- the threads ---- */

/* Hashing for nobody pays for telling names apart by time; where nobody can see the time, it must not cost those who
 * have an account. */
static bool is_idle_work(const struct pool *p, const struct line_item *item)
{
    return item->job->kind == PASSWORD_PRETEND && !item->job->watched && line_length(&p->line) > 0;
}

static void run(struct worker *w, struct line_item *item, bool skip)
{
    struct pool *p = w->pool;
    int64_t start_us = clocks_monotonic_us();

    w->since_ms = start_us / 1000;
    pthread_mutex_unlock(&p->lock);
    if (!skip)
        password_job_run(item->job);
    int64_t us = clocks_monotonic_us() - start_us;
    pthread_mutex_lock(&p->lock);
    w->since_ms = 0;
    measure(p, item->job, us);
}

static void give_back(struct pool *p, struct line_item *item)
{
    static const uint64_t one = 1;

    tally(p);
    p->running--;
    if (!item->job->priority) {
        p->ordinary--;
        pthread_cond_signal(&p->work);
    }
    TAILQ_INSERT_TAIL(&p->back, item, entry);
    if (write(p->fd, &one, sizeof one) < 0)
        return; /* the counter is full: it is readable */
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct pool *p = w->pool;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct line_item *item = take(p);
        if (!item) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        run(w, item, is_idle_work(p, item));
        give_back(p, item);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static int start_worker(struct pool *p, const pthread_attr_t *attributes)
{
    struct worker *w = &p->workers[p->n_workers];

    w->pool = p;
    int error = pthread_create(&w->thread, attributes, work, w);
    if (error == 0)
        p->n_workers++;
    return -error;
}

/* Threads inherit the mask of who makes them: signals are the loop's alone. */
static int start_workers(struct pool *p)
{
    pthread_attr_t attributes;
    sigset_t all, old;
    int error = 0;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (unsigned i = 0; i < p->slots + 1 && error == 0; i++)
        error = start_worker(p, &attributes);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* ---- outside ---- */

unsigned pool_slots(const struct config_authcd *c, long cores)
{
    uint64_t by_memory = c->argon2_memory ? c->hash_memory / c->argon2_memory : 1;
    uint64_t slots = cores > 0 ? (uint64_t)cores : 1;

    if (by_memory < 2)
        return 1;
    return (unsigned)(slots < by_memory - 1 ? slots : by_memory - 1);
}

int pool_new(unsigned slots, struct pool **ret)
{
    struct pool *p = calloc(1, sizeof *p + (slots + 1) * sizeof p->workers[0]);

    if (!p)
        return -ENOMEM;
    p->slots = slots;
    line_init(&p->line);
    TAILQ_INIT(&p->back);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = p->fd < 0 ? -errno : start_workers(p);
    if (error < 0) {
        pool_free(p);
        return error;
    }
    *ret = p;
    return 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i].thread, NULL);
    line_clear(&p->line);
    line_items_free(&p->back);
    if (p->fd >= 0)
        close(p->fd);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

unsigned pool_threads(const struct pool *p)
{
    return p->slots + 1;
}

int pool_fd(const struct pool *p)
{
    return p->fd;
}

int pool_submit(struct pool *p, struct password_job *job, uint64_t token)
{
    struct line_item *item = line_item_new(job, token);
    int error = -ENOBUFS;

    if (!item)
        return -ENOMEM;
    pthread_mutex_lock(&p->lock);
    tally(p);
    item->since_us = p->tallied_us;
    if (line_length(&p->line) < POOL_WAITING_MAX && (error = line_add(&p->line, item)) == 0)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    if (error < 0) {
        item->job = NULL;
        line_item_free(item);
    }
    return error;
}

void pool_forget(struct pool *p, uint64_t token)
{
    pthread_mutex_lock(&p->lock);
    tally(p);
    line_forget(&p->line, token);
    pthread_mutex_unlock(&p->lock);
}

struct password_job *pool_take(struct pool *p, uint64_t *ret_token)
{
    uint64_t count;

    pthread_mutex_lock(&p->lock);
    struct line_item *item = TAILQ_FIRST(&p->back);
    if (item)
        TAILQ_REMOVE(&p->back, item, entry);
    else if (read(p->fd, &count, sizeof count) < 0)
        count = 0; /* was not readable: nothing to clear */
    pthread_mutex_unlock(&p->lock);
    if (!item)
        return NULL;
    struct password_job *job = item->job;
    *ret_token = item->token;
    item->job = NULL;
    line_item_free(item);
    return job;
}

bool pool_busy(struct pool *p, const char *source, bool priority)
{
    pthread_mutex_lock(&p->lock);
    uint64_t wait_us = line_before(&p->line, source, priority) * p->stats.hash_us / p->slots;
    pthread_mutex_unlock(&p->lock);
    return wait_us > POOL_WAIT_MAX_MS * 1000;
}

void pool_stats(struct pool *p, struct pool_stats *ret)
{
    pthread_mutex_lock(&p->lock);
    tally(p);
    *ret = p->stats;
    ret->waiting = line_length(&p->line);
    ret->waiting_priority = p->line.n_priority;
    ret->running = p->running;
    pthread_mutex_unlock(&p->lock);
}

bool pool_stalled(struct pool *p, int64_t limit_ms)
{
    int64_t now_ms = clocks_monotonic_us() / 1000;
    bool stalled = false;

    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        stalled |= p->workers[i].since_ms && now_ms - p->workers[i].since_ms > limit_ms;
    pthread_mutex_unlock(&p->lock);
    return stalled;
}
