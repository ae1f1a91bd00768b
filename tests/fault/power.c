/* SPDX-License-Identifier: MIT
 *
 * D1, O2, P3: power fails at any of the things that happen to the disk in a day of authcd's, from the making of its
 * state to its end, and what nobody synced is lost, half there, in another order or torn. What is found then is the
 * state after one of its commits: none older than the last of which anything was said, and none that never was. It
 * opens, it is whole, and it goes on.
 *
 * Whether each state is one of the commits is told by a digest of all rows, so nothing that was written can be left out
 * here; what the promises mean (a spent code stays spent, a charge counts) is asked of the handlers besides.
 *
 *   power [long] [seed=N]
 */
#include "disk.h"
#include "refuge.h"
#include "scratch.h"
#include "sql.h"
#include "story.h"
#include "vfs.h"

enum { COMMITS_MAX = 256, SCENES_MAX = 64 };

struct commit {
    size_t at;     /* things that had happened when it was done */
    size_t synced; /* ... when it was synced */
    uint64_t digest;
};

/* What was recorded of a day. */
static struct {
    struct disk *disk;
    size_t promised; /* things that had happened when there was a state to speak of */
    size_t n;
    struct commit commits[COMMITS_MAX]; /* 0: the state that was there, or was made, when it was opened */
    size_t n_scenes;
    struct {
        size_t at;
        struct story told;
    } scenes[SCENES_MAX];
} day;

static uint64_t seed;
static const char *place; /* where a cut is looked at */
static size_t cuts;

/* ---- recording ---- */

static void take_note(const struct story *s, enum story_news news)
{
    size_t now = disk_happened(day.disk);

    if (news == STORY_OPENED && day.promised == SIZE_MAX)
        day.promised = day.commits[0].at = day.commits[0].synced = now;
    if (news == STORY_COMMITTED && day.n < COMMITS_MAX)
        day.commits[day.n++] = (struct commit){.at = now, .synced = SIZE_MAX};
    for (size_t i = 0; news == STORY_SYNCED && i < day.n; i++)
        if (day.commits[i].synced == SIZE_MAX)
            day.commits[i].synced = now;
    if (news == STORY_SAID && day.n_scenes < SCENES_MAX) {
        day.scenes[day.n_scenes].at = now;
        day.scenes[day.n_scenes++].told = *s;
    }
}

static void begin_day(const char *dir)
{
    disk_free(day.disk);
    memset(&day, 0, sizeof day);
    day.disk = disk_new(dir);
    day.n = 1;
    disk_record(day.disk);
    story_news = take_note;
}

static void end_day(void)
{
    disk_record(NULL);
    story_news = NULL;
}

/* ---- what a cut leaves ---- */

static int open_place(const char *dir, struct db **ret)
{
    char reason[DB_REASON_SIZE] = "";
    int error = db_open(dir, NULL, ret, reason);

    if (error < 0)
        printf("# it does not open: %s (%s)\n", reason, strerror(-error));
    return error;
}

/* The digest of what is in dir; 0 if that is no whole database. */
static uint64_t look_at(const char *dir)
{
    struct db *db = NULL;
    uint64_t digest = 0;

    if (open_place(dir, &db) < 0)
        return 0;
    if (story_whole(db))
        digest = story_digest(db);
    db_close(db);
    return digest;
}

static void cut(size_t at, enum disk_mood mood, uint64_t dice, const char *dir)
{
    cuts++;
    desk_must(disk_cut(day.disk, at, mood, dice, dir), "cut");
}

static void find_digests(void)
{
    for (size_t i = 0; i < day.n; i++) {
        cut(day.commits[i].at, DISK_WRITTEN, 0, place);
        day.commits[i].digest = look_at(place);
    }
}

/* Is this one of the states that may be found after `at` things? */
static bool is_promised(uint64_t digest, size_t at)
{
    size_t least = 0;
    bool found = false;

    if (at < day.promised)
        return digest != 0; /* nothing was said yet */
    for (size_t i = 0; i < day.n; i++)
        least = day.commits[i].synced <= at ? i : least;
    for (size_t i = least; i < day.n && day.commits[i].at <= at; i++)
        found = found || day.commits[i].digest == digest;
    return found && digest != 0;
}

static const char *mood_name(enum disk_mood mood)
{
    static const char *const names[] = {"lost", "written", "ordered", "scattered", "torn"};
    return names[mood];
}

