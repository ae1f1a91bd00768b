/* SPDX-License-Identifier: MIT
 *
 * A handle replayed, late, of another uid, service or rhost opens nothing, and is used up by the attempt (W4's half of
 * the store); sessions of an earlier boot or another audit session are not found (T8's half).
 */
#include "sessions.h"

#include "fixture.h"
#include "protocol.h"

#define BOOT "00000000-1111-2222-3333-444444444444"
#define OTHER_BOOT "99999999-1111-2222-3333-444444444444"

static struct session make_session(const struct account *a)
{
    struct session s = {.account_id = a->id,
                        .uid = a->uid,
                        .service = "sshd",
                        .tty = "ssh",
                        .source = "10.0.0.7",
                        .rhost = "10.0.0.7",
                        .amr = "pwd otp",
                        .acr = "aal2",
                        .auth_time = NOW - 3,
                        .audit_session = 5,
                        .leader_pid = 4711,
                        .boot_id = BOOT};
    return s;
}

/* One handle, shown once with these; then shown again as it should have been. */
static int show(struct db *db, const struct session *s, uint32_t uid, const char *service, const char *rhost,
                int64_t at)
{
    char handle[HANDLE_SIZE];
    struct session got = {.uid = 77};
    fixture_must(sessions_handle_make(db, s, NOW, handle) == 0, "handle");
    int error = sessions_handle_take(db, handle, uid, service, rhost, at, &got);
    if (error < 0)
        is_int(got.uid, 77, "untouched on failure");
    is_int(sessions_handle_take(db, handle, s->uid, s->service, s->rhost, NOW, &got), -ENOENT, "used up");
    return error;
}

static void check_handles(struct db *db)
{
    char handle[HANDLE_SIZE], other[HANDLE_SIZE];
    struct session got;
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct session s = make_session(&a);
    is_int(sessions_handle_make(db, &s, NOW, handle), 0, "made");
    is_int(sessions_handle_make(db, &s, NOW, other), 0, "another");
    ok(strlen(handle) == HANDLE_SIZE - 1 && strcmp(handle, other) != 0, "long and unlike");
    is_int(fixture_number(db, "SELECT count(*) FROM handles WHERE length(name) <> 16"), 0, "only its hash is kept");
    is_int(sessions_handle_take(db, handle, 1000, "sshd", "10.0.0.7", NOW + 1, &got), 0, "taken");
    ok(got.account_id == a.id && got.uid == 1000 && got.auth_time == NOW - 3, "whose it was");
    is_str(got.amr, "pwd otp", "amr");
    is_str(got.acr, "aal2", "acr");
    is_str(got.source, "10.0.0.7", "source");
    ok(got.audit_session == PROTOCOL_NO_SESSION, "no audit session yet");
    is_int(sessions_handle_take(db, handle, 1000, "sshd", "10.0.0.7", NOW + 1, &got), -ENOENT, "replayed");
    is_int(sessions_handle_take(db, "", 1000, "sshd", "10.0.0.7", NOW, &got), -ENOENT, "empty");
    is_int(sessions_handle_take(db, "' OR 1=1 --", 1000, "sshd", "10.0.0.7", NOW, &got), -ENOENT, "made up");
    is_int(show(db, &s, 1001, "sshd", "10.0.0.7", NOW), -EACCES, "of another uid");
    is_int(show(db, &s, 1000, "login", "10.0.0.7", NOW), -EACCES, "of another service");
    is_int(show(db, &s, 1000, "sshd", "10.0.0.8", NOW), -EACCES, "of another rhost");
    is_int(show(db, &s, 1000, "sshd", "", NOW), -EACCES, "of no rhost");
    is_int(show(db, &s, 1000, "sshd", "10.0.0.7", NOW + HANDLE_LIFETIME_S), 0, "at the last moment");
    is_int(show(db, &s, 1000, "sshd", "10.0.0.7", NOW + HANDLE_LIFETIME_S + 1), -ENOENT, "late");
    is_int(show(db, &s, 1000, "sshd", "10.0.0.7", NOW - 1), -ENOENT, "with the clock set back");
    db_rollback(db);
}

static struct session open_one(struct db *db, const struct account *a)
{
    struct session s = make_session(a);
    is_int(sessions_open(db, &s, NOW), 0, "opened");
    ok(strlen(s.name) == SESSION_NAME_SIZE - 1 && s.created_at == NOW, "named %s", s.name);
    return s;
}

