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
#include <sys/queue.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clocks.h"

enum { NICE = 10, STACK_BYTES = 512 * 1024, SMOOTHING = 8 };

struct item {
    TAILQ_ENTRY(item) entry;
    struct password_job *job;
    uint64_t token;
};
TAILQ_HEAD(items, item);

/* The jobs of one source that wait; exists only while there are any. */
struct queue {
    TAILQ_ENTRY(queue) entry;
    struct items items;
    unsigned n;
    char source[sizeof((struct password_job *)0)->source];
};
TAILQ_HEAD(queues, queue);

struct worker {
    pthread_t thread;
    struct pool *pool;
    int64_t since_ms; /* at its present job; 0: idle */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct items priority;
    struct queues queues; /* the first one's turn is next */
    struct items back;
    unsigned n_priority, n_waiting; /* n_waiting: all, priority ones too */
    unsigned slots, ordinary;       /* ordinary: jobs without priority that run now */
    int64_t hash_us;                /* one hash, smoothed; 0: none measured yet */
    bool was_priority;              /* the last job that was begun */
    bool stop;
    int fd;
    unsigned n_workers;
    struct worker workers[];
};

static void item_free(struct item *item)
{
    password_job_free(item->job);
    free(item);
}

/* ---- queues; all with the lock held ---- */

static struct queue *queue_find(struct pool *p, const char *source)
{
    struct queue *q;

    TAILQ_FOREACH (q, &p->queues, entry)
        if (strncmp(q->source, source, sizeof q->source - 1) == 0)
            return q;
    return NULL;
}

static void queue_drop_if_empty(struct pool *p, struct queue *q)
{
    if (q->n > 0)
        return;
    TAILQ_REMOVE(&p->queues, q, entry);
    free(q);
}

static int enqueue(struct pool *p, struct item *item)
{
    if (item->job->priority) {
        TAILQ_INSERT_TAIL(&p->priority, item, entry);
        p->n_priority++;
        return 0;
    }
    struct queue *q = queue_find(p, item->job->source);
    if (!q) {
        if (!(q = calloc(1, sizeof *q)))
            return -ENOMEM;
        memcpy(q->source, item->job->source, strnlen(item->job->source, sizeof q->source - 1));
        TAILQ_INIT(&q->items);
        TAILQ_INSERT_TAIL(&p->queues, q, entry);
    }
    TAILQ_INSERT_TAIL(&q->items, item, entry);
    q->n++;
    return 0;
}

static struct item *take_priority(struct pool *p)
{
    struct item *item = TAILQ_FIRST(&p->priority);

    if (item) {
        TAILQ_REMOVE(&p->priority, item, entry);
        p->n_priority--;
    }
    return item;
}

/* The first source's oldest job; the source then goes to the end of the line. */
static struct item *take_ordinary(struct pool *p)
{
    struct queue *q = TAILQ_FIRST(&p->queues);

    if (!q || p->ordinary >= p->slots)
        return NULL;
    struct item *item = TAILQ_FIRST(&q->items);
    TAILQ_REMOVE(&q->items, item, entry);
    q->n--;
    TAILQ_REMOVE(&p->queues, q, entry);
    TAILQ_INSERT_TAIL(&p->queues, q, entry);
    queue_drop_if_empty(p, q);
    p->ordinary++;
    return item;
}

/* Priority first, but not twice while others wait for a slot that is free: it has a thread for itself, and those who
 * have it are people of this host like any other. */
static struct item *take_any(struct pool *p)
{
    struct item *item = p->was_priority ? take_ordinary(p) : NULL;

    if (!item)
        item = take_priority(p);
    if (!item)
        item = take_ordinary(p);
    if (item) {
        p->n_waiting--;
        p->was_priority = item->job->priority;
    }
    return item;
}

static void forget_in(struct pool *p, struct items *items, uint64_t token, unsigned *n)
{
    struct item *item = TAILQ_FIRST(items);

    while (item) {
        struct item *next = TAILQ_NEXT(item, entry);
        if (item->token == token) {
            TAILQ_REMOVE(items, item, entry);
            item_free(item);
            (*n)--;
            p->n_waiting--;
        }
        item = next;
    }
}

/* ---- the threads ---- */