static bool complain(bool good, size_t at, enum disk_mood mood, uint64_t dice, const char *what)
{
    if (!good)
        printf("# %s: cut after %zu of %zu (%s), %s, dice %llu\n", what, at, disk_happened(day.disk),
               disk_describe(day.disk, at), mood_name(mood), (unsigned long long)dice);
    return good;
}

static unsigned one_cut(size_t at, enum disk_mood mood)
{
    uint64_t dice = disk_random(&seed);

    cut(at, mood, dice, place);
    return !complain(is_promised(look_at(place), at), at, mood, dice, "a state that never was, or is too old");
}

/* Power fails again while authcd finds its state after the first time. */
static unsigned two_cuts(size_t at)
{
    uint64_t dice = disk_random(&seed);
    const char *second = scratch("second");
    enum disk_mood mood = (enum disk_mood)(dice % DISK_MOODS);

    cut(at, mood, dice, place);
    struct disk *again = disk_new(place);
    disk_record(again);
    (void)look_at(place);
    disk_record(NULL);
    size_t then = disk_happened(again) ? disk_random(&seed) % (disk_happened(again) + 1) : 0;
    desk_must(disk_cut(again, then, (enum disk_mood)(disk_random(&seed) % DISK_MOODS), dice, second), "cut");
    disk_free(again);
    cuts++;
    return !complain(is_promised(look_at(second), at), at, mood, dice, "lost by a second cut");
}

/* Every stride-th thing, each mood, so many times; quick: one mood for each, in turn. */
static unsigned cut_everywhere(size_t stride, unsigned times)
{
    size_t end = disk_happened(day.disk);
    unsigned wrong = 0;

    for (unsigned round = 0; round < (times ? times : 1); round++) {
        for (size_t at = disk_random(&seed) % stride; at <= end; at += stride) {
            for (unsigned mood = 0; mood < DISK_MOODS; mood++)
                if (times || mood == at / stride % DISK_MOODS)
                    wrong += one_cut(at, (enum disk_mood)mood);
            if (times || at / stride % 4 == 0)
                wrong += two_cuts(at);
        }
        if (times) {
            printf("# round %u of %u: %zu cuts, %u wrong\n", round + 1, times, cuts, wrong);
            fflush(stdout);
        }
    }
    return wrong;
}

/* ---- the days ---- */

static void test_making(bool all)
{
    const char *dir = scratch("making");

    begin_day(dir);
    day.promised = SIZE_MAX;
    story_prepare(dir);
    end_day();
    find_digests();
    cuts = 0;
    unsigned wrong = cut_everywhere(all ? 1 : 2, all ? 6 : 0);
    is_int((int)wrong, 0,
           "D1: power fails while the state is made, in %zu ways at %zu things: it opens, and what was said is there",
           cuts, disk_happened(day.disk));
}

static struct story story;

static void record_story(const char *dir, void (*play)(struct story *))
{
    char reason[DB_REASON_SIZE] = "";

    story_prepare(dir);
    begin_day(dir);
    desk_must(story_open(&story, dir, reason), reason);
    play(&story);
    story_close(&story);
    end_day();
}

/* Right after each reply, all that was not synced is gone. */
static unsigned judge_scenes(size_t stride)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < day.n_scenes;
         i += i + stride < day.n_scenes || i + 1 == day.n_scenes ? stride : day.n_scenes - 1 - i) {
        cut(day.scenes[i].at, DISK_LOST, 0, place);
        unsigned amiss = story_judge(&day.scenes[i].told, place);
        if (amiss)
            printf("# after scene %zu\n", i);
        wrong += amiss;
    }
    return wrong;
}

static void test_story(bool all)
{
    record_story(scratch("story"), story_play);
    is_int((int)story.wrong, 0, "a day without faults goes as it should: %zu scenes, %zu commits, %zu things",
           day.n_scenes, day.n, disk_happened(day.disk));
    find_digests();
    cuts = 0;
    unsigned wrong = cut_everywhere(all ? 1 : 5, all ? 8 : 0);
    is_int((int)wrong, 0, "D1: power fails in %zu ways at %zu things: every commit that was spoken of is there", cuts,
           disk_happened(day.disk));
    is_int((int)judge_scenes(all ? 1 : 3), 0,
           "D1: charges, codes, accounts, sessions, tokens, audit: as they were said");
}

