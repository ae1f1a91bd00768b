/* SPDX-License-Identifier: MIT
 *
 * Reading the audit: all rows or one account's, in order, in pages, with the name that the account has now (A2, A3,
 * W7).
 */
#include "desk_ask.h"
#include "sql.h"

static struct line *root;

static void test_filter(struct desk *d)
{
    ASK(d, root, user_add, .user = "ada", .uid = 1001, .role = "admin");
    ASK(d, root, user_add, .user = "bob", .uid = 1002);
    ASK(d, root, user_disable, .user = "ada");
    ASK(d, root, audit_list, .user = "ada");
    const struct msg_row_event *row = &asked.first.row_event;
    ok(ask_gave(2, 0) && strcmp(row->event, "user.add") == 0 && strcmp(row->user, "ada") == 0, "what was done to ada");
    ok(strlen(row->account) == 36 && strcmp(row->source, "uid:0") == 0 &&
           strcmp(row->result, "uid 1001, role admin") == 0 && row->time_at == d->now.wall_s && !row->delivered,
       "by whom, when, and what");
    ASK(d, root, audit_list, .user = "");
    ok(asked.rows == 3 && asked.last.end.cursor == 0, "all of it");
    ASK(d, root, audit_list, .user = "eve");
    ok(ask_refused(REFUSAL_NOT_FOUND), "no such account");
}

static void test_deleted(struct desk *d)
{
    struct msg_audit_list in = {0};
    struct account a;
    desk_must(accounts_by_name(d->db, "ada", &a), "ada");
    ASK(d, root, user_delete, .user = "ada");
    ASK(d, root, audit_list, .user = "ada");
    ok(ask_refused(REFUSAL_NOT_FOUND), "a deleted account is not found by name");
    strcpy(in.user, a.uuid);
    ASK_IN(d, root, audit_list, &in);
    ok(ask_gave(3, 0) && asked.first.row_event.user[0] == '\0', "but by UUID, and its name is not told");
}

static void test_delivered(struct desk *d)
{
    desk_must(db_begin(d->db), "begin");
    desk_must(audit_delivered(d->db, 1), "delivered");
    desk_must(db_commit(d->db), "commit");
    ASK(d, root, audit_list, .limit = 1);
    ok(asked.rows == 1 && asked.first.row_event.delivered && asked.last.end.cursor == 1, "the journal has the first");
    ASK(d, root, audit_list, .after = 1, .limit = 1);
    ok(asked.rows == 1 && !asked.first.row_event.delivered && asked.first.row_event.seq == 2, "and not the second");
}

static void test_pages(struct desk *d)
{
    size_t rows = 0, pages = 0;
    int64_t cursor = 0, want;
    for (int i = 0; i < 120; i++)
        ASK(d, root, user_unlock, .user = "bob");
    want = ask_position(d);
    do {
        ASK(d, root, audit_list, .after = cursor);
        cursor = asked.last.end.cursor;
        rows += asked.rows;
        pages++;
    } while (cursor != 0 && pages < 5);
    ok(pages == 2 && (int64_t)rows == want, "%zu rows in two pages", rows);
    desk_tick(d, 60000);
    ASK(d, root, user_unlock, .user = "bob");
    ASK(d, root, audit_list, .since_at = d->now.wall_s - 10);
    ok(ask_gave(1, 0), "or only since a time");
}

static void spoil(struct desk *d, const char *text)
{
    desk_must(db_begin(d->db), "begin");
    ok(sqlite3_exec(d->db->sqlite, text, NULL, NULL, NULL) == SQLITE_OK, "spoilt: %s", text);
    desk_must(db_commit(d->db), "commit");
}

static void test_verify(struct desk *d)
{
    const struct msg_row_verified *row = &asked.first.row_verified;
    ASK_BARE(d, root, audit_verify);
    ok(ask_gave(1, 0) && row->intact && row->bad_seq == 0, "the chain is whole");
    ok(row->events == ask_position(d) && row->delivered == 1, "so many events, one of them in the journal");
    spoil(d, "UPDATE audit SET result = 'nothing' WHERE seq = 7");
    ASK_BARE(d, root, audit_verify);
    ok(ask_gave(1, 0) && !row->intact && row->bad_seq == 7, "a row was changed: which");
    spoil(d, "UPDATE audit_state SET key = zeroblob(length(key))");
    ASK_BARE(d, root, audit_verify);
    ok(ask_gave(1, 0) && !row->intact && row->bad_seq == 0, "nor may the head be another's: told, not a failure");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    root = desk_line(&d, 0);
    test_filter(&d);
    test_deleted(&d);
    test_delivered(&d);
    test_pages(&d);
    test_verify(&d);
    desk_close(&d);
    return tap_done();
}
