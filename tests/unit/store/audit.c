/* SPDX-License-Identifier: MIT
 *
 * Rows are numbered without gaps, also across rollbacks and restarts; a row that was changed, removed, added or cut off
 * behind the chain's back is found, and where (A3). Every event of events.def has its texts (C6's half).
 */
#include "audit.h"

#include "fixture.h"

static int64_t append(struct db *db, enum audit_event event, const char *account, const char *result)
{
    struct audit row = {.at = NOW, .event = event, .service = "sshd", .source = "10.0.0.7"};
    snprintf(row.account, sizeof row.account, "%s", account);
    snprintf(row.result, sizeof row.result, "%s", result);
    fixture_must(audit_append(db, &row) == 0, "append");
    return row.seq;
}

static int64_t verify(struct db *db)
{
    int64_t bad = -1;
    int error = audit_verify(db, &bad);
    return error < 0 ? error : bad;
}

static void check_append(struct db *db)
{
    struct audit row = {.at = NOW, .event = AUDIT_LOGIN_FAILURE};
    int64_t seq = -1, delivered = -1;
    is_int(verify(db), 0, "an empty audit is whole");
    is_int(audit_append(db, &row), -EINVAL, "no row outside a transaction");
    is_int(row.seq, 0, "untouched on failure");
    fixture_begin(db);
    is_int(append(db, AUDIT_USER_ADD, "", "ada"), 1, "the first");
    is_int(append(db, AUDIT_LOGIN_SUCCESS, "u1", ""), 2, "the second");
    db_rollback(db);
    fixture_begin(db);
    is_int(append(db, AUDIT_USER_ADD, "", "bob"), 1, "after a rollback: the first again");
    fixture_commit(db);
    is_int(verify(db), 0, "whole");
    fixture_begin(db);
    is_int(append(db, AUDIT_LOGIN_SUCCESS, "u1", ""), 2, "the next transaction goes on");
    fixture_commit(db);
    is_int(audit_position(db, &seq, &delivered), 0, "position");
    ok(seq == 2 && delivered == 0, "two, none delivered");
    fixture_begin(db);
    is_int(audit_delivered(db, 1), 0, "one delivered");
    is_int(audit_delivered(db, 0), 0, "never goes back");
    is_int(audit_position(db, &seq, &delivered), 0, "position");
    is_int(delivered, 1, "still one");
    is_int(audit_delivered(db, 1000), 0, "more than there is");
    is_int(audit_position(db, &seq, &delivered), 0, "position");
    is_int(delivered, 2, "is all there is");
    fixture_commit(db);
}

static void check_restart(void)
{
    struct db *db = fixture_open();
    fixture_begin(db);
    is_int(append(db, AUDIT_STARTED, "", "restarted"), 3, "a restart goes on where it was");
    fixture_commit(db);
    is_int(verify(db), 0, "whole");
    db_close(db);
}

static void check_walk(struct db *db)
{
    struct audit row = {0};
    char seen[64] = "", number[24];
    fixture_begin(db);
    append(db, AUDIT_LOGIN_FAILURE, "u2", "wrong password, 1 of 5");
    append(db, AUDIT_LOGIN_FAILURE, "u1", "line\nPRIORITY=0\033[31m");
    fixture_commit(db);
    for (int64_t after = 0; audit_next(db, after, "u1", 0, &row) == 0; after = row.seq) {
        snprintf(number, sizeof number, "%" PRId64 " ", row.seq);
        strcat(seen, number);
    }
    is_str(seen, "2 5 ", "rows of one account");
    is_str(row.result, "line\nPRIORITY=0\033[31m", "kept as it was");
    is_int(audit_next(db, 3, "", 0, &row), 0, "the next of any");
    ok(row.seq == 4 && row.event == AUDIT_LOGIN_FAILURE && row.at == NOW, "is number 4");
    is_str(row.source, "10.0.0.7", "source");
    is_int(audit_next(db, 0, "", NOW + 1, &row), -ENOENT, "none since later");
    is_int(audit_next(db, 5, "", 0, &row), -ENOENT, "the end");
}

/* Each change by hand is undone by a rollback, so that each is found for itself. */
static void spoil(struct db *db, const char *sql, int64_t want)
{
    fixture_begin(db);
    fixture_sql(db, sql);
    is_int(verify(db), want, "found: %s", sql);
    db_rollback(db);
    is_int(verify(db), 0, "whole again");
}

