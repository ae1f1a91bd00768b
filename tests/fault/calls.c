/* SPDX-License-Identifier: MIT
 *
 * D2: each call to the operating system and each allocation that the store, SQLite and the handlers make in a day of
 * authcd's fails, once or it and all after it; and the disk becomes full at any byte. Nobody gets in who should not,
 * nothing is said and then lost, load is never taken for a broken state, and once the fault is over the same authcd
 * goes on, and the next one finds all as it was said.
 *
 *   calls [long] [seed=N]
 */
#include "disk.h"
#include "scratch.h"
#include "story.h"
#include "vfs.h"

static uint64_t seed;
static struct disk *fresh; /* the state that each run begins with */
static const char *place;
static struct story story;

/* One fault of a run; for people, too. */
struct fault {
    enum vfs_source source;
    int64_t at;
    bool for_ever, full; /* full: at is how many bytes there is room for */
    unsigned variant;
};

static const char *fault_name(const struct fault *f)
{
    static char text[160];

    snprintf(text, sizeof text, "%s %lld %s, way %u (%s)",
             f->full                  ? "byte"
             : f->source == VFS_CALLS ? "call"
                                      : "allocation",
             (long long)f->at, f->for_ever ? "and all after it" : "once", f->variant, vfs_what());
    return text;
}

static void begin_fault(const struct fault *f)
{
    if (f->full)
        vfs_fill(f->at);
    else
        vfs_fail(f->source, f->at, f->for_ever, f->variant);
}

static unsigned complain(bool good, const struct fault *f, const char *what)
{
    if (!good)
        printf("# %s: %s\n", what, fault_name(f));
    return !good;
}

/* What load can bring about: PAM stacks must not fall back on it. (A call that fails for ever ends in other errors.) */
static bool is_load(const struct fault *f, int error)
{
    return f->full || f->source == VFS_MEMORY ||
           (!f->for_ever && (error == ENOSPC || error == EDQUOT || error == EMFILE));
}

/* The fault is over, and the same authcd goes on. */
static bool goes_on(struct story *s)
{
    desk_tick(&s->d, 600000);
    story_settle(s);
    enum said got = story_login_ada(s, story_password, story_code(s->d.now.wall_s));
    return got == SAID_GRANTED;
}

/* The day with that fault in it. *ret_hit: it came to it. */
static unsigned run(const struct fault *f, bool *ret_hit)
{
    char reason[DB_REASON_SIZE] = "", text[160];
    unsigned wrong = 0;

    desk_must(disk_cut(fresh, 0, DISK_WRITTEN, 0, place), "copy");
    begin_fault(f);
    int error = story_open(&story, place, reason);
    story.unsure = f->source == VFS_CALLS && !f->full;
    if (error == 0)
        story_play(&story);
    else
        wrong += complain(reason[0], f, "no reason is given");
    *ret_hit = vfs_failed() > 0;
    snprintf(text, sizeof text, "%s", fault_name(f));
    wrong += story.wrong;
    wrong += complain(story.broken_state == 0 || !is_load(f, vfs_error()), f, "load is taken for a broken state");
    vfs_mend();
    if (error == 0 && !story.over)
        wrong += complain(goes_on(&story), f, "it does not go on");
    story_close(&story);
    wrong += story_judge(&story, place);
    if (wrong)
        printf("# %u wrong: %s\n", wrong, text);
    return wrong;
}

/* `times` faults at random, or every stride-th of n, in each of `ways` ways. */
static void test_source(enum vfs_source source, const char *name, int64_t n, int64_t stride, unsigned ways,
                        unsigned times)
{
    unsigned wrong = 0, hits = 0, runs = 0;
    bool hit = false;

    for (int64_t at = 0; times == 0 ? at < n : runs < 2 * times; at += stride)
        for (unsigned way = 0; way < (times ? 1 : ways); way++)
            for (int ever = 0; ever < 2; ever++) {
                struct fault f = {source, times ? (int64_t)(disk_random(&seed) % (uint64_t)n) : at, ever, false,
                                  times ? (unsigned)(disk_random(&seed) % ways) : way};
                wrong += run(&f, &hit);
                hits += hit;
                if (++runs % 2000 == 0) {
                    printf("# %u runs, at %s %lld of %lld: %u wrong\n", runs, name, (long long)at, (long long)n, wrong);
                    fflush(stdout);
                }
            }
    is_int((int)wrong, 0,
           "D2: of %lld %ss of a day %u fail, once or for ever: nothing wrong is said, and nothing is lost",
           (long long)n, name, hits);
    ok(hits > runs / 2, "... in most of %u runs", runs);
}

