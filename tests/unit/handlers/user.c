/* SPDX-License-Identifier: MIT
 *
 * Accounts: what administrators may do to them, that each change is one audit row and ends the sessions that it must
 * (T5, A3), that the last superadmin stays (C4), that unlock frees (L10), that limits are shown to root only (L10).
 */
#include "desk_ask.h"
#include "buckets.h"

static struct line *root;

static void test_add(struct desk *d)
{
    ASK(d, root, user_add, .user = "ada", .uid = 1001, .role = "admin");
    const struct msg_row_user *row = &asked.first.row_user;
    ok(ask_gave(1, 1) && strcmp(row->user, "ada") == 0 && row->uid == 1001 && strcmp(row->role, "admin") == 0, "added");
    ok(strcmp(row->state, "pending") == 0 && !row->password && strlen(row->id) == 36,
       "pending until a password is set");
    ok(asked.audit.event == AUDIT_USER_ADD && strcmp(asked.audit.actor, "uid:0") == 0 &&
           !strstr(asked.audit.result, "ada"),
       "audited, and not by name");
    ASK(d, root, user_add, .user = "bob", .uid = 1002);
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.role, "user") == 0, "the default role is user");
}

static void test_add_refusals(struct desk *d)
{
    static const char *const names[] = {"", "-x", "a/b", "a:b", "a b", "..", "a\nPRIORITY=0", "\xc2\x85"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct msg_user_add in = {.uid = 3000};
        strcpy(in.user, names[i]);
        ASK_IN(d, root, user_add, &in);
        ok(ask_refused(REFUSAL_INVALID), "name %zu is refused", i);
    }
    ASK(d, root, user_add, .user = "eve", .uid = PROTOCOL_NO_UID);
    ok(ask_refused(REFUSAL_INVALID), "no uid");
    ASK(d, root, user_add, .user = "eve", .uid = 65534);
    ok(ask_refused(REFUSAL_INVALID), "nobody's uid");
    ASK(d, root, user_add, .user = "eve", .uid = 3000, .role = "king");
    ok(ask_refused(REFUSAL_INVALID), "no such role");
    ASK(d, root, user_add, .user = "ada", .uid = 3000);
    ok(ask_refused(REFUSAL_EXISTS), "the name is taken");
    ASK(d, root, user_add, .user = "eve", .uid = 1001);
    ok(ask_refused(REFUSAL_EXISTS) && strstr(asked.last.refused.text, "\"ada\""), "the uid is taken, and by whom");
}

static void test_show(struct desk *d)
{
    struct line *ada = desk_line(d, 1001);
    ASK(d, root, user_show, .user = "ada");
    ok(ask_gave(1, 0) && asked.first.row_user.uid == 1001, "root sees ada");
    ASK(d, ada, user_show, .user = "");
    ok(ask_gave(1, 0) && strcmp(asked.first.row_user.user, "ada") == 0, "ada sees herself");
    char text[513];
    ASK(d, ada, user_show, .user = "bob");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "but not bob");
    strcpy(text, asked.last.refused.text);
    ASK(d, ada, user_show, .user = "nobody-there");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor whom there is not");
    is_str(asked.last.refused.text, text, "in the same words");
}

