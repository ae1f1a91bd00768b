/* SPDX-License-Identifier: MIT
 *
 * D3, the refuge of the database: what is written there comes back, whenever authcd is killed; what was changed at home
 * meanwhile is merged by maximum; and a refuge that somebody else could have made is not entered. A full disk is played
 * by SQLite's own bound on pages, and by a bound on the size of files.
 */
#include "refuge.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "buckets.h"
#include "factors.h"
#include "fixture.h"

static const struct audit why = {.at = NOW, .event = AUDIT_DEGRADED, .result = "full"};
static char reason[DB_REASON_SIZE];

/* ---- a world ---- */

/* In the directory of this test: home/ is the state, run/refuge/ the refuge. */
static void shell(const char *command)
{
    char text[512];
    snprintf(text, sizeof text, "cd %s && { %s; }", fixture_dir, command);
    fixture_must(system(text) == 0, command);
}

static void note(struct db *db, const char *result)
{
    struct audit row = {.at = NOW, .event = AUDIT_LOGIN_FAILURE};
    snprintf(row.result, sizeof row.result, "%s", result);
    fixture_begin(db);
    fixture_must(audit_append(db, &row) == 0, "append");
    fixture_commit(db);
}

static const struct buckets_key account_key = {BUCKET_ACCOUNT, 1, "ada", "192.0.2.7", NULL};

static void set_level(struct db *db, int64_t level, uint32_t consecutive, int64_t at)
{
    struct limit_row row = {.level = level, .consecutive = consecutive, .charged_at = at, .charged_boot_ms = at * 10};
    snprintf(row.boot_id, sizeof row.boot_id, "boot-%d", (int)(at - NOW));
    fixture_begin(db);
    fixture_must(buckets_save(db, &account_key, &row) == 0, "save");
    fixture_commit(db);
}

static struct limit_row level(struct db *db)
{
    struct limit_row row = {0};
    fixture_must(buckets_load(db, &account_key, &row) == 0, "load");
    return row;
}

static void use_step(struct db *db, int64_t step)
{
    fixture_begin(db);
    fixture_must(factors_use(db, 1, step, NOW) == 0, "use");
    fixture_commit(db);
}

/* A state with one account, two code factors, a failure, and an event; nobody has it open. */
static void make_state(void)
{
    struct factor f = {.account_id = 1, .label = "phone"}, token = {.account_id = 1, .label = "token"};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30}, counting;
    struct db *db = NULL;
    fixture_directory();
    shell("mkdir -m 0755 run && mkdir -m 0700 home run/refuge");
    fixture_must(db_open(fixture_path("home"), NULL, &db, reason) == 0, "open");
    fixture_must(secret_set(&otp.secret, "12345678901234567890", 20) == 0, "secret");
    fixture_begin(db);
    fixture_account(db, "ada", 1001);
    counting = otp;
    counting.kind = OTP_HOTP;
    counting.period_s = 0;
    fixture_must(factors_add(db, &f, &otp, NOW) == 0 && factors_add(db, &token, &counting, NOW) == 0, "factors");
    fixture_commit(db);
    set_level(db, 3, 3, NOW);
    use_step(db, 100);
    fixture_sql(db, "INSERT INTO recovery_codes VALUES (1, x'00000000000000000000000000000001', 1, 0),"
                    " (1, x'00000000000000000000000000000002', 2, 0)");
    note(db, "at home");
    db_close(db);
}

static int try_start(struct db **ret)
{
    *ret = NULL;
    int error = refuge_open(fixture_path("home"), fixture_path("run"), NULL, &why, ret, reason);
    if (error < 0)
        printf("# %s\n", reason);
    return error;
}

static struct db *start(void)
{
    struct db *db;
    fixture_must(try_start(&db) == 0, "no start");
    return db;
}

static int enter(struct db *db)
{
    int error = refuge_enter(db, fixture_path("run"), &why, reason);
    if (error < 0)
        printf("# %s\n", reason);
    return error;
}

/* -1: it did not come back. */
static int come_back(struct db *db, bool may_merge)
{
    enum refuge_return how = REFUGE_MERGED;
    int error = refuge_leave(db, may_merge, &how, reason);
    if (error < 0)
        printf("# %s\n", reason);
    return error < 0 ? -1 : (int)how;
}

/* As kill -9 leaves it: what the files are now, whatever closing does to them. */
static void kill_it(struct db *db)
{
    shell("rm -rf killed && mkdir killed && cp -a home run killed");
    db_close(db);
    shell("rm -rf home run && mv killed/* .");
}

static bool is_intact(struct db *db)
{
    int64_t bad = -1;
    return audit_verify(db, &bad) == 0 && bad == 0;
}

