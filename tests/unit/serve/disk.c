/* SPDX-License-Identifier: MIT
 *
 * D3 through dispatch: whichever call of a login the disk fills up in, the login ends as if it had not, and once; then
 * nothing is changed until there is room, whoever asks. Full is what no file may grow any more (RLIMIT_FSIZE): the WAL
 * at home has been made larger than all of the refuge will be.
 */
#define DESK_PLACE "/tmp"
#include "desk.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dispatch.h"
#include "refuge.h"
#include "reserve.h"
#include "signing.h"
#include "sql.h"
#include "text.h"

static const char password[] = "correct horse battery", secret[] = "12345678901234567890";
static const struct audit filler = {.at = 1, .event = AUDIT_PASSWORD_REJECT, .result = "filler"};

static struct desk desk;
static struct dispatch d;
static struct disk disk;
static struct room room;
static struct msg reply; /* the last of the last answer */

/* ---- a world, and its end ---- */

static int64_t number(const char *text)
{
    SQL_AUTO struct sql q = sql_begin(desk.db, text);
    return sql_row(&q) == 0 ? sql_int(&q) : -1;
}

static void fill_wal(void)
{
    for (int i = 0; i < 200; i++) {
        struct audit row = filler;
        DESK_STORE(&desk, audit_append(desk.db, &row));
    }
}

static void shell(const char *in_dir)
{
    char command[256];
    snprintf(command, sizeof command, "cd %s && %s", desk.dir, in_dir);
    desk_must(system(command) == 0 ? 0 : -EIO, command);
}

/* ada, with a password and a code; a state with a reserve, and room for a refuge. */
static void world_open(void)
{
    char reason[DB_REASON_SIZE] = "";

    desk_open(&desk);
    desk_config(&desk, "[service *]\nfactors = password otp\n");
    desk_account(&desk, "ada", 1001, "user", password, secret, 6);
    DESK_STORE(&desk, signing_ensure(desk.db, &desk.now));
    db_close(desk.db);
    desk.db = NULL;
    shell("mkdir -m 755 run && mkdir -m 700 run/refuge");
    desk_must(text_copy(desk.config.authcd.state_dir, sizeof desk.config.authcd.state_dir, desk.dir), "state_dir");
    desk_must(text_format(desk.config.authcd.run_dir, sizeof desk.config.authcd.run_dir, "%s/run", desk.dir),
              "run_dir");
    desk_must(disk_open(&disk, &desk.config.authcd, NULL, &desk.now, &desk.db, reason), reason);
    d = (struct dispatch){.db = desk.db,
                          .disk = &disk,
                          .room = &room,
                          .config = &desk.config,
                          .counters = &desk.counters,
                          .now = desk.now};
    room_init(&room, ROOM_MAX);
    desk_must(pool_new(1, &d.pool), "pool");
    fill_wal();
}

static void world_close(void)
{
    pool_free(d.pool);
    login_mark_free(d.mark);
    desk_close(&desk);
}

static void set_full(bool full)
{
    char path[96];
    struct stat st = {0};
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    snprintf(path, sizeof path, "%s/authc.db-wal", desk.dir);
    if (full && stat(path, &st) == 0)
        limit.rlim_cur = (rlim_t)st.st_size;
    desk_must(setrlimit(RLIMIT_FSIZE, &limit), "setrlimit");
}

/* ---- a login, call by call ---- */

enum { BEGIN, PASSWORD, HASHED, CODE, GONE, CALLS };

struct talk {
    struct peer peer;
    struct login *login;
    struct password_job *job;
    struct room_seat seat;
};

static void take(struct talk *t, struct step *step)
{
    for (const struct reply *r = step->first; r; r = r->next)
        desk_must(msg_decode(r->bytes, r->len, &reply), "decode");
    if (step->job) {
        t->job = step->job;
        step->job = NULL;
        password_job_run(t->job);
    }
    step_clear(step);
}

static void ask(struct talk *t, const struct msg *m)
{
    static unsigned char packet[PROTOCOL_PACKET_MAX];
    struct step step = {0};
    size_t len = 0;

    desk_must(msg_encode(m, packet, sizeof packet, &len), "encode");
    memset(&reply, 0, sizeof reply);
    dispatch_packet(&d, (struct dispatch_from){&t->peer, &t->login, &t->seat}, packet, len, &step);
    take(t, &step);
}

static void answer(struct talk *t, const char *text)
{
    struct msg m = {.number = MSG_answer};

    desk_must(secret_set(&m.answer.secret, text, strlen(text)), "secret");
    ask(t, &m);
}

static void hashed(struct talk *t)
{
    struct step step = {0};

    dispatch_hashed(&d, (struct dispatch_from){&t->peer, &t->login, &t->seat}, t->job, &step);
    take(t, &step);
    password_job_free(t->job);
    t->job = NULL;
}