static void test_set(struct desk *d)
{
    struct account bob = desk_account(d, "ben", 1010, "user", "correct horse", NULL, 0);
    struct session s = ask_session(d, &bob, "pwd", "aal1", 7);
    ASK(d, root, user_set, .user = "ben", .role = "user", .uid = PROTOCOL_NO_UID);
    ok(ask_gave(1, 0) && ask_live(d, &s), "what is so already changes nothing");
    ASK(d, root, user_set, .user = "ben", .role = "king", .uid = PROTOCOL_NO_UID);
    ok(ask_refused(REFUSAL_INVALID) && ask_live(d, &s), "no such role");
    ASK(d, root, user_set, .user = "ben", .uid = 1001);
    ok(ask_refused(REFUSAL_EXISTS) && ask_live(d, &s), "that uid is ada's");
    ASK(d, root, user_set, .user = "ben", .uid = 65534);
    ok(ask_refused(REFUSAL_INVALID), "that uid is nobody's");
    ASK(d, root, user_set, .user = "ben", .role = "moderator", .uid = PROTOCOL_NO_UID);
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.role, "moderator") == 0 && asked.audit.event == AUDIT_USER_SET,
       "a new role");
    ok(!ask_live(d, &s), "ends his sessions");
    s = ask_session(d, &bob, "pwd", "aal1", 8);
    ASK(d, root, user_set, .user = "ben", .uid = 1011);
    ok(ask_gave(1, 1) && asked.first.row_user.uid == 1011 && !ask_live(d, &s), "so does a new uid");
    ASK(d, root, user_set, .user = "nix", .role = "user", .uid = PROTOCOL_NO_UID);
    ok(ask_refused(REFUSAL_NOT_FOUND), "no such account");
}

static void test_disable(struct desk *d)
{
    struct account a = desk_account(d, "dan", 1020, "user", "correct horse", NULL, 0);
    struct session s = ask_session(d, &a, "pwd", "aal1", 9);
    ASK(d, root, user_disable, .user = "dan");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.state, "disabled") == 0 && asked.audit.event == AUDIT_USER_DISABLE,
       "disabled");
    ok(!ask_live(d, &s), "and his sessions are over");
    ASK(d, root, user_disable, .user = "dan");
    ok(ask_gave(1, 0), "twice is once");
    ASK(d, root, user_enable, .user = "dan");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.state, "active") == 0 && asked.audit.event == AUDIT_USER_ENABLE,
       "enabled");
    ASK(d, root, user_enable, .user = "dan");
    ok(ask_gave(1, 0), "twice is once");
    ASK(d, root, user_disable, .user = "bob");
    ASK(d, root, user_enable, .user = "bob");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.state, "pending") == 0,
       "who never had a password is pending again");
}

static void charge(struct desk *d, const struct account *a, unsigned failures)
{
    const struct buckets_key key = {.bucket = BUCKET_ACCOUNT, .account_id = a->id};
    struct limit_row row;
    desk_must(db_begin(d->db), "begin");
    desk_must(buckets_load(d->db, &key, &row), "load");
    for (unsigned i = 0; i < failures; i++) {
        limit_charge(limit_rule(CONFIG_LIMITS_NIST, BUCKET_ACCOUNT, LIMIT_STRANGER), &row, &d->now, false);
        limit_fail(&row);
    }
    desk_must(buckets_save(d->db, &key, &row), "save");
    desk_must(db_commit(d->db), "commit");
}

static void test_unlock(struct desk *d)
{
    struct account a = desk_account(d, "lou", 1030, "user", "correct horse", NULL, 0);
    const struct msg_row_user *row = &asked.first.row_user;
    charge(d, &a, 6);
    ASK(d, root, user_show, .user = "lou");
    ok(strcmp(row->state, "locked") == 0 && row->failures == 6 && row->wait_s > 0 && row->wait_s <= 3600,
       "locked for a while");
    ASK(d, desk_line(d, 1030), user_show, .user = "");
    ok(ask_gave(1, 0) && strcmp(row->state, "active") == 0 && row->failures == 0 && row->wait_s == 0,
       "which is root's to see");
    charge(d, &a, 100);
    ASK(d, root, user_show, .user = "lou");
    ok(strcmp(row->state, "locked") == 0 && row->wait_s == -1, "locked until an admin unlocks");
    ASK(d, root, user_unlock, .user = "lou");
    ok(ask_gave(1, 1) && strcmp(row->state, "active") == 0 && row->failures == 0 && row->wait_s == 0, "unlocked");
    ok(asked.audit.event == AUDIT_USER_UNLOCK && strcmp(asked.audit.actor, "uid:0") == 0, "and by whom");
}

