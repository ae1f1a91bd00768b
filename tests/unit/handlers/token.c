/* SPDX-License-Identifier: MIT
 *
 * Tokens are minted from a live session of the peer's own, at the level that it proved, and for roles that may (T8);
 * what is minted is what the claims say (T7), audited and paid for with the key's last exp (T6).
 */
#include "desk_ask.h"
#include "keys.h"
#include "signing.h"

static struct account ada;
static struct line *her;

static void mint(struct desk *d, struct line *l, const char *audience, const char *acr, const char *session)
{
    struct msg_token_mint in = {0};
    strcpy(in.audience, audience);
    strcpy(in.acr, acr);
    strcpy(in.session, session);
    ASK_IN(d, l, token_mint, &in);
}

/* Refused for that reason, nothing given, and the refusal audited. */
static bool refused(const char *why)
{
    return asked.error == 0 && asked.rows == 0 && asked.last.number == MSG_refused && asked.audits == 1 &&
           asked.audit.event == AUDIT_TOKEN_REFUSED && strstr(asked.last.refused.text, why);
}

static void test_mint(struct desk *d)
{
    struct session s = ask_session(d, &ada, "pwd otp", "aal2", 7), found;
    struct key key;
    desk_tick(d, 5000);
    mint(d, her, "web", "", "");
    const struct msg_row_token *row = &asked.first.row_token;
    ok(ask_gave(1, 1) && strcmp(row->audience, "web") == 0 && strcmp(row->session, s.name) == 0, "minted");
    is_int(row->expires_at, d->now.wall_s + 900, "good for 15 minutes");
    ok(asked.audit.event == AUDIT_TOKEN_MINT && strcmp(asked.audit.result, "web, ES256, 15m") == 0 &&
           strcmp(asked.audit.source, "uid:1001") == 0,
       "audited");
    ok(!strstr(asked.audit.result, row->token), "without the token");
    ok(keys_active(d->db, "ES256", &key, NULL) == 0 && key.max_exp == row->expires_at, "its key lives as long");
    ok(sessions_get(d->db, s.name, &found) == 0 && found.last_used_at == d->now.wall_s, "its session was used");
    struct msg_token_verify in = {0};
    strcpy(in.token, row->token);
    strcpy(in.audience, "web");
    ASK_IN(d, desk_line(d, 4242), token_verify, &in);
    const struct msg_row_claims *c = &asked.first.row_claims;
    ok(ask_gave(1, 0) && strcmp(c->sub, ada.uuid) == 0 && strcmp(c->preferred_username, "ada") == 0 &&
           strcmp(c->role, "admin") == 0,
       "it says who");
    ok(strcmp(c->iss, "https://host.example.org") == 0 && strcmp(c->aud, "web") == 0 && strcmp(c->sid, s.name) == 0,
       "by and for whom");
    ok(c->iat == d->now.wall_s && c->nbf == c->iat && c->exp == c->iat + 900 && c->auth_time == s.auth_time, "when");
    ok(strcmp(c->amr, "pwd otp") == 0 && strcmp(c->acr, "aal2") == 0 && strcmp(c->alg, "ES256") == 0 &&
           strlen(c->jti) == 36,
       "how");
    mint(d, her, "web", "aal2", s.name);
    ok(ask_gave(1, 1), "by name, and at that level, too");
}

static void test_refusals(struct desk *d)
{
    mint(d, her, "billing", "", "");
    ok(ask_refused(REFUSAL_NOT_FOUND), "no such audience");
    is_str(asked.last.refused.text, "no audience \"billing\"; this host has: web low staff", "and which there are");
    mint(d, her, "staff", "", "");
    ok(refused("role admin gets no tokens for staff"), "not for this role");
    mint(d, her, "web", "aal9", "");
    ok(refused("no level \"aal9\""), "no such level");
    mint(d, desk_line(d, 4242), "web", "", "");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "no account");
    mint(d, desk_line(d, 0), "web", "", "");
    ok(ask_refused(REFUSAL_INVALID), "root has none, either");
}