static void gone(struct talk *t)
{
    struct step step = {0};

    dispatch_gone(&d, (struct dispatch_from){&t->peer, &t->login, &t->seat}, &step);
    step_clear(&step);
    room_leave(&room, &t->seat);
    login_free(t->login);
    password_job_free(t->job);
    *t = (struct talk){0};
}

static void call(struct talk *t, int which, const char *typed)
{
    struct msg m = {.number = MSG_begin};

    if (which == BEGIN) {
        desk_begin_msg(&m.begin, PHASE_AUTH, "sshd", "ada");
        t->peer = (struct peer){.pid = 1, .audit_session = PROTOCOL_NO_SESSION};
        ask(t, &m);
    } else if (which == PASSWORD)
        answer(t, typed);
    else if (which == HASHED && t->job)
        hashed(t);
    else if (which == CODE)
        answer(t, desk_code(&desk, secret, 0, 6));
    else if (which == GONE)
        gone(t);
}

static bool is_verdict(enum verdict verdict)
{
    return reply.number == MSG_verdict && reply.verdict.verdict == verdict;
}

static bool is_refused(enum refusal error)
{
    return reply.number == MSG_refused && reply.refused.error == error;
}

/* The disk is full from that call on. */
static void full_from(int first)
{
    struct talk t = {0};

    world_open();
    for (int i = 0; i < GONE; i++) {
        set_full(i >= first);
        call(&t, i, password);
    }
    ok(is_verdict(VERDICT_GRANTED), "full from call %d of a login on: granted", first);
    call(&t, GONE, NULL);
    is_int(desk.counters.logins[COUNTERS_GRANTED], 1, "once");
    is_int(number("SELECT count(*) FROM audit WHERE event = 1"), 1, "and said once");
    is_int(number("SELECT coalesce(sum(in_flight), 0) + coalesce(sum(level), 0) FROM limits"), 0, "nothing is charged");
    ok(number("SELECT last_step FROM factors") == desk.now.wall_s / 30, "the code is used");
    ok(refuge_taken(desk.db) && disk_frozen(&disk), "and the database where there is room");
    for (int i = 0; i < GONE; i++)
        call(&t, i, password);
    ok(is_verdict(VERDICT_DENIED), "the same code again: denied");
    call(&t, GONE, NULL);
    for (int i = 0; i < CODE; i++)
        call(&t, i, "wrong");
    call(&t, GONE, NULL);
    is_int(number("SELECT count(*) FROM audit WHERE event = 2"), 1, "and a wrong password is counted");
    set_full(false);
    desk_tick(&desk, 60000);
    d.now = desk.now;
    disk_look(&disk, desk.db, &d.now);
    ok(!refuge_taken(desk.db) && !disk_frozen(&disk), "with room it comes back");
    is_int(number("SELECT count(*) FROM audit WHERE event = 1"), 1, "with the success");
    is_int(number("SELECT count(*) FROM audit WHERE event IN (99, 100)"), 2, "and both turns are in the audit");
    ok(reserve_is_there(desk.db), "there is a reserve again");
    world_close();
}

/* ---- what goes on ---- */

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* By their names: whoever adds a message that only reads, and names it so, has to say so in dispatch as well. */
static bool only_reads(const char *name)
{
    static const char *const ends[] = {"_list", "_show", "_get", "_verify", "whoami", "begin", "answer", "abort"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(name, ends[i]))
            return true;
    return false;
}

static void who_waits(void)
{
    size_t n;
    const struct msg_type *types = msg_types(&n);
    struct talk t = {0};

    world_open();
    is_int(disk_frozen(NULL) != NULL, 0, "no room, no frost");
    struct msg m = {.number = MSG_user_disable, .user_disable.user = "ada"};
    ask(&t, &m);
    is_int(reply.number, MSG_end, "with room an account is disabled");
    set_full(true);
    call(&t, BEGIN, NULL);
    call(&t, PASSWORD, "wrong");
    call(&t, GONE, NULL);
    ok(disk_frozen(&disk) != NULL, "full");
    for (size_t i = 0; i < n; i++) {
        m = (struct msg){.number = types[i].number};
        if (types[i].direction != MSG_REQUEST)
            continue;
        ask(&t, &m);
        bool frozen = is_refused(REFUSAL_UNAVAILABLE) && strstr(reply.refused.text, "nothing can be changed");
        is_int(frozen, !only_reads(types[i].name), "%s %s", types[i].name, frozen ? "waits" : "goes on");
        gone(&t);
    }
    t.peer.uid = 1000;
    m = (struct msg){.number = MSG_user_disable};
    ask(&t, &m);
    ok(is_refused(REFUSAL_NOT_ALLOWED), "who may not, hears that first");
    t.peer.uid = 0;
    m = (struct msg){.number = MSG_status_get};
    ask(&t, &m);
    gone(&t);
    set_full(false);
    desk_tick(&desk, 60000);
    d.now = desk.now;
    m = (struct msg){.number = MSG_user_enable, .user_enable.user = "ada"};
    ask(&t, &m);
    is_int(reply.number, MSG_end, "whoever asks when there is room is not made to ask again");
    world_close();
}