static void check_find(struct db *db)
{
    struct session got, older, newer;
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    older = open_one(db, &a);
    newer = open_one(db, &a);
    is_int(sessions_get(db, older.name, &got), 0, "found by name");
    ok(got.uid == 1000 && got.leader_pid == 4711 && got.audit_session == 5 && got.auth_time == NOW - 3, "as opened");
    is_str(got.tty, "ssh", "tty");
    is_str(got.boot_id, BOOT, "boot");
    is_int(sessions_get(db, "k3v7q2mzt4xa6phr", &got), -ENOENT, "no such name");
    is_int(sessions_by_audit_session(db, 1000, 5, BOOT, &got), 0, "found by audit session");
    is_str(got.name, newer.name, "the newest");
    is_int(sessions_by_audit_session(db, 1001, 5, BOOT, &got), -ENOENT, "not for another uid");
    is_int(sessions_by_audit_session(db, 1000, 6, BOOT, &got), -ENOENT, "nor from another audit session");
    is_int(sessions_by_audit_session(db, 1000, 5, OTHER_BOOT, &got), -ENOENT, "nor from another boot");
    struct session none = make_session(&a);
    none.audit_session = PROTOCOL_NO_SESSION;
    is_int(sessions_open(db, &none, NOW), 0, "one without an audit session");
    is_int(sessions_by_audit_session(db, 1000, PROTOCOL_NO_SESSION, BOOT, &got), -ENOENT,
           "is not found by having none");
    is_int(sessions_touch(db, older.name, NOW + 60), 0, "touched");
    is_int(sessions_get(db, older.name, &got), 0, "found");
    is_int(got.last_used_at, NOW + 60, "noted");
    db_rollback(db);
}

static int walk(struct db *db, int64_t account_id)
{
    struct session s;
    int64_t after = 0;
    int n = 0;
    while (sessions_next(db, account_id, &after, &s) == 0)
        n++;
    return n;
}

static void check_end(struct db *db)
{
    struct session got;
    uint32_t n = 0;
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b = fixture_account(db, "bob", 1001);
    struct session one = open_one(db, &a), two = open_one(db, &a), three = open_one(db, &a), his = open_one(db, &b);
    is_int(walk(db, 0), 4, "four");
    is_int(walk(db, a.id), 3, "three of them ada's");
    ok(sessions_count_of(db, a.id, one.service, &n) == 0 && n == 3, "of that service");
    ok(sessions_count_of(db, a.id, "login", &n) == 0 && n == 0, "and none of another");
    ok(sessions_count_of(db, b.id, his.service, &n) == 0 && n == 1, "bob has one");
    is_int(sessions_end(db, one.name, "closed", NOW), 0, "one ends");
    ok(sessions_count_of(db, a.id, one.service, &n) == 0 && n == 2, "and does not count any more");
    is_int(sessions_end(db, one.name, "closed", NOW), -ENOENT, "once");
    is_int(sessions_touch(db, one.name, NOW), -ENOENT, "is not touched");
    is_int(sessions_get(db, one.name, &got), -ENOENT, "nor found");
    is_int(sessions_end_all(db, a.id, three.name, "password changed", NOW), 0, "all but one end");
    is_int(sessions_get(db, two.name, &got), -ENOENT, "this one");
    is_int(sessions_get(db, three.name, &got), 0, "not that one");
    is_int(sessions_get(db, his.name, &got), 0, "nor somebody else's");
    is_int(sessions_end_all(db, a.id, NULL, "disabled", NOW), 0, "all end");
    is_int(walk(db, a.id), 0, "none is left");
    is_int(sessions_end_other_boots(db, BOOT, NOW), 0, "a restart in the same boot");
    is_int(sessions_count(db, &n), 0, "counted");
    is_int(n, 1, "ends nothing");
    is_int(sessions_end_other_boots(db, OTHER_BOOT, 0), 0, "a reboot, with the clock at the epoch");
    is_int(sessions_count(db, &n), 0, "counted");
    is_int(n, 0, "ends the rest");
    db_rollback(db);
}

static void check_expire(struct db *db)
{
    char handle[HANDLE_SIZE];
    int more = -1;
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    struct session s = make_session(&a);
    for (int i = 0; i < 5; i++) {
        fixture_must(sessions_handle_make(db, &s, NOW, handle) == 0 && sessions_open(db, &s, NOW) == 0, "make");
        fixture_must(sessions_end(db, s.name, "closed", NOW) == 0, "end");
    }
    s = open_one(db, &a);
    is_int(sessions_expire(db, NOW + HANDLE_LIFETIME_S, 100, &more), 0, "too early");
    is_int(fixture_number(db, "SELECT (SELECT count(*) FROM handles) + (SELECT count(*) FROM sessions)"), 11,
           "all stay");
    is_int(more, 0, "nothing more");
    int64_t later = NOW + 91 * INT64_C(86400);
    is_int(sessions_expire(db, later, 7, &more), 0, "91 days later");
    is_int(fixture_number(db, "SELECT (SELECT count(*) FROM handles) + (SELECT count(*) FROM sessions)"), 4,
           "seven went");
    is_int(more, 1, "more to do");
    is_int(sessions_expire(db, later, 7, &more), 0, "again");
    is_int(more, 0, "done");
    is_int(fixture_number(db, "SELECT count(*) FROM sessions"), 1, "the live one stays");
    db_rollback(db);
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_handles(db);
    check_find(db);
    check_end(db);
    check_expire(db);
    db_close(db);
    return tap_done();
}
