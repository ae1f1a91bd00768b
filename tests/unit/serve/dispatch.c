/* SPDX-License-Identifier: MIT
 *
 * Who may send what, and what a packet that is none gets (W1, W3): every message of messages.def for every kind of
 * peer, over a real database; and a daemon without a state, which says so to root's logins at once (M8, S2).
 */
#include "dispatch.h"

#include <errno.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "sql.h"
#include "tap.h"

static char dir[] = "/tmp/authc-dispatch-XXXXXX";
static struct dispatch d;
static struct room room;
static struct msg reply; /* the first of the last answer */

static bool ask_raw(uint32_t uid, bool proved, const unsigned char *packet, size_t len)
{
    struct peer peer = {.uid = uid, .pid = 1, .audit_session = PROTOCOL_NO_SESSION, .proved = proved};
    struct login *login = NULL;
    struct room_seat seat = {0};
    struct step step = {0}, gone = {0};

    memset(&reply, 0, sizeof reply);
    dispatch_packet(&d, (struct dispatch_from){&peer, &login, &seat}, packet, len, &step);
    if (step.first && msg_decode(step.first->bytes, step.first->len, &reply) < 0)
        abort();
    bool closes = step.close;
    step_clear(&step);
    if (login && d.db)
        dispatch_gone(&d, (struct dispatch_from){&peer, &login, &seat}, &gone);
    step_clear(&gone);
    room_leave(&room, &seat);
    login_free(login);
    return closes;
}

static bool ask(uint32_t uid, bool proved, const struct msg *m)
{
    static unsigned char packet[PROTOCOL_PACKET_MAX];
    size_t len = 0;

    if (msg_encode(m, packet, sizeof packet, &len) < 0)
        abort();
    return ask_raw(uid, proved, packet, len);
}

static bool is_refused(enum refusal error)
{
    return reply.number == MSG_refused && reply.refused.error == error;
}

static struct msg begin(enum phase phase)
{
    struct msg m = {.number = MSG_begin, .begin = {.phase = (uint8_t)phase, .service = "sshd", .user = "ada"}};

    memset(m.begin.nonce, 7, sizeof m.begin.nonce);
    m.begin.target_uid = PROTOCOL_NO_UID;
    m.begin.audit_session = PROTOCOL_NO_SESSION;
    return m;
}

static void who_may(void)
{
    size_t n;
    const struct msg_type *types = msg_types(&n);

    for (size_t i = 0; i < n; i++) {
        struct msg m = {.number = types[i].number};
        bool closes = ask(1000, false, &m);
        if (types[i].direction == MSG_REPLY)
            ok(closes && is_refused(REFUSAL_PROTOCOL), "%s is not for peers to send", types[i].name);
        else if (types[i].who == MSG_ADMIN || types[i].who == MSG_ROOT)
            ok(!closes && is_refused(REFUSAL_NOT_ALLOWED), "%s is root's", types[i].name);
        else if (types[i].who == MSG_PROVED)
            ok(!closes && is_refused(REFUSAL_STEPUP), "%s takes a stepup", types[i].name);
        else
            ok(!is_refused(REFUSAL_STEPUP), "%s reaches its handler", types[i].name);
        if (types[i].who == MSG_PROVED) {
            ask(1000, true, &m);
            ok(!is_refused(REFUSAL_STEPUP), "%s after one reaches its handler", types[i].name);
        }
        if (types[i].direction == MSG_REPLY || types[i].number == MSG_begin || types[i].number == MSG_answer ||
            types[i].number == MSG_abort)
            continue;
        closes = ask(65534, true, &m);
        ok(!closes && is_refused(REFUSAL_NOT_ALLOWED), "%s: the overflow uid is nobody", types[i].name);
        closes = ask(UINT32_MAX, true, &m);
        ok(!closes && is_refused(REFUSAL_NOT_ALLOWED), "%s: so is -1", types[i].name);
    }
}