/* authcd is killed before the sync, and the next one finds what it wrote: whatever that says must survive from then on.
 */
static void test_kill(void)
{
    struct db *db = NULL;
    size_t unsynced = 0;

    for (size_t i = 1; i < day.n; i++)
        if (day.commits[i].at < day.commits[i].synced)
            unsynced = i;
    cut(day.commits[unsynced].at, DISK_WRITTEN, 0, place);
    struct disk *next = disk_new(place);
    disk_unsync(next, "authc.db-wal");
    disk_record(next);
    desk_must(open_place(place, &db), "open");
    size_t opened = disk_happened(next);
    db_close(db);
    disk_record(NULL);
    desk_must(disk_cut(next, opened, DISK_LOST, 0, place), "cut");
    disk_free(next);
    ok(unsynced > 0 && look_at(place) == day.commits[unsynced].digest,
       "D1: what an authcd left that was killed before it synced is synced before anybody hears of it");
}

/* ---- what two of the promises mean ---- */

static enum said the_login;

static void login_once(struct story *s)
{
    desk_tick(&s->d, 60000);
    the_login = story_login_ada(s, story_password, story_code(s->d.now.wall_s));
}

static enum said login_again(struct story *s)
{
    s->d.now = story.d.now;
    return story_login_ada(s, story_password, story_code(s->d.now.wall_s));
}

/* O2 and P3 in one: the grant of a login that spends a code and hashes the password anew. */
static void test_login(bool all)
{
    static struct story s;
    unsigned twice = 0, locked_out = 0;
    char reason[DB_REASON_SIZE] = "";

    record_story(scratch("login"), login_once);
    is_int(the_login, SAID_GRANTED, "a login with a code, whose password is hashed anew");
    size_t end = disk_happened(day.disk), granted = day.commits[day.n - 1].synced;
    for (size_t at = 0; at <= end; at++)
        for (unsigned mood = 0; mood < DISK_MOODS; mood++) {
            if (!all && mood != at % DISK_MOODS)
                continue;
            uint64_t dice = disk_random(&seed);
            cut(at, (enum disk_mood)mood, dice, place);
            desk_must(story_open(&s, place, reason), reason);
            enum said first = login_again(&s), second = login_again(&s);
            bool once = second != SAID_GRANTED && (first != SAID_GRANTED || at < granted);
            twice += !complain(once, at, (enum disk_mood)mood, dice, "a code is taken twice");
            desk_tick(&s.d, 60000);
            enum said next = story_login_ada(&s, story_password, story_code(s.d.now.wall_s));
            locked_out += !complain(next == SAID_GRANTED, at, (enum disk_mood)mood, dice, "neither hash verifies");
            story_close(&s);
        }
    is_int((int)twice, 0, "O2: power fails around the commit and the verdict: the code is spent once");
    is_int((int)locked_out, 0, "P3: ... and the password verifies, by the old hash or the new");
}

/* ---- back from a refuge ---- */

static size_t leaves, is_back;

/* A login at home, one in the refuge, and back. */
static void go_and_come_back(struct story *s)
{
    char reason[DB_REASON_SIZE] = "", place_there[96];
    const struct audit why = {.at = s->d.now.wall_s, .event = AUDIT_STARTED};
    const char *run_dir = scratch("run");
    enum refuge_return how = REFUGE_MERGED;

    snprintf(place_there, sizeof place_there, "%s/" REFUGE_DIR, run_dir);
    desk_must(mkdir(place_there, 0700) < 0 ? -errno : 0, place_there);
    login_once(s);
    desk_must(refuge_enter(s->d.db, run_dir, &why, reason), reason);
    login_once(s);
    leaves = disk_happened(day.disk);
    desk_must(refuge_leave(s->d.db, false, &how, reason), reason);
    is_back = disk_happened(day.disk);
    ok(how == REFUGE_CONTINUED && the_login == SAID_GRANTED, "a login in a refuge, which comes back");
}

static uint64_t digest_of_cut(size_t at, enum disk_mood mood)
{
    cut(at, mood, 0, place);
    return look_at(place);
}

