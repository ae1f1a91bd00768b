/* SPDX-License-Identifier: MIT
 *
 * D5: bytes of the database, or of its WAL after a kill, are changed at random behind authcd's back. It refuses to
 * open, fails to answer, denies, or answers as without: never is anybody let in who was not before, never a crash,
 * never no end. A WAL that is damaged ends there: what was behind is lost, as after a power cut before its sync.
 *
 *   flips [long] [seed=N]
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "disk.h"
#include "scratch.h"
#include "story.h"
#include "vfs.h"

enum { IMAGE_MAX = 4 << 20, BATCH = 500, TRIAL_S = 20, WORKERS = 2 };

/* What a trial came to. */
enum end { REFUSED, DENIED, SAME, WRONG, ENDS };

/* What the workers tell: in memory that all share. */
struct tally {
    volatile unsigned ends[ENDS];
    volatile uint64_t trial[WORKERS]; /* at work on */
};

struct image {
    const char *name;
    size_t len;
    unsigned char bytes[IMAGE_MAX];
};

static struct image database = {.name = "authc.db"}, wal = {.name = "authc.db-wal"}, key = {.name = "authc.key"};
static struct story told; /* what is true of the state before its bytes are changed */
static uint64_t told_answers;
static struct tally *tally;
static uint64_t seed;
static const char *place;

/* ---- the state ---- */

static void load(const char *dir, struct image *m)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, m->name);
    FILE *f = fopen(path, "re");
    m->len = f ? fread(m->bytes, 1, sizeof m->bytes, f) : 0;
    if (f)
        fclose(f);
}

static void store(const struct image *m)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", place, m->name);
    (void)unlink(path);
    if (m->len == 0)
        return;
    FILE *f = fopen(path, "wxe");
    if (!f || fwrite(m->bytes, 1, m->len, f) != m->len || chmod(path, 0600) < 0)
        desk_must(-EIO, path);
    fclose(f);
}

static enum said bob_from_elsewhere(struct story *s, const char *password)
{
    struct line *l = story_line(s, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "sshd", "bob");
    strcpy(b.rhost, "198.51.100.77");
    desk_begin(&s->d, l, &b);
    if (desk_prompt(l))
        desk_answer(&s->d, l, password);
    desk_hash(&s->d, l);
    return story_said(s, l);
}

/* After the day: strangers have tried bob until they are looked at no more. */
static void lock_bob(struct story *s)
{
    for (int i = 0; i < 8; i++)
        (void)bob_from_elsewhere(s, "a guess");
    ok(bob_from_elsewhere(s, story_password) == SAID_DENIED, "strangers may not try bob any more");
    story_turn(s, NULL);
}

static uint64_t mix_replies(uint64_t hash, const struct line *l)
{
    for (size_t i = 0; i < l->n_got; i++)
        for (size_t at = 0; at < sizeof l->got[i]; at++)
            hash = (hash ^ ((const unsigned char *)&l->got[i])[at]) * UINT64_C(1099511628211);
    return hash;
}

/* What is told to whoever asks, as one number; 0: something of it could not be told. */
static uint64_t answers(struct story *s)
{
    struct line *l = story_line(s, 0);
    uint64_t hash = UINT64_C(14695981039346656037);
    int error = 0;

#define ASK(name, ...)                                                                                                 \
    STORY_TELL(s, l, name, __VA_ARGS__);                                                                               \
    hash = mix_replies(hash, l);                                                                                       \
    error = error < 0 ? error : l->error
    ASK(user_list, .limit = 5);
    ASK(session_list, .user = "");
    ASK(factor_list, .user = "ada");
    ASK(audit_list, .limit = 5);
    ASK(user_show, .user = "bob");
#undef ASK
    return error < 0 ? 0 : hash;
}

/* Stopped, with all in the database; or killed, with all in the WAL. */
static void make_state(bool killed)
{
    char reason[DB_REASON_SIZE] = "";
    const char *dir = scratch("state");

    story_prepare(dir);
    struct disk *disk = disk_new(dir);
    disk_record(disk);
    desk_must(story_open(&told, dir, reason), reason);
    story_play(&told);
    lock_bob(&told);
    size_t end = disk_happened(disk);
    told_answers = answers(&told);
    story_close(&told);
    disk_record(NULL);
    if (killed)
        desk_must(disk_cut(disk, end, DISK_WRITTEN, 0, dir), "cut");
    disk_free(disk);
    load(dir, &database);
    load(dir, &wal);
    load(dir, &key);
}

/* ---- a trial ---- */

static bool others_get_in(struct story *s, bool rolled_back)
{
    static const struct {
        const char *service, *user;
    } barred[] = {{"sudo", "carl"}, {"sshd", "dave"}, {"sshd", "eve"}};
    bool in = story_login_ada(s, "incorrect horse", "000000") == SAID_GRANTED;
    struct line *l;
    struct msg_begin b;

    for (size_t i = 0; i < sizeof barred / sizeof barred[0]; i++) {
        l = story_line(s, 0);
        desk_begin_msg(&b, PHASE_AUTH, barred[i].service, barred[i].user);
        desk_begin(&s->d, l, &b);
        if (desk_prompt(l))
            desk_answer(&s->d, l, story_password);
        desk_hash(&s->d, l);
        if (story_said(s, l) == SAID_GRANTED) {
            printf("# %s is let in\n", barred[i].user);
            in = true;
        }
    }
    if (!rolled_back && bob_from_elsewhere(s, story_password) == SAID_GRANTED) {
        printf("# bob's failures are forgotten\n");
        in = true;
    }
    for (size_t i = 0; !rolled_back && i < told.n_spent; i++) {
        s->d.now.wall_s = told.spent[i].at;
        if (story_login_ada(s, story_password, told.spent[i].code) == SAID_GRANTED) {
            printf("# a spent code is taken again\n");
            in = true;
        }
    }
    s->d.now.wall_s = told.d.now.wall_s;
    return in;
}