static bool is_empty(void)
{
    char command[256];
    snprintf(command, sizeof command, "test -z \"$(ls -A %s/run/refuge)\"", fixture_dir);
    return system(command) == 0;
}

static int64_t events(struct db *db, const char *result)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM audit WHERE result = '%s'", result);
    return fixture_number(db, sql);
}

/* ---- there and back ---- */

static void there_and_back(void)
{
    make_state();
    struct db *db = start();
    ok(!refuge_taken(db) && reason[0] == '\0', "at home at first");
    is_int(come_back(db, true), -1, "so there is nothing to come back from");
    note(db, "just before");
    is_int(enter(db), 0, "entered");
    ok(refuge_taken(db), "there now");
    is_int(enter(db), -EINVAL, "once is enough");
    is_int(events(db, "just before") + events(db, "full"), 2, "all came along, and the first event there says why");
    int64_t size = 0;
    is_int(refuge_size(db, &size), 0, "coming back takes room");
    ok(size > 100000 && size < 2000000, "%lld bytes", (long long)size);
    note(db, "there");
    set_level(db, 4, 4, NOW + 1);
    use_step(db, 101);
    ok(is_intact(db), "the audit goes on in one chain");
    is_int(db_sync(db), 0, "it syncs");
    is_int(db_checkpoint(db), 0, "and is checkpointed");
    is_int(come_back(db, false), REFUGE_CONTINUED, "back");
    ok(!refuge_taken(db) && is_empty(), "nothing is left there");
    is_int(events(db, "there"), 1, "what was written there is at home");
    is_int(level(db).level, 4, "with its failures");
    is_int(fixture_number(db, "SELECT last_step FROM factors WHERE id = 1"), 101, "and its codes");
    is_int(fixture_number(db, "SELECT count(*) FROM meta WHERE name = 'refuge'"), 0, "and no note");
    note(db, "after");
    ok(is_intact(db), "the audit is in one chain still");
    is_int(enter(db), 0, "it can go a second time");
    note(db, "there again");
    is_int(come_back(db, false), REFUGE_CONTINUED, "and come back");
    db_close(db);
    db = start();
    is_int(events(db, "there") + events(db, "after") + events(db, "there again"), 3, "it is in the file");
    ok(is_intact(db), "which is whole");
    db_close(db);
}

/* Statements that were prepared at home are not used there, nor the other way round. */
static void full(void)
{
    make_state();
    struct db *db = start();
    fixture_sql(db, "PRAGMA max_page_count = 1");
    int error = 0;
    for (int i = 0; error == 0 && i < 1000; i++) {
        struct audit row = {.at = NOW, .event = AUDIT_LOGIN_FAILURE, .result = "filling"};
        fixture_begin(db);
        error = audit_append(db, &row);
        error = error < 0 ? error : db_commit(db);
        db_rollback(db);
    }
    is_int(error, -ENOSPC, "a full disk says so");
    is_int(enter(db), 0, "it can be left");
    for (int i = 0; i < 100; i++)
        note(db, "there");
    is_int(events(db, "there"), 100, "and there is room");
    is_int(come_back(db, false), REFUGE_CONTINUED, "the bound was the connection's: it comes back");
    is_int(events(db, "there"), 100, "with all of it");
    ok(is_intact(db), "in one chain");
    db_close(db);
}

/* ---- kill -9 at each step ---- */

static void killed_there(void)
{
    make_state();
    struct db *db = start();
    fixture_must(enter(db) == 0, "enter");
    note(db, "there");
    kill_it(db);
    db = start();
    ok(refuge_taken(db), "after a kill -9 it goes on there");
    is_int(events(db, "there"), 1, "with what was written there");
    note(db, "there, later");
    db_close(db);
    ok(!is_empty(), "an end in order leaves it there, too");
    db = start();
    is_int(come_back(db, true), REFUGE_CONTINUED, "it comes back at the next start");
    is_int(events(db, "there") + events(db, "there, later"), 2, "with everything");
    ok(is_intact(db), "in one chain");
    db_close(db);
}

/* The copy is there, but nothing was answered from it: what is at home counts. */
static void killed_on_the_way(void)
{
    make_state();
    shell("cp -a home/authc.db run/refuge/ && echo nothing > run/refuge/authc.db.new && chmod 600 run/refuge/*");
    struct db *db = start();
    ok(!refuge_taken(db), "a copy without a note is no refuge");
    ok(is_empty(), "and is removed");
    db_close(db);
    shell("cp -a home/authc.db run/refuge/authc.db.new && head -c 9000 home/authc.db > run/refuge/authc.db-wal &&"
          " chmod 600 run/refuge/*");
    db = start();
    ok(!refuge_taken(db), "half a copy neither");
    is_int(enter(db), 0, "nor is it in the way");
    is_int(events(db, "at home"), 1, "of a whole one");
    db_close(db);
}

