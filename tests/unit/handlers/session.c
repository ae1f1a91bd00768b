/* SPDX-License-Identifier: MIT
 *
 * Sessions: everybody sees and ends their own, root anybody's; a session of another looks like none (W7). And which
 * session a peer acts in: live, its own, of this boot and of its audit session (T8).
 */
#include "session.h"

#include "desk_ask.h"

static struct account ada, eve;
static struct line *root, *her;

static void test_list(struct desk *d)
{
    struct session a = ask_session(d, &ada, "pwd otp", "aal2", 7), b = ask_session(d, &eve, "pwd", "aal1", 8);
    ASK(d, her, session_list, .user = "");
    ok(ask_gave(1, 0) && strcmp(asked.first.row_session.session, a.name) == 0, "ada sees hers");
    ok(strcmp(asked.first.row_session.user, "ada") == 0 && strcmp(asked.first.row_session.amr, "pwd otp") == 0 &&
           strcmp(asked.first.row_session.acr, "aal2") == 0 &&
           strcmp(asked.first.row_session.source, "192.0.2.7") == 0 &&
           asked.first.row_session.created_at == d->now.wall_s,
       "with what it proved");
    ASK(d, her, session_list, .user = "eve");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "and not eve's");
    ASK(d, root, session_list, .user = "");
    ok(ask_gave(2, 0), "root sees all");
    ASK(d, root, session_list, .user = "eve");
    ok(ask_gave(1, 0) && strcmp(asked.first.row_session.session, b.name) == 0, "or eve's");
}

static void test_kill(struct desk *d)
{
    struct session a = ask_session(d, &ada, "pwd", "aal1", 7), b = ask_session(d, &eve, "pwd", "aal1", 8);
    char text[513];
    struct msg_session_kill in = {0};
    strcpy(in.session, b.name);
    ASK_IN(d, her, session_kill, &in);
    ok(ask_refused(REFUSAL_NOT_FOUND) && ask_live(d, &b), "ada cannot end eve's");
    strcpy(text, strchr(asked.last.refused.text, '"') + 17);
    strcpy(in.session, "aaaaaaaaaaaaaaaa");
    ASK_IN(d, her, session_kill, &in);
    ok(ask_refused(REFUSAL_NOT_FOUND), "nor one that is not there");
    is_str(strchr(asked.last.refused.text, '"') + 17, text, "in the same words");
    strcpy(in.session, a.name);
    ASK_IN(d, her, session_kill, &in);
    ok(ask_gave(1, 1) && asked.audit.event == AUDIT_SESSION_KILL && !ask_live(d, &a), "she ends her own");
    ASK_IN(d, her, session_kill, &in);
    ok(ask_refused(REFUSAL_NOT_FOUND), "once");
    strcpy(in.user, "ada");
    strcpy(in.session, b.name);
    ASK_IN(d, root, session_kill, &in);
    ok(ask_refused(REFUSAL_NOT_FOUND) && ask_live(d, &b), "root's, of the wrong user, is none either");
    in.user[0] = '\0';
    ASK_IN(d, root, session_kill, &in);
    ok(ask_gave(1, 1) && !ask_live(d, &b) && strcmp(asked.audit.account, eve.uuid) == 0 &&
           strcmp(asked.audit.actor, "uid:0") == 0,
       "root ends any, audited as done to eve by root");
}

static int acts_in(struct desk *d, struct line *l, const char *name, struct session *ret)
{
    struct handler h = desk_handler(d, l);
    return session_of_peer(&h, &ada, name, ret);
}

static void test_of_peer(struct desk *d)
{
    struct session a = ask_session(d, &ada, "pwd", "aal1", 21), b = ask_session(d, &eve, "pwd", "aal1", 22), s;
    struct session free_one = ask_session(d, &ada, "pwd", "aal1", PROTOCOL_NO_SESSION);
    struct line *l = desk_line(d, 1001), *eves = desk_line(d, 1002);
    ok(acts_in(d, l, "", &s) == -ENOENT, "without an audit session, none by itself");
    ok(acts_in(d, l, a.name, &s) == -ENOENT, "nor by name one of another audit session");
    ok(acts_in(d, l, free_one.name, &s) == 0, "by name one that has none");
    l->peer.audit_session = 21;
    ok(acts_in(d, l, "", &s) == 0 && strcmp(s.name, a.name) == 0, "the one of its audit session");
    ok(acts_in(d, l, a.name, &s) == 0, "by name too");
    ok(acts_in(d, l, b.name, &s) == -ENOENT, "never eve's");
    eves->peer.audit_session = 21;
    ok(acts_in(d, eves, a.name, &s) == -ENOENT && acts_in(d, eves, "", &s) == -ENOENT, "nor for another uid");
    l->peer.uid = 0;
    ok(acts_in(d, l, a.name, &s) == -ENOENT, "not even for root");
    l->peer.uid = 1001;
    struct account other = eve;
    other.uid = ada.uid;
    struct session left = ask_session(d, &other, "pwd", "aal1", 21);
    ok(acts_in(d, l, left.name, &s) == -ENOENT && acts_in(d, l, "", &s) == -ENOENT,
       "nor one left by an account that had her uid");
    desk_must(db_begin(d->db), "begin");
    desk_must(sessions_end(d->db, left.name, "test", d->now.wall_s), "end");
    desk_must(db_commit(d->db), "commit");
    strcpy(d->now.boot_id, "00000000-0000-4000-8000-000000000002");
    ok(acts_in(d, l, "", &s) == -ENOENT && acts_in(d, l, a.name, &s) == -ENOENT, "nor after a reboot");
    strcpy(d->now.boot_id, "00000000-0000-4000-8000-000000000001");
    struct msg_session_kill in = {0};
    strcpy(in.session, a.name);
    ASK_IN(d, root, session_kill, &in);
    ok(acts_in(d, l, a.name, &s) == -ENOENT && acts_in(d, l, "", &s) == -ENOENT, "nor after its end");
}

static void test_pages(struct desk *d)
{
    size_t pages[4] = {0}, n = 0;
    int64_t cursor = 0;
    for (int i = 0; i < 101; i++)
        ask_session(d, &eve, "pwd", "aal1", 30);
    do {
        ASK(d, root, session_list, .user = "eve", .after = cursor);
        cursor = asked.last.end.cursor;
        pages[n++] = asked.rows;
    } while (cursor != 0 && n < 4);
    ok(n == 2 && pages[0] == 100 && pages[1] == 3, "103 sessions come in two pages");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    root = desk_line(&d, 0);
    her = desk_line(&d, 1001);
    ada = desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    eve = desk_account(&d, "eve", 1002, "user", "correct horse", NULL, 0);
    test_list(&d);
    test_kill(&d);
    test_of_peer(&d);
    test_pages(&d);
    desk_close(&d);
    return tap_done();
}