/* ---- nowhere to go ---- */

static void nowhere(void)
{
    struct talk t = {0};

    world_open();
    shell("rmdir run/refuge");
    call(&t, BEGIN, NULL);
    set_full(true);
    call(&t, PASSWORD, password);
    ok(is_refused(REFUSAL_BUSY), "no refuge: busy, which opens no fallback");
    ok(!t.job, "nothing is looked at that is not charged");
    call(&t, GONE, NULL);
    ok(disk_frozen(&disk) && !refuge_taken(desk.db), "frozen, at home");
    call(&t, BEGIN, NULL);
    call(&t, PASSWORD, password);
    ok(is_refused(REFUSAL_BUSY), "so is the next");
    call(&t, GONE, NULL);
    set_full(false);
    for (int i = 0; i < GONE; i++)
        call(&t, i, password);
    ok(is_verdict(VERDICT_GRANTED), "room: the next is granted");
    call(&t, GONE, NULL);
    disk_look(&disk, desk.db, &d.now);
    ok(!disk_frozen(&disk), "and nothing is frozen");
    is_int(number("SELECT coalesce(sum(in_flight), 0) + coalesce(sum(level), 0) FROM limits"), 0, "nobody is charged");
    world_close();
}

/* SQLite's own way to refuse all writes: the errno is that of a read-only disk. */
static void set_read_only(void)
{
    desk_must(sqlite3_exec(desk.db->sqlite, "PRAGMA query_only = ON", NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO,
              "PRAGMA");
}

static void read_only(void)
{
    struct talk t = {0};

    world_open();
    shell("rmdir run/refuge");
    set_read_only();
    call(&t, BEGIN, NULL);
    call(&t, PASSWORD, password);
    ok(is_refused(REFUSAL_BUSY) && !t.job, "read-only, and no refuge: busy, and nothing is looked at");
    call(&t, GONE, NULL);
    struct msg m = {.number = MSG_begin};
    desk_begin_msg(&m.begin, PHASE_ACCT, "sshd", "ada");
    ask(&t, &m);
    ok(!is_verdict(VERDICT_UNAVAILABLE), "acct neither is told that authcd were not there");
    gone(&t);
    shell("mkdir -m 700 run/refuge");
    desk_tick(&desk, 60000);
    d.now = desk.now;
    for (int i = 0; i < GONE; i++)
        call(&t, i, password);
    ok(is_verdict(VERDICT_GRANTED) && refuge_taken(desk.db), "with a refuge the next one is granted there");
    call(&t, GONE, NULL);
    world_close();
}

static void what_helps(void)
{
    world_open();
    ok(!disk_relieve(&disk, desk.db, -EIO, &d.now) && !disk_relieve(&disk, desk.db, -ENOMEM, &d.now),
       "what is no want of room is not relieved");
    ok(reserve_is_there(desk.db) && !refuge_taken(desk.db) && !disk_frozen(&disk), "and freezes nothing");
    ok(disk_relieve(&disk, desk.db, -ENOSPC, &d.now) && !reserve_is_there(desk.db),
       "a full disk: the reserve is given up");
    ok(!refuge_taken(desk.db) && strstr(disk_frozen(&disk), "full"), "frozen, at home");
    ok(disk_relieve(&disk, desk.db, -ENOSPC, &d.now) && refuge_taken(desk.db), "then it moves");
    ok(!disk_relieve(&disk, desk.db, -ENOSPC, &d.now), "then nothing helps");
    disk_look(&disk, desk.db, &d.now);
    ok(refuge_taken(desk.db), "it stays for a while, whatever room there is");
    d.now.boot_ms += 5000;
    disk_look(&disk, desk.db, &d.now);
    ok(!refuge_taken(desk.db) && !disk_frozen(&disk) && reserve_is_there(desk.db),
       "there is room: back, with a reserve");
    ok(disk_relieve(&disk, desk.db, -EROFS, &d.now) && refuge_taken(desk.db), "read-only: it moves at once");
    ok(strstr(disk_frozen(&disk), "read-only") && reserve_is_there(desk.db), "and says so; a reserve would not help");
    is_int(number("SELECT count(*) FROM audit WHERE event = 99"), 3, "three turns for the worse");
    is_int(number("SELECT count(*) FROM audit WHERE event = 100"), 1, "and one for the better, in the audit");
    world_close();
}

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    for (int first = PASSWORD; first < GONE; first++)
        full_from(first);
    who_waits();
    nowhere();
    read_only();
    what_helps();
    return tap_done();
}