static void malformed(void)
{
    static const struct {
        const char *what;
        unsigned char bytes[8];
        size_t len;
    } cases[] = {
        {"an empty packet", {0}, 0},
        {"a cut header", {1, 0}, 2},
        {"a number that nobody has", {1, 255, 255}, 3},
        {"trailing bytes", {1, 0, 3, 0}, 4},
        {"a length beyond the end", {1, 0, 2, 255, 255, 'x'}, 6},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ok(ask_raw(0, false, cases[i].bytes, cases[i].len) && is_refused(REFUSAL_PROTOCOL), "%s: refused, closed",
           cases[i].what);
    static const unsigned char version[] = {2, 0, 1};
    ok(ask_raw(0, false, version, sizeof version), "another version: closed");
    is_int(reply.number, MSG_versions, "and the versions spoken are told");
    ok(reply.versions.lowest == 1 && reply.versions.highest == 1, "which are 1");
}

static void answers(void)
{
    struct msg m = {.number = MSG_status_get};

    ask(0, false, &m);
    is_int(reply.number, MSG_row_status, "status");
    is_str(reply.row_status.state, "serving", "serving");
    m = begin(PHASE_AUTH);
    ok(!ask(0, false, &m), "a login goes on");
    is_int(reply.number, MSG_prompt, "with a prompt");
    ok(!ask(65534, false, &m), "a login of nobody in particular too");
    is_int(reply.number, MSG_prompt, "it has to prove itself anyway");
    m = (struct msg){.number = MSG_answer};
    ask(65534, false, &m);
    ok(!is_refused(REFUSAL_NOT_ALLOWED), "so it may answer");
}

/* What cannot be decided is neither a yes nor a no; who is told what. */
static void without_state(void)
{
    struct db *db = d.db;
    struct msg m = begin(PHASE_AUTH);

    d.db = NULL;
    d.broken = "the reason";
    ok(ask(0, false, &m), "broken: a root login is answered at once");
    is_int(reply.number, MSG_verdict, "with a verdict");
    is_int(reply.verdict.verdict, VERDICT_UNAVAILABLE, "which is UNAVAILABLE");
    is_str(reply.verdict.user, "ada", "for this user");
    ok(memcmp(reply.verdict.nonce, m.begin.nonce, sizeof m.begin.nonce) == 0, "and this nonce");
    ok(ask(1000, false, &m) && is_refused(REFUSAL_UNAVAILABLE), "others are refused");
    m = (struct msg){.number = MSG_status_get};
    ask(0, false, &m);
    is_str(reply.row_status.state, "broken", "status says so");
    is_str(reply.row_status.reason, "the reason", "and why, to root");
    ask(1000, false, &m);
    is_str(reply.row_status.reason, "ask an administrator", "not to others");
    m = (struct msg){.number = MSG_user_list};
    ok(ask(0, false, &m) && is_refused(REFUSAL_UNAVAILABLE), "all else is unavailable");
    ok(ask(1000, false, &m) == false && is_refused(REFUSAL_NOT_ALLOWED), "who may not ask hears that first");
    d.db = db;
}

/* How often logins were told that authcd has no state, while SQLite's memory ran out at one point after the other. */
static unsigned unavailable_for_memory(void)
{
    struct msg m = begin(PHASE_AUTH);
    unsigned n = 0;

    for (int more = 0; more < 64 * 1024; more += 256) {
        sqlite3_int64 unlimited = sqlite3_hard_heap_limit64(sqlite3_memory_used() + more);
        for (int i = 0; i < 3; i++) {
            ask(0, false, &m);
            n += is_refused(REFUSAL_UNAVAILABLE) || reply.number == MSG_verdict;
        }
        sqlite3_hard_heap_limit64(unlimited);
    }
    return n;
}

/* What fails though the state is whole: memory, and a transaction inside another. */
static void failing(void)
{
    struct msg m = begin(PHASE_AUTH);
    sqlite3_int64 unlimited = sqlite3_hard_heap_limit64(1);

    ok(ask(0, false, &m) && is_refused(REFUSAL_BUSY), "out of memory, a login is refused");
    ok(ask(0, false, &m) && is_refused(REFUSAL_BUSY), "and so is the next");
    sqlite3_hard_heap_limit64(unlimited);
    is_int(unavailable_for_memory(), 0, "wherever memory runs out, it is no UNAVAILABLE: load could bring it about");
    if (db_begin(d.db) < 0)
        abort();
    ok(ask(0, false, &m), "a transaction that fails ends the connection");
    ok(is_refused(REFUSAL_BUSY), "and is no UNAVAILABLE, which would open a fallback");
    db_rollback(d.db);
    m = (struct msg){.number = MSG_user_list, .user_list = {.limit = 1}};
    ok(!ask(0, false, &m), "the next one is served again");
}

/* Who is told that there is no room, and who leaves for whom. Nobody's account is looked at for it. */
static void full_room(void)
{
    struct msg m = begin(PHASE_AUTH);
    struct room_seat here = {0}, *nobody = NULL;
    static struct peer root = {.uid = 0, .pid = 1, .audit_session = PROTOCOL_NO_SESSION};
    static unsigned char packet[PROTOCOL_PACKET_MAX];
    struct login *login = NULL;
    struct room_seat seat = {0};
    struct step step = {0};
    size_t len = 0;

    room.max = 1;
    strcpy(m.begin.rhost, "192.0.2.7");
    if (room_enter(&room, &here, "192.0.2.7", false, &nobody) < 0 || msg_encode(&m, packet, sizeof packet, &len) < 0)
        abort();
    ok(ask(0, false, &m) && is_refused(REFUSAL_BUSY), "no room for the source that has it all");
    ok(!d.makes_way, "and nobody has to leave for it");
    m.begin.phase = PHASE_ACCT;
    ok(ask(0, false, &m) && reply.number == MSG_verdict, "what asks nothing needs no room");
    m = begin(PHASE_AUTH);
    strcpy(m.begin.rhost, "192.0.2.8");
    ask(0, false, &m);
    is_int(reply.number, MSG_prompt, "another source has room");
    ok(d.makes_way == &here, "and somebody of the first has to leave for it");
    m.begin.phase = PHASE_CHAUTHTOK;
    ask(0, false, &m);
    ok(reply.number == MSG_verdict && !d.makes_way, "nobody for what is said at once");
    dispatch_packet(&d, (struct dispatch_from){&root, &login, &seat}, packet, len, &step);
    step_clear(&step);
    ok(!seat.source, "who was told so holds no seat");
    login_free(login);
    room_leave(&room, &here);
    room.max = ROOM_MAX;
}

static int is_full = 0; /* commits fail from now on */

static int on_commit(void *unused)
{
    (void)unused;
    return is_full;
}

static int64_t in_flight(void)
{
    SQL_AUTO struct sql q = sql_begin(d.db, "SELECT coalesce(sum(in_flight), 0) FROM limits");
    return sql_row(&q) == 0 ? sql_int(&q) : -1;
}

/* A login of ada that has a hash out; the hash comes back, and the peer hangs up, each with a full disk or not. */
static void one_login(bool full_at_end, bool full_at_gone)
{
    struct peer peer = {.uid = 0, .pid = 1, .audit_session = PROTOCOL_NO_SESSION};
    struct login *login = NULL;
    struct room_seat seat = {0};
    struct dispatch_from from = {&peer, &login, &seat};
    static unsigned char packet[PROTOCOL_PACKET_MAX];
    struct step step = {0};
    struct msg m = begin(PHASE_AUTH);
    size_t len = 0;

    strcpy(m.begin.rhost, "192.0.2.7");
    if (msg_encode(&m, packet, sizeof packet, &len) < 0)
        abort();
    dispatch_packet(&d, from, packet, len, &step);
    step_clear(&step);
    m = (struct msg){.number = MSG_answer, .answer.secret = {4, "abcd"}};
    if (msg_encode(&m, packet, sizeof packet, &len) < 0)
        abort();
    dispatch_packet(&d, from, packet, len, &step);
    struct password_job *job = step.job;
    step.job = NULL;
    step_clear(&step);
    is_int(in_flight(), 4, "in flight, for account, pair, source and network");
    is_full = full_at_end;
    dispatch_hashed(&d, from, job, &step);
    password_job_free(job);
    step_clear(&step);
    is_full = full_at_gone;
    dispatch_gone(&d, from, &step);
    step_clear(&step);
    room_leave(&room, &seat);
    login_free(login);
    is_full = 0;
}

/* Who is told that authcd is busy is counted, by why. */
static void turned_away(void)
{
    int64_t *away = d.counters->turned_away;
    struct msg m = begin(PHASE_AUTH);
    unsigned refused = 0;

    for (int i = 0; i < 300; i++) {
        ask(1000, false, &m);
        refused += is_refused(REFUSAL_BUSY);
    }
    ok(refused > 0 && away[COUNTERS_BUDGET] == refused, "of 300 logins of one uid %u are over its budget", refused);
    is_int(away[COUNTERS_QUEUE], 2, "so are the two that found no room");
    static const struct peer root = {.uid = 0, .pid = 1, .audit_session = PROTOCOL_NO_SESSION};
    struct login *login = NULL;
    struct room_seat seat = {0};
    struct step step = {0};
    dispatch_busy(&d, (struct dispatch_from){&root, &login, &seat}, &step);
    ok(step.close && away[COUNTERS_ROOM] == 1, "and who had to leave");
    step_clear(&step);
}

static void full_disk(void)
{
    int64_t *logins = d.counters->logins, abandoned = logins[COUNTERS_ABANDONED];
    struct account ada = {0};

    ok(db_begin(d.db) == 0 && accounts_add(d.db, "ada", 1001, "user", d.now.wall_s, &ada) == 0 && db_commit(d.db) == 0,
       "an account");
    sqlite3_commit_hook(d.db->sqlite, on_commit, NULL);
    one_login(true, false);
    is_int(in_flight(), 0, "D3: a verdict that could not be written leaves nothing in flight");
    is_int(logins[COUNTERS_REFUSED], 0, "nor is counted");
    is_int(logins[COUNTERS_ABANDONED], abandoned + 1, "what came of it is");
    one_login(true, true);
    is_int(logins[COUNTERS_ABANDONED], abandoned + 1, "what could not be written at all is not");
    is_int(in_flight(), 4, "D3: a hang-up that could not be written, either, does");
    dispatch_settle(&d);
    is_int(in_flight(), 0, "D3: until nobody is connected, and the disk has room");
}

int main(void)
{
    static struct counters counters;
    char reason[DB_REASON_SIZE] = "", command[64];
    struct config *config = calloc(1, sizeof *config);

    if (!config || sodium_init() < 0 || !mkdtemp(dir))
        return 1;
    config_defaults(config);
    room_init(&room, ROOM_MAX);
    d = (struct dispatch){
        .room = &room, .config = config, .counters = &counters, .now = {.wall_s = 1800000000, .boot_ms = 100000}};
    snprintf(d.now.boot_id, sizeof d.now.boot_id, "00000000-0000-0000-0000-000000000000");
    is_int(db_open(dir, NULL, &d.db, reason), 0, "a database (%s)", reason);
    is_int(pool_new(1, &d.pool), 0, "a pool");
    who_may();
    malformed();
    answers();
    without_state();
    failing();
    full_room();
    turned_away();
    full_disk();
    pool_free(d.pool);
    db_close(d.db);
    free(config);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) != 0 || tap_done();
}
