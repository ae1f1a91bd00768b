/* SPDX-License-Identifier: MIT
 *
 * D2, D3: each call to the operating system and each allocation fails, once or it and all after it, while the database
 * goes to its refuge, is written there, comes back and goes on. Whatever was said to be written is there at the next
 * start, once, and at home; and nothing has to be merged.
 *
 *   refuge [long] [seed=N]
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "audit.h"
#include "buckets.h"
#include "disk.h"
#include "refuge.h"
#include "scratch.h"
#include "sql.h"
#include "tap.h"
#include "vfs.h"

static const struct audit why = {.at = 1, .event = AUDIT_DEGRADED, .result = "full"};
static const struct buckets_key key = {BUCKET_SOURCE, 0, "", "192.0.2.7", NULL};

/* What is written on the way: each an event and a level of its own. */
enum mark { AT_HOME, THERE, BACK, LATER, MARKS };

struct fault {
    enum vfs_source source;
    int64_t at;
    bool for_ever;
    unsigned variant;
};

struct run {
    char home[64], place[64];
    struct db *db;
    bool entered;
    bool over; /* a sync failed: authcd would have ended */
    bool said[MARKS];
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    printf("Bail out! %s\n", what);
    exit(2);
}

/* ---- one way there and back ---- */

static int write_mark(struct db *db, enum mark mark)
{
    DB_TRANSACTION struct db_transaction t = {0};
    struct audit row = {.at = 1, .event = AUDIT_LOGIN_FAILURE};
    struct limit_row level = {0};
    int error = db_transaction(db, &t);

    snprintf(row.result, sizeof row.result, "mark %d", (int)mark);
    if (error < 0 || (error = buckets_load(db, &key, &level)) < 0)
        return error;
    level.level = 1 + (int64_t)mark;
    if ((error = buckets_save(db, &key, &level)) < 0 || (error = audit_append(db, &row)) < 0)
        return error;
    return db_transaction_commit(&t);
}

static void say(struct run *r, enum mark mark)
{
    bool wrote = !r->over && write_mark(r->db, mark) == 0;

    r->over = r->over || db_sync(r->db) < 0;
    r->said[mark] = wrote && !r->over;
}

static void go_and_come_back(struct run *r)
{
    enum refuge_return how = REFUGE_MERGED;
    char reason[DB_REASON_SIZE];

    r->entered = refuge_enter(r->db, r->place, &why, reason) == 0;
    if (!r->entered)
        r->over = r->over || db_sync(r->db) < 0;
    say(r, THERE);
    if (!r->over && refuge_taken(r->db))
        (void)!refuge_leave(r->db, false, &how, reason);
    say(r, BACK);
}

/* ---- what is found ---- */