static void test_refuge(bool all)
{
    static struct story s;
    char reason[DB_REASON_SIZE] = "";
    unsigned wrong = 0;

    record_story(scratch("home"), go_and_come_back);
    size_t end = disk_happened(day.disk);
    uint64_t at_home = digest_of_cut(leaves, DISK_WRITTEN), settled = digest_of_cut(end, DISK_WRITTEN);
    uint64_t carried = digest_of_cut(is_back, DISK_LOST);
    desk_must(story_open(&s, place, reason), reason);
    ok(login_again(&s) != SAID_GRANTED, "D1: power fails when it is back: the code of the refuge is spent");
    story_close(&s);
    cuts = 0;
    for (size_t at = leaves; at <= end; at++)
        for (unsigned mood = 0; mood < DISK_MOODS; mood++) {
            if (!all && mood != at % DISK_MOODS)
                continue;
            uint64_t dice = disk_random(&seed);
            cut(at, (enum disk_mood)mood, dice, place);
            uint64_t found = look_at(place);
            bool good = found != 0 && (found == carried || found == settled || (at < is_back && found == at_home));
            wrong += !complain(good, at, (enum disk_mood)mood, dice, "neither what was at home nor what came back");
        }
    is_int((int)wrong, 0, "D1: power fails in %zu ways while a refuge comes back: all of it is there, or none", cuts);
}

/* ---- a sync that fails ---- */

static void test_sync(void)
{
    static struct story s;
    char reason[DB_REASON_SIZE] = "";
    struct audit row = {.at = 1, .event = AUDIT_STARTED};
    const char *dir = scratch("sync");

    story_prepare(dir);
    begin_day(dir);
    desk_must(story_open(&s, dir, reason), reason);
    login_once(&s);
    size_t before = disk_happened(day.disk);
    DESK_STORE(&s.d, audit_append(s.d.db, &row));
    size_t written = disk_happened(day.disk);
    ok(written > before && strncmp(disk_describe(day.disk, written), "write", 5) == 0,
       "a commit writes and does not sync");
    desk_must(db_sync(s.d.db), "sync");
    const char *what = disk_describe(day.disk, written + 1);
    ok(disk_happened(day.disk) == written + 1 && strncmp(what, "sync authc.db-wal", 17) == 0, "db_sync does, once: %s",
       what);
    ok(!db_dirty(s.d.db) && db_sync(s.d.db) == 0 && disk_happened(day.disk) == written + 1, "where there is something");
    end_day();
    DESK_STORE(&s.d, audit_append(s.d.db, &row));
    vfs_fail(VFS_CALLS, 0, false, 0);
    ok(db_sync(s.d.db) < 0 && vfs_failed() == 1, "D1: a sync that fails is told");
    vfs_mend();
    ok(db_sync(s.d.db) < 0, "D1: a failed sync is final: the next one would succeed, and says no");
    ok(db_dirty(s.d.db), "... and what was written stays dirty");
    DESK_STORE(&s.d, audit_append(s.d.db, &row));
    ok(db_sync(s.d.db) < 0 && db_checkpoint(s.d.db) < 0, "... for good, and no checkpoint syncs it either");
    story_close(&s);

    int64_t at = 0;
    for (bool failed = false; !failed && at < 100; at++) { /* its syncs are among its calls */
        desk_must(story_open(&s, dir, reason), reason);
        DESK_STORE(&s.d, audit_append(s.d.db, &row));
        desk_must(db_sync(s.d.db), "sync");
        vfs_fail(VFS_CALLS, at, false, 0);
        int error = db_checkpoint(s.d.db);
        failed = strcmp(vfs_what(), "xSync") == 0;
        vfs_mend();
        if (failed)
            ok(error < 0 && db_dirty(s.d.db) && db_sync(s.d.db) < 0, "D1: as final is one that fails in a checkpoint");
        story_close(&s);
    }
    struct db *db = NULL;
    dir = scratch("nosync");
    vfs_fail(VFS_CALLS, 0, true, 0);
    ok(db_open(dir, NULL, &db, reason) < 0 && reason[0], "no state is made where nothing can be done: %s", reason);
    vfs_mend();
    ok(db_open(dir, NULL, &db, reason) == 0, "and it is made where it can");
    db_close(db);
}

int main(int argc, char **argv)
{
    bool all = asked_long(argc, argv);

    vfs_install();
    seed = asked_seed(argc, argv);
    printf("# seed=%llu\n", (unsigned long long)seed);
    place = strdup(scratch("place"));
    test_sync();
    test_making(all);
    test_story(all);
    test_kill();
    test_login(all);
    test_refuge(all);
    disk_free(day.disk);
    return tap_done();
}