static bool dies; /* at the next file that is removed */

int unlinkat(int fd, const char *name, int flags)
{
    if (dies)
        _exit(0);
    return (int)syscall(SYS_unlinkat, fd, name, flags);
}

/* A child that comes back, and is killed when all is at home and the refuge is about to be removed. */
static void die_on_the_way_back(void)
{
    pid_t child = fork();
    int status = 0;
    fixture_must(child >= 0, "fork");
    if (child == 0) {
        struct db *db = start();
        dies = true;
        come_back(db, true);
        _exit(1);
    }
    fixture_must(waitpid(child, &status, 0) == child && WIFEXITED(status), "child");
    is_int(WEXITSTATUS(status), 0, "killed before the refuge was removed");
}

static void killed_on_the_way_back(void)
{
    make_state();
    struct db *db = start();
    fixture_must(enter(db) == 0, "enter");
    note(db, "there");
    db_close(db);
    die_on_the_way_back();
    db = start();
    ok(refuge_taken(db), "it is found");
    set_level(db, 5, 5, NOW + 5); /* an attempt leaves no event before it ends */
    is_int(come_back(db, true), REFUGE_CONTINUED, "what came home unnoticed does not bar the way");
    is_int(level(db).level, 5, "for what was written since");
    is_int(events(db, "there"), 1, "what it had is there once");
    fixture_must(enter(db) == 0, "enter");
    db_close(db);
    die_on_the_way_back();
    fixture_must(db_open(fixture_path("home"), NULL, &db, reason) == 0, "open");
    note(db, "at home since");
    db_close(db);
    db = start();
    is_int(come_back(db, true), REFUGE_PASSED, "and what home has gone beyond does not come back");
    is_int(events(db, "there") + events(db, "at home since"), 2, "nothing is lost");
    ok(is_intact(db), "one chain");
    db_close(db);
}

/* ---- a way back that is barred ---- */

/* Writes past that size fail in all files, as on a disk with that much room. */
static void bound_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    fixture_must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

static void barred(void)
{
    make_state();
    struct db *db = start();
    fixture_must(enter(db) == 0, "enter");
    note(db, "there");
    bound_files(100000);
    is_int(come_back(db, false), -1, "no room for all pages: it stays");
    bound_files(RLIM_INFINITY);
    ok(refuge_taken(db), "there");
    note(db, "there, later");
    kill_it(db);
    db = start();
    ok(refuge_taken(db), "also over a kill -9");
    is_int(come_back(db, true), REFUGE_CONTINUED, "with room it comes back");
    is_int(events(db, "there") + events(db, "there, later"), 2, "with everything");
    ok(is_intact(db), "in one chain");
    fixture_must(enter(db) == 0, "enter");
    shell("chmod 644 home/authc.db");
    is_int(come_back(db, false), -1, "home is open to others: it stays");
    shell("chmod 600 home/authc.db && mv home/authc.db home/gone");
    is_int(come_back(db, false), -1, "home is gone: it stays");
    ok(access(fixture_path("home/authc.db"), F_OK) < 0, "and makes none");
    db_close(db);
    is_int(try_start(&db), -ENOENT, "nor does a start without a home make one");
    shell("mv home/gone home/authc.db");
    db = start();
    is_int(come_back(db, true), REFUGE_CONTINUED, "home is there again: back");
    db_close(db);
}

/* ---- home has changed ---- */