static enum end judge(const struct image *changed)
{
    static struct story s;
    char reason[DB_REASON_SIZE];
    enum end end = DENIED;
    int64_t seq = 0, delivered = 0;

    if (story_open(&s, place, reason) < 0)
        return REFUSED;
    s.d.now = told.d.now;
    /* What is behind a damaged place of the WAL is as if it had not been written yet: an older state, but a whole one.
     */
    bool rolled_back = changed == &wal && audit_position(s.d.db, &seq, &delivered) == 0 && seq < told.audited;
    uint64_t answered = answers(&s);
    if (answered != 0 && answered != told_answers && !rolled_back) {
        printf("# another answer than before\n");
        end = WRONG;
    }
    if (changed == &wal && !story_whole(s.d.db)) {
        printf("# a state that never was\n");
        end = WRONG;
    }
    if (others_get_in(&s, rolled_back))
        end = WRONG;
    desk_tick(&s.d, 600000);
    enum said got = story_login_ada(&s, story_password, story_code(s.d.now.wall_s));
    if (end != WRONG && got == SAID_GRANTED && answered != 0)
        end = SAME;
    story_close(&s);
    return end;
}

/* Mostly one byte, in most of its places; some in a row, or zeros, as a disk loses them. */
static void damage(struct image *m, uint64_t *random)
{
    size_t at = disk_random(random) % m->len, n = disk_random(random) % 4 ? 1 : 1 + disk_random(random) % 64;
    unsigned char bit = (unsigned char)(1u << disk_random(random) % 8);
    unsigned how = (unsigned)(disk_random(random) % 4);

    for (size_t i = at; i < at + n && i < m->len; i++)
        m->bytes[i] = how == 0 ? 0 : how == 1 ? (unsigned char)disk_random(random) : m->bytes[i] ^ bit;
}

static void trial(uint64_t number, bool killed)
{
    uint64_t random = seed + number;
    static struct image bad;
    const struct image *good = killed && disk_random(&random) % 4 ? &wal : &database;

    bad = *good;
    damage(&bad, &random);
    store(&database);
    store(&wal);
    store(&key);
    store(&bad);
    alarm(TRIAL_S);
    enum end end = judge(good);
    alarm(0);
    tally->ends[end]++;
    if (end == WRONG)
        printf("# wrong: seed=%llu trial=%llu\n", (unsigned long long)seed, (unsigned long long)number);
}

/* ---- workers ---- */

static pid_t start_batch(unsigned worker, uint64_t from, uint64_t to, bool killed)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char name[16];
    snprintf(name, sizeof name, "worker%u", worker);
    place = strdup(scratch(name));
    for (uint64_t i = from; i < to; i++) {
        tally->trial[worker] = i;
        trial(i, killed);
    }
    exit(0);
}

static unsigned wait_for(pid_t pid, unsigned worker)
{
    int status = 0;

    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    printf("# %s: seed=%llu trial=%llu\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "no end" : "a crash",
           (unsigned long long)seed, (unsigned long long)tally->trial[worker]);
    return 1;
}

static void test_flips(bool killed, uint64_t trials)
{
    unsigned dead = 0;

    make_state(killed);
    memset((void *)tally, 0, sizeof *tally);
    for (uint64_t at = 0; at < trials; at += WORKERS * BATCH) {
        pid_t pids[WORKERS];
        for (unsigned i = 0; i < WORKERS; i++) {
            uint64_t from = at + i * BATCH, to = from + BATCH < trials ? from + BATCH : trials;
            pids[i] = from < to ? start_batch(i, from, to, killed) : 0;
        }
        for (unsigned i = 0; i < WORKERS; i++)
            dead += pids[i] > 0 && wait_for(pids[i], i);
        if (at / (WORKERS * BATCH) % 10 == 9) {
            printf("# %llu trials: %u refused, %u denied, %u the same, %u wrong\n", (unsigned long long)at,
                   tally->ends[REFUSED], tally->ends[DENIED], tally->ends[SAME], tally->ends[WRONG]);
            fflush(stdout);
        }
    }
    is_int((int)tally->ends[WRONG], 0,
           "D5: bytes changed %s: of %llu trials %u refuse to open, %u deny, %u are the same, none lets in",
           killed ? "after a kill" : "of a state that was closed", (unsigned long long)trials, tally->ends[REFUSED],
           tally->ends[DENIED], tally->ends[SAME]);
    is_int((int)dead, 0, "... and none crashes, or does not end");
}

int main(int argc, char **argv)
{
    bool all = asked_long(argc, argv);

    vfs_install();
    seed = asked_seed(argc, argv);
    printf("# seed=%llu\n", (unsigned long long)seed);
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        desk_must(-ENOMEM, "shared memory");
    (void)scratch("none"); /* the parent's to remove */
    test_flips(false, all ? 80000 : 250);
    test_flips(true, all ? 20000 : 100);
    return tap_done();
}