/* Hashing for nobody pays for telling names apart by time; it must not cost those who have an account. */
static bool is_idle_work(const struct pool *p, const struct item *item)
{
    return item->job->kind == PASSWORD_PRETEND && p->n_waiting > 0;
}

static void measure(struct pool *p, const struct password_job *job, int64_t us)
{
    if (job->hashes == 0)
        return;
    us /= job->hashes;
    p->hash_us = p->hash_us ? (p->hash_us * (SMOOTHING - 1) + us) / SMOOTHING : us;
}

static void run(struct worker *w, struct item *item, bool skip)
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

static void give_back(struct pool *p, struct item *item)
{
    static const uint64_t one = 1;

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
        struct item *item = take_any(p);
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
    TAILQ_INIT(&p->priority);
    TAILQ_INIT(&p->queues);
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

static void free_items(struct items *items)
{
    struct item *item;

    while ((item = TAILQ_FIRST(items))) {
        TAILQ_REMOVE(items, item, entry);
        item_free(item);
    }
}

void pool_free(struct pool *p)
{
    struct queue *q, *next;

    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i].thread, NULL);
    free_items(&p->priority);
    free_items(&p->back);
    for (q = TAILQ_FIRST(&p->queues); q; q = next) {
        next = TAILQ_NEXT(q, entry);
        free_items(&q->items);
        free(q);
    }
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
    struct item *item = calloc(1, sizeof *item);
    int error = -ENOBUFS;

    if (!item)
        return -ENOMEM;
    item->job = job;
    item->token = token;
    pthread_mutex_lock(&p->lock);
    if (p->n_waiting < POOL_WAITING_MAX && (error = enqueue(p, item)) == 0) {
        p->n_waiting++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    if (error < 0)
        free(item);
    return error;
}

void pool_forget(struct pool *p, uint64_t token)
{
    struct queue *q;

    pthread_mutex_lock(&p->lock);
    forget_in(p, &p->priority, token, &p->n_priority);
    q = TAILQ_FIRST(&p->queues);
    while (q) {
        struct queue *next = TAILQ_NEXT(q, entry);
        forget_in(p, &q->items, token, &q->n);
        queue_drop_if_empty(p, q);
        q = next;
    }
    pthread_mutex_unlock(&p->lock);
}

struct password_job *pool_take(struct pool *p, uint64_t *ret_token)
{
    uint64_t count;

    pthread_mutex_lock(&p->lock);
    struct item *item = TAILQ_FIRST(&p->back);
    if (item)
        TAILQ_REMOVE(&p->back, item, entry);
    else if (read(p->fd, &count, sizeof count) < 0)
        count = 0; /* was not readable: nothing to clear */
    pthread_mutex_unlock(&p->lock);
    if (!item)
        return NULL;
    struct password_job *job = item->job;
    *ret_token = item->token;
    free(item);
    return job;
}

/* Turns that pass before a job that came now would start: one of each source a round, and priority in between. */
static uint64_t turns_before(struct pool *p, const char *source, bool priority)
{
    uint64_t turns = 1;
    struct queue *own = queue_find(p, source), *q;
    unsigned rounds = own ? own->n : 0;

    if (priority)
        return p->n_priority;
    TAILQ_FOREACH (q, &p->queues, entry)
        turns += q == own || q->n < rounds + 1 ? q->n : rounds + 1;
    return turns - 1 + (p->n_priority < turns ? p->n_priority : turns);
}

bool pool_busy(struct pool *p, const char *source, bool priority)
{
    pthread_mutex_lock(&p->lock);
    uint64_t turns = turns_before(p, source, priority);
    bool busy = p->n_waiting >= POOL_WAITING_MAX || turns * (uint64_t)p->hash_us / p->slots > POOL_WAIT_MAX_MS * 1000;
    pthread_mutex_unlock(&p->lock);
    return busy;
}

uint32_t pool_waiting(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    uint32_t n = p->n_waiting;
    pthread_mutex_unlock(&p->lock);
    return n;
}

bool pool_stalled(struct pool *p)
{
    int64_t now_ms = clocks_monotonic_us() / 1000;
    bool stalled = false;

    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        stalled |= p->workers[i].since_ms && now_ms - p->workers[i].since_ms > POOL_STALLED_MS;
    pthread_mutex_unlock(&p->lock);
    return stalled;
}