/* A backup is put back while the database is away; another account has got the id of one that was added since. */
static void changed_home(void)
{
    make_state();
    shell("mkdir backup && cp -a home/authc.db backup/");
    struct db *db = start();
    fixture_begin(db);
    fixture_account(db, "bob", 1002);
    fixture_commit(db);
    note(db, "not in the backup");
    fixture_must(enter(db) == 0, "enter");
    set_level(db, 2, 7, NOW + 1);
    use_step(db, 107);
    fixture_sql(db, "UPDATE factors SET last_step = 0 WHERE kind = 'hotp'");
    fixture_sql(db,
                "INSERT INTO limits SELECT x'00112233445566778899aabbccddeeff', bucket, 2, NULL, '', 5, 0, 0, 5, 0, 0,"
                " '', 0, 0 FROM limits LIMIT 1");
    fixture_sql(db,
                "INSERT INTO limits SELECT x'ff112233445566778899aabbccddeeff', bucket, NULL,"
                " x'ff112233445566778899aabbccddee00', '192.0.2.9', 6, 0, 0, 6, 0, 0, '', 0, 0 FROM limits LIMIT 1");
    fixture_sql(db, "UPDATE recovery_codes SET used_at = 77 WHERE made_at = 1");
    note(db, "there");
    shell("rm home/authc.db* && cp -a backup/authc.db home/");
    is_int(come_back(db, false), -1, "home was changed: nothing is merged while people are served");
    ok(refuge_taken(db) && strstr(reason, "restart"), "it says what to do");
    db_close(db);

    struct db *home = NULL;
    fixture_must(db_open(fixture_path("home"), NULL, &home, reason) == 0, "open");
    fixture_begin(home);
    fixture_account(home, "cyd", 1003);
    fixture_commit(home);
    note(home, "at home meanwhile");
    db_close(home);
    db = start();
    is_int(come_back(db, true), REFUGE_MERGED, "merged at the next start");
    struct limit_row row = level(db);
    is_int(row.level, 3, "by maximum: the level of home");
    is_int(row.consecutive, 7, "and the failures in a row of the refuge");
    is_int(row.charged_at, NOW + 1, "from the later moment on");
    is_str(row.boot_id, "boot-1", "which is a whole one");
    is_int(fixture_number(db, "SELECT last_step FROM factors WHERE id = 1"), 107, "a used code stays used");
    is_int(fixture_number(db, "SELECT last_step FROM factors WHERE id = 2"), 0, "also a token's very first");
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE account_id = 2"), 0,
           "another's failures are not charged to whoever has that id now");
    is_int(fixture_number(db, "SELECT count(*) FROM limits WHERE account_id IS NULL AND level = 6 AND length(net) = 16"
                              " AND source = '192.0.2.9'"),
           1, "a source's are");
    is_int(fixture_number(db, "SELECT sum(made_at) FROM recovery_codes WHERE used_at > 0"), 1,
           "a used recovery code stays used, the others do not become so");
    is_int(events(db, "at home meanwhile") - events(db, "there"), 1, "all else is home's");
    ok(is_intact(db), "whose chain is whole");
    ok(is_empty(), "the refuge is gone");
    is_int(access(fixture_path("home/backup/authc.db.refuge"), F_OK), 0, "but kept beside");
    db_close(db);
}

/* ---- whose refuge it is ---- */

static void judged(void)
{
    static const struct {
        const char *what, *damage, *mend;
        int error;
    } cases[] = {
        {"no directory", "rmdir run/refuge", "mkdir -m 700 run/refuge", -ENOENT},
        {"writable by others", "chmod 777 run/refuge", "chmod 700 run/refuge", -EPERM},
        {"a symlink", "mv run/refuge run/real && ln -s real run/refuge", "rm run/refuge && mv run/real run/refuge",
         -EPERM},
        {"a file", "rmdir run/refuge && touch run/refuge", "rm run/refuge && mkdir -m 700 run/refuge", -EPERM},
        {"a symlink in it", "ln -s /etc/passwd run/refuge/authc.db", "rm -f run/refuge/authc.db", -EPERM},
        {"a file in it that others may read", "touch run/refuge/authc.db && chmod 644 run/refuge/authc.db",
         "rm -f run/refuge/authc.db", -EPERM},
        {"a FIFO in it", "mkfifo -m 600 run/refuge/authc.db-wal", "rm -f run/refuge/authc.db-wal", -EPERM},
    };

    make_state();
    struct db *db = start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shell(cases[i].damage);
        is_int(enter(db), cases[i].error, "%s: not entered", cases[i].what);
        ok(!refuge_taken(db) && strstr(reason, "refuge"), "the reason names it");
        note(db, cases[i].what);
        is_int(events(db, cases[i].what), 1, "home goes on");
        db_close(db);
        int error = try_start(&db);
        is_int(error, cases[i].error == -ENOENT ? 0 : -EPERM, "and a start");
        ok(strstr(reason, "refuge") != NULL, "says why, in any case");
        db_close(db);
        shell(cases[i].mend);
        db = start();
    }
    db_close(db);
}

static void another_key(void)
{
    make_state();
    struct db *db = start();
    fixture_must(enter(db) == 0, "enter");
    db_close(db);
    shell("rm home/*");
    fixture_must(db_open(fixture_path("home"), NULL, &db, reason) == 0, "another state");
    db_close(db);
    is_int(try_start(&db), -ENOKEY, "a refuge of another state is not taken for this one's");
    ok(strstr(reason, "refuge/authc.db") != NULL, "the reason names it");
    shell("head -c 5000 /dev/zero > run/refuge/authc.db");
    ok(try_start(&db) < 0 && strstr(reason, "refuge/authc.db"), "nor one that is damaged");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    signal(SIGXFSZ, SIG_IGN);
    there_and_back();
    full();
    killed_there();
    killed_on_the_way();
    killed_on_the_way_back();
    barred();
    changed_home();
    judged();
    another_key();
    return tap_done();
}