static void test_sessions(struct desk *d)
{
    struct account eve = desk_account(d, "eve", 1002, "user", "correct horse", NULL, 0);
    struct session s = ask_session(d, &ada, "pwd otp", "aal2", 31), e = ask_session(d, &eve, "pwd otp", "aal2", 32);
    struct line *l = desk_line(d, 1001);
    mint(d, l, "web", "", "");
    ok(refused("no session"), "no audit session, and none named");
    mint(d, l, "web", "", s.name);
    ok(refused("no live session"), "one of another audit session");
    mint(d, l, "web", "", e.name);
    ok(refused("no live session"), "one of another uid");
    l->peer.audit_session = 32;
    mint(d, l, "web", "", "");
    ok(refused("no session"), "even in its audit session");
    l->peer.audit_session = 31;
    strcpy(d->now.boot_id, "00000000-0000-4000-8000-00000000000b");
    mint(d, l, "web", "", s.name);
    ok(refused("no live session"), "one of an earlier boot");
    strcpy(d->now.boot_id, "00000000-0000-4000-8000-000000000001");
    mint(d, l, "web", "", s.name);
    ok(ask_gave(1, 1), "its own");
    desk_must(db_begin(d->db), "begin");
    desk_must(sessions_end(d->db, s.name, "closed", d->now.wall_s), "end");
    desk_must(db_commit(d->db), "commit");
    mint(d, l, "web", "", s.name);
    ok(refused("no live session"), "not when it is over");
}

static void test_levels(struct desk *d)
{
    struct line *l = desk_line(d, 1001);
    struct session s = ask_session(d, &ada, "pwd", "aal1", 41);
    l->peer.audit_session = 41;
    mint(d, l, "web", "", "");
    ok(refused("with a code as well"), "a password alone is no aal2");
    mint(d, l, "low", "", "");
    ok(ask_gave(1, 1), "but aal1");
    mint(d, l, "low", "aal2", s.name);
    ok(refused("aal2 is wanted"), "and not more if more is asked for");
    mint(d, l, "web", "aal1", s.name);
    ok(refused("aal2 is wanted"), "asking for less lowers nothing");
    s = ask_session(d, &ada, "swk", "aal1", 42);
    l->peer.audit_session = 42;
    mint(d, l, "web", "", "");
    ok(refused("with a password and a code as well"), "a key alone lacks both");
}

static void test_accounts(struct desk *d)
{
    struct account off = desk_account(d, "off", 1003, "user", "correct horse", NULL, 0);
    struct line *l = desk_line(d, 1003);
    l->peer.audit_session = 51;
    off.state = ACCOUNT_DISABLED;
    desk_must(db_begin(d->db), "begin");
    desk_must(accounts_update(d->db, &off, d->now.wall_s), "disable");
    desk_must(db_commit(d->db), "commit");
    ask_session(d, &off, "pwd otp", "aal2", 51);
    mint(d, l, "web", "", "");
    ok(refused("not active"), "a disabled account gets none, though a session was left");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    desk_config(
        &d, "[audience web]\nroles = admin user\n[audience low]\nacr = aal1\n[audience staff]\nroles = superadmin\n");
    ada = desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    her = desk_line(&d, 1001);
    her->peer.audit_session = 7;
    ask_session(&d, &ada, "pwd otp", "aal2", 7);
    mint(&d, her, "web", "", "");
    ok(ask_refused(REFUSAL_UNAVAILABLE), "without a key there are no tokens");
    desk_must(db_begin(d.db), "begin");
    desk_must(signing_ensure(d.db, &d.now), "keys");
    desk_must(db_commit(d.db), "commit");
    test_mint(&d);
    test_refusals(&d);
    test_sessions(&d);
    test_levels(&d);
    test_accounts(&d);
    desk_close(&d);
    return tap_done();
}