static void test_full(int64_t stride, unsigned times)
{
    enum { ROOM_MAX = 400000 }; /* more than the day takes */
    unsigned wrong = 0, hits = 0, runs = 0;
    bool hit = false;

    for (int64_t at = 0; times == 0 ? at < ROOM_MAX : runs < times; at += stride, runs++) {
        struct fault f = {VFS_CALLS, times ? (int64_t)(disk_random(&seed) % ROOM_MAX) : at, true, true, 0};
        wrong += run(&f, &hit);
        hits += hit;
    }
    is_int((int)wrong, 0, "D2: the disk is full, in %u runs of %u at another byte: the same", hits, runs);
    ok(hits > 0, "... it was");
}

static unsigned make_with(const struct fault *f, unsigned *failures)
{
    char reason[DB_REASON_SIZE];
    struct db *db = NULL;
    const char *dir = scratch("made");

    begin_fault(f);
    int error = db_open(dir, NULL, &db, reason);
    unsigned wrong = complain(error == 0 || reason[0], f, "no reason is given");
    *failures += error < 0;
    if (error == 0)
        db_close(db);
    vfs_mend();
    error = db_open(dir, NULL, &db, reason);
    wrong += complain(error == 0 && story_whole(db), f, error < 0 ? reason : "not whole");
    if (error == 0)
        db_close(db);
    return wrong;
}

/* The making of a state, in an empty directory: each call fails once or for ever; all: both. */
static void test_making(bool all)
{
    unsigned wrong = 0, failures = 0;
    char reason[DB_REASON_SIZE];
    struct db *db = NULL;

    vfs_mend();
    desk_must(db_open(scratch("made"), NULL, &db, reason), "make");
    db_close(db);
    int64_t n = vfs_seen(VFS_CALLS);
    for (int64_t at = 0; at < n; at++)
        for (int ever = 0; ever < 2; ever++)
            if (all || ever == (at + (int64_t)(seed & 1)) % 2)
                wrong +=
                    make_with(&(struct fault){VFS_CALLS, at, ever, false, (unsigned)disk_random(&seed)}, &failures);
    is_int((int)wrong, 0, "D2: the making of a state fails %u times, at any of %lld calls: it can be made afterwards",
           failures, (long long)n);
}

int main(int argc, char **argv)
{
    bool all = asked_long(argc, argv);

    vfs_install();
    seed = asked_seed(argc, argv);
    printf("# seed=%llu\n", (unsigned long long)seed);
    place = strdup(scratch("place"));
    const char *dir = scratch("fresh");
    story_prepare(dir);
    fresh = disk_new(dir);
    struct fault none = {VFS_CALLS, INT64_MAX, false, false, 0};
    bool hit;
    is_int((int)run(&none, &hit), 0, "a day without faults");
    desk_must(disk_cut(fresh, 0, DISK_WRITTEN, 0, place), "copy");
    vfs_mend();
    char reason[DB_REASON_SIZE];
    desk_must(story_open(&story, place, reason), reason);
    story_play(&story);
    int64_t calls = vfs_seen(VFS_CALLS), allocations = vfs_seen(VFS_MEMORY);
    story_close(&story);
    test_making(all);
    test_source(VFS_CALLS, "call", calls, 1, 3, all ? 0 : 40);
    test_source(VFS_MEMORY, "allocation", allocations, all ? 3 : 1, 1, all ? 0 : 40);
    test_full(all ? 512 : 1, all ? 0 : 30);
    disk_free(fresh);
    return tap_done();
}