static void check_spoiled(struct db *db)
{
    spoil(db, "UPDATE audit SET result = 'x' WHERE seq = 3", 3);
    spoil(db, "UPDATE audit SET at = at + 1 WHERE seq = 1", 1);
    spoil(db, "UPDATE audit SET event = 2 WHERE seq = 2", 2);
    spoil(db, "UPDATE audit SET account = 'u2' WHERE seq = 2", 2);
    spoil(db, "UPDATE audit SET source = '', result = source || result WHERE seq = 4", 4);
    spoil(db, "UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", 4);
    spoil(db, "DELETE FROM audit WHERE seq = 2", 2);
    spoil(db, "DELETE FROM audit WHERE seq = 1", 1);
    spoil(db, "DELETE FROM audit WHERE seq = 5", 5);
    spoil(db, "DELETE FROM audit", 1);
    spoil(db,
          "INSERT INTO audit SELECT 6, at, event, account, actor, service, source, result, hash, mac FROM audit"
          " WHERE seq = 5",
          6);
    /* The tail and the head's numbers cut off together: its MAC was made with a key that moved on. */
    spoil(db,
          "DELETE FROM audit WHERE seq = 5; UPDATE audit_state SET seq = 4,"
          " hash = (SELECT hash FROM audit WHERE seq = 4)",
          4);
    spoil(db, "UPDATE audit_state SET key = (SELECT sealed FROM passwords)", -EBADMSG);
    spoil(db, "UPDATE audit_state SET mac = zeroblob(16)", 5);
}

static void check_hashes(struct db *db)
{
    is_int(fixture_number(db, "SELECT count(DISTINCT hash) FROM audit"), 5, "each row its own hash");
    is_int(fixture_number(db, "SELECT count(DISTINCT mac) FROM audit"), 5, "and its own MAC");
    fixture_begin(db);
    fixture_sql(db, "INSERT INTO audit SELECT 6, at, event, account, actor, service, source, result, hash, mac"
                    " FROM audit WHERE seq = 5");
    struct audit row = {.at = NOW, .event = AUDIT_STARTED};
    is_int(audit_append(db, &row), -EIO, "a row where the next one goes");
    db_rollback(db);
}

static void check_unknown(struct db *db)
{
    struct audit a = {0}, b = {0};
    audit_unknown_name(db, &a, "hunter2");
    audit_unknown_name(db, &b, "hunter3");
    ok(a.account[0] == '~' && strlen(a.account) == 33, "an unknown name is %s", a.account);
    ok(strcmp(a.account, b.account) != 0, "each another");
    audit_unknown_name(db, &b, "hunter2");
    is_str(a.account, b.account, "the same for the same");
}

static void check_longest(struct db *db)
{
    struct audit row = {.at = INT64_MAX, .event = AUDIT_STEPUP};
    memset(row.account, 'a', sizeof row.account - 1);
    memset(row.actor, 'b', sizeof row.actor - 1);
    memset(row.service, 'c', sizeof row.service - 1);
    memset(row.source, 'd', sizeof row.source - 1);
    memset(row.result, 'e', sizeof row.result - 1);
    fixture_begin(db);
    is_int(audit_append(db, &row), 0, "the longest row");
    is_int(verify(db), 0, "whole");
    db_rollback(db);
}

static void check_events(void)
{
    static const struct {
        enum audit_event event;
        const char *label;
    } events[] = {
#define EVENT(name, number, label, id, priority, text) {AUDIT_##name, label},
#include "events.def"
#undef EVENT
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        enum audit_event e = events[i].event;
        is_str(audit_label(e), events[i].label, "its label");
        ok(strspn(audit_message_id(e), "0123456789abcdef") == 32 && strlen(audit_message_id(e)) == 32, "id");
        ok(audit_priority(e) >= 0 && audit_priority(e) <= 7 && audit_text(e)[0] != '\0', "priority and text");
        for (size_t j = 0; j < i; j++)
            if (strcmp(audit_message_id(e), audit_message_id(events[j].event)) == 0)
                ok(false, "%s and %s share an id", events[i].label, events[j].label);
    }
    is_str(audit_label((enum audit_event)12345), "unknown", "a number that is not there");
}

int main(void)
{
    struct db *db = fixture_fresh();
    check_append(db);
    db_close(db);
    check_restart();
    db = fixture_open();
    check_walk(db);
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000);
    fixture_must(accounts_set_password(db, a.id, "12345678901234567890123456789012", true, NOW) == 0, "password");
    fixture_commit(db);
    check_spoiled(db);
    check_hashes(db);
    check_unknown(db);
    check_longest(db);
    db_close(db);
    check_events();
    return tap_done();
}