static void test_delete(struct desk *d)
{
    struct account a = desk_account(d, "del", 1040, "user", "correct horse", "12345678901234567890", 6), again;
    struct session s = ask_session(d, &a, "pwd", "aal1", 10);
    ASK(d, root, user_delete, .user = "del");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_user.state, "deleted") == 0 && asked.audit.event == AUDIT_USER_DELETE,
       "deleted");
    ok(!ask_live(d, &s), "with the sessions");
    ASK(d, root, user_show, .user = "del");
    ok(ask_refused(REFUSAL_NOT_FOUND), "gone");
    ASK(d, root, user_delete, .user = "del");
    ok(ask_refused(REFUSAL_NOT_FOUND), "and not twice");
    ASK(d, root, user_add, .user = "del", .uid = 1040);
    ok(ask_gave(1, 1) && accounts_by_name(d->db, "del", &again) == 0 && strcmp(again.uuid, a.uuid) != 0 &&
           !again.has_password,
       "name and uid are free again, the UUID is not");
}

static void test_last_superadmin(struct desk *d)
{
    desk_account(d, "sue", 1050, "superadmin", "correct horse", NULL, 0);
    ASK(d, root, user_set, .user = "sue", .role = "admin", .uid = PROTOCOL_NO_UID);
    ok(ask_refused(REFUSAL_INVALID) && strstr(asked.last.refused.text, "last superadmin"), "not demoted");
    ASK(d, root, user_disable, .user = "sue");
    ok(ask_refused(REFUSAL_INVALID), "not disabled");
    ASK(d, root, user_delete, .user = "sue");
    ok(ask_refused(REFUSAL_INVALID), "not deleted");
    ASK(d, root, user_set, .user = "sue", .uid = 1051);
    ok(ask_gave(1, 1), "but given another uid");
    desk_account(d, "tim", 1052, "superadmin", "correct horse", NULL, 0);
    ASK(d, root, user_disable, .user = "tim");
    ok(ask_gave(1, 1), "one of two is disabled");
    ASK(d, root, user_delete, .user = "sue");
    ok(ask_refused(REFUSAL_INVALID), "the disabled one does not count");
    ASK(d, root, user_delete, .user = "tim");
    ok(ask_gave(1, 1), "and may go");
}

static void test_list(struct desk *d)
{
    uint32_t before = 0;
    desk_must(accounts_count(d->db, &before), "count");
    desk_must(db_begin(d->db), "begin");
    for (uint32_t i = before; i < 205; i++) {
        struct account a;
        char name[16];
        snprintf(name, sizeof name, "u%u", i);
        desk_must(accounts_add(d->db, name, 5000 + i, "user", d->now.wall_s, &a), "add");
    }
    desk_must(db_commit(d->db), "commit");
    size_t pages[8], n = 0;
    int64_t cursor = 0;
    do {
        ASK(d, root, user_list, .after = cursor, .limit = 5000);
        cursor = asked.last.end.cursor;
        pages[n++] = asked.rows;
    } while (cursor != 0 && n < 8);
    ok(n == 3 && pages[0] == 100 && pages[1] == 100 && pages[2] == 5, "205 accounts come in three pages");
    ASK(d, root, user_list, .limit = 3);
    ok(ask_gave(3, 0) && asked.last.end.cursor > 0, "or as few as one wants");
    ASK(d, root, user_list, .after = INT64_MAX, .limit = 3);
    ok(ask_gave(0, 0) && asked.last.end.cursor == 0, "and none after the last");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    root = desk_line(&d, 0);
    test_add(&d);
    test_add_refusals(&d);
    test_show(&d);
    test_set(&d);
    test_disable(&d);
    test_unlock(&d);
    test_delete(&d);
    test_last_superadmin(&d);
    test_list(&d);
    desk_close(&d);
    return tap_done();
}