static int64_t number(struct db *db, const char *text)
{
    sqlite3_stmt *q = NULL;
    must(sqlite3_prepare_v2(db->sqlite, text, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW, text);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static unsigned complain(bool good, const char *what)
{
    if (!good)
        printf("# %s\n", what);
    return !good;
}

static unsigned judge_marks(struct run *r)
{
    unsigned wrong = 0;
    int64_t last = 0;

    for (int mark = 0; mark < MARKS; mark++) {
        char text[96];
        snprintf(text, sizeof text, "SELECT count(*) FROM audit WHERE result = 'mark %d'", mark);
        int64_t n = number(r->db, text);
        wrong += complain(n <= 1, "there twice") + complain(n == 1 || !r->said[mark], "said, and lost");
        last = n ? mark + 1 : last;
    }
    return wrong + complain(number(r->db, "SELECT level FROM limits") == last, "a limit is not what was written last");
}

/* The next start brings all of it home. One that could neither be entered nor removed again has nothing to bring. */
static unsigned judge(struct run *r)
{
    enum refuge_return how = REFUGE_MERGED;
    char reason[DB_REASON_SIZE];
    unsigned wrong = 0;
    int64_t bad = -1;

    if (refuge_open(r->home, r->place, NULL, &why, &r->db, reason) < 0) {
        printf("# %s\n", reason);
        return 1;
    }
    if (refuge_taken(r->db)) {
        int error = refuge_leave(r->db, true, &how, reason);
        wrong += complain(error == 0, reason) + complain(how != REFUGE_MERGED || !r->entered, "it had to be merged");
    }
    wrong += complain(!refuge_taken(r->db), "it is not at home") + judge_marks(r);
    wrong += complain(audit_verify(r->db, &bad) == 0 && bad == 0, "the audit is broken");
    db_close(r->db);
    r->db = NULL;
    return wrong;
}

/* ---- runs ---- */

static void copy(const char *from, const char *to, const char *name)
{
    static unsigned char bytes[1 << 20];
    char path[128];
    snprintf(path, sizeof path, "%s/%s", from, name);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = in < 0 ? -1 : read(in, bytes, sizeof bytes);
    snprintf(path, sizeof path, "%s/%s", to, name);
    int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    must(n > 0 && n < (ssize_t)sizeof bytes && out >= 0 && pwrite(out, bytes, (size_t)n, 0) == n, path);
    close(in);
    close(out);
}

static void begin(struct run *r, const char *template)
{
    char path[96], reason[DB_REASON_SIZE];

    *r = (struct run){0};
    snprintf(r->home, sizeof r->home, "%s", scratch("home"));
    snprintf(r->place, sizeof r->place, "%s", scratch("run"));
    snprintf(path, sizeof path, "%s/" REFUGE_DIR, r->place);
    must(mkdir(path, 0700) == 0, path);
    copy(template, r->home, DBFILES_DATABASE);
    copy(template, r->home, DBFILES_KEY);
    must(refuge_open(r->home, r->place, NULL, &why, &r->db, reason) == 0, reason);
    say(r, AT_HOME);
    must(r->said[AT_HOME], "nothing fails yet");
}

/* How much there is to fail. */
static int64_t count(const char *template, enum vfs_source source)
{
    struct run r;
    begin(&r, template);
    vfs_mend();
    go_and_come_back(&r);
    int64_t n = vfs_seen(source);
    db_close(r.db);
    must(judge(&r) == 0, "nothing fails, and something is wrong");
    return n;
}

static unsigned run(const char *template, const struct fault *f, unsigned *hits)
{
    struct run r;
    char text[96];

    begin(&r, template);
    vfs_fail(f->source, f->at, f->for_ever, f->variant);
    go_and_come_back(&r);
    *hits += vfs_failed() > 0;
    snprintf(text, sizeof text, "%s %lld %s, way %u (%s)", f->source == VFS_CALLS ? "call" : "allocation",
             (long long)f->at, f->for_ever ? "and all after it" : "once", f->variant, vfs_what());
    vfs_mend();
    if (!r.over)
        say(&r, LATER); /* the same authcd goes on, wherever it is */
    unsigned wrong = r.over ? 0 : complain(r.said[LATER], "it does not go on");
    db_close(r.db);
    wrong += judge(&r);
    if (wrong)
        printf("# %u wrong: %s\n", wrong, text);
    return wrong;
}

static void test(const char *template, enum vfs_source source, const char *name, unsigned runs_max, uint64_t *seed)
{
    int64_t n = count(template, source);
    int64_t stride = runs_max == 0 || n < runs_max ? 1 : n / runs_max;
    unsigned wrong = 0, hits = 0, runs = 0, ways = source == VFS_CALLS ? 3 : 1;
    int64_t first = stride > 1 ? (int64_t)(disk_random(seed) % (uint64_t)stride) : 0;

    for (int64_t at = first; at < n; at += stride)
        for (unsigned way = 0; way < ways; way++)
            for (int ever = 0; ever < 2; ever++, runs++)
                wrong += run(template, &(struct fault){source, at, ever, way}, &hits);
    is_int((int)wrong, 0, "of %lld %ss on the way to a refuge and back %u fail: nothing is lost, nothing is twice",
           (long long)n, name, hits);
    ok(hits > runs / 2, "... in most of %u runs", runs);
}

int main(int argc, char **argv)
{
    bool all = asked_long(argc, argv);
    uint64_t seed = asked_seed(argc, argv);
    char template[64], reason[DB_REASON_SIZE];
    struct db *db = NULL;

    vfs_install();
    must(sodium_init() >= 0, "sodium");
    printf("# seed=%llu\n", (unsigned long long)seed);
    snprintf(template, sizeof template, "%s", scratch("template"));
    must(db_open(template, NULL, &db, reason) == 0, reason);
    db_close(db);
    test(template, VFS_CALLS, "call", all ? 0 : 25, &seed);
    test(template, VFS_MEMORY, "allocation", all ? 0 : 60, &seed);
    return tap_done();
}
