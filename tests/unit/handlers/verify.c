/* SPDX-License-Identifier: MIT
 *
 * What authcd accepts as a token: its own, whole, in time, for that audience, of a live session (T1, T2). Every flip of
 * one bit is refused (T3).
 */
#include "desk_ask.h"
#include "base64url.h"
#include "claims.h"
#include "keys.h"
#include "signing.h"

static struct line *her, *anybody;

static bool accepted(struct desk *d, const char *token, const char *audience)
{
    struct msg_token_verify in = {0};
    if (strlen(token) >= sizeof in.token)
        return false;
    strcpy(in.token, token);
    strcpy(in.audience, audience);
    ASK_IN(d, anybody, token_verify, &in);
    return asked.error != 0 || !ask_refused(REFUSAL_INVALID) ||
           strncmp(asked.last.refused.text, "token refused: ", 15) != 0;
}

static void mint(struct desk *d, char token[8193])
{
    ASK(d, her, token_mint, .audience = "web");
    ok(ask_gave(1, 1), "a token");
    strcpy(token, asked.first.row_token.token);
}

static void test_flips(struct desk *d, const char *token)
{
    char flipped[8193];
    size_t len = strlen(token), bad = 0;
    strcpy(flipped, token);
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            flipped[i] = (char)((unsigned char)token[i] ^ (1u << bit));
            bad += accepted(d, flipped, "") ? 1 : 0;
            flipped[i] = token[i];
        }
    is_int((int64_t)bad, 0, "none of %zu flips is accepted", len * 8);
    for (size_t i = 0; i < len; i++) {
        flipped[i] = '\0';
        bad += accepted(d, flipped, "") ? 1 : 0;
        flipped[i] = token[i];
    }
    is_int((int64_t)bad, 0, "nor any beginning of it");
    ok(accepted(d, flipped, "") && ask_gave(1, 0), "the token itself is");
}

static void test_claims(struct desk *d, const char *token)
{
    ok(accepted(d, token, "web"), "for its audience");
    ok(!accepted(d, token, "other"), "for no other");
    desk_tick(d, 899 * 1000);
    ok(accepted(d, token, ""), "until it expires");
    desk_tick(d, 1000);
    ok(!accepted(d, token, "") && strstr(asked.last.refused.text, "expired"), "and not at that second: %s",
       asked.last.refused.text);
    desk_tick(d, -901 * 1000);
    ok(!accepted(d, token, ""), "nor before it was made");
    desk_tick(d, 1000);
    strcpy(d->config.authcd.issuer, "https://other.example.org");
    ok(!accepted(d, token, ""), "nor by another issuer");
    strcpy(d->config.authcd.issuer, "https://host.example.org");
}

/* The same claims under another header. */
static void forged(struct desk *d, const char *header, const char *token, const char *what)
{
    char out[8193];
    desk_must(base64url_encode(out, sizeof out, (const unsigned char *)header, strlen(header)), "encode");
    strcat(out, strchr(token, '.'));
    ok(!accepted(d, out, ""), "%s", what);
}

static void test_forgeries(struct desk *d, const char *token)
{
    char header[600], kid[80];
    struct key key;
    desk_must(keys_active(d->db, "ES256", &key, NULL), "key");
    snprintf(kid, sizeof kid, "\"kid\":\"%s\"", key.kid);
    static const char *const heads[] = {
        "{\"typ\":\"at+jwt\",\"alg\":\"none\",%s}",
        "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",%s}",
        "{\"typ\":\"at+jwt\",\"alg\":\"ES384\",%s}",
        "{\"typ\":\"at+jwt\",%s}",
        "{\"typ\":\"JWT\",\"alg\":\"ES256\",%s}",
        "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jwk\":{},%s}",
        "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"crit\":[\"x\"],%s}",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(heads[i], "%s");
        snprintf(header, sizeof header, "%.*s%s}", (int)(at - heads[i]), heads[i], kid);
        forged(d, header, token, heads[i]);
    }
    forged(d, "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", token, "a kid that is a path");
    forged(d, "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}", token, "a kid that is SQL");
    static const char *const odd[] = {"", ".", "..", "a.b.c", "...", "\xc3\xa9.\xc3\xa9.\xc3\xa9"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        ok(!accepted(d, odd[i], ""), "odd text %zu", i);
}

static void test_life(struct desk *d, const char *token, struct session *s)
{
    struct account a;
    desk_must(accounts_by_name(d->db, "ada", &a), "ada");
    struct line *root = desk_line(d, 0);
    ok(accepted(d, token, "") && ask_gave(1, 0), "good while its session lives");
    struct msg_session_kill in = {0};
    strcpy(in.session, s->name);
    ASK_IN(d, root, session_kill, &in);
    ok(!accepted(d, token, "") && strstr(asked.last.refused.text, "session"), "and not when it was killed");
    *s = ask_session(d, &a, "pwd otp", "aal2", 7);
    char fresh[8193];
    mint(d, fresh);
    ok(accepted(d, fresh, "") && ask_gave(1, 0), "a new session, a new token");
    ASK(d, root, user_set, .user = "ada", .role = "user", .uid = PROTOCOL_NO_UID);
    ok(!accepted(d, fresh, ""), "which a change of role ends");
}

/* A token of our own key that names ada's session for somebody else: only a fault of ours could make one. */
static void test_borrowed(struct desk *d, const struct account *ada, const struct session *s)
{
    JWS_KEY_AUTO struct jws_key *signer = NULL;
    struct key key;
    struct claims c = {
        .aud = "web", .iss = "https://host.example.org", .acr = "aal2", .role = "user", .preferred_username = "eve"};
    char payload[CLAIMS_SIZE], token[8193];
    c.exp = (c.iat = c.nbf = c.auth_time = d->now.wall_s) + 60;
    strcpy(c.sid, s->name);
    strcpy(c.sub, ada->uuid);
    random_uuid(c.jti);
    desk_must(keys_active(d->db, "ES256", &key, &signer), "key");
    desk_must(claims_write(&c, payload), "claims");
    desk_must(jws_sign(signer, CLAIMS_TYP, payload, token, sizeof token), "sign");
    ok(accepted(d, token, "") && ask_gave(1, 0), "signed by our key, of her session, for her");
    random_uuid(c.sub);
    desk_must(claims_write(&c, payload), "claims");
    desk_must(jws_sign(signer, CLAIMS_TYP, payload, token, sizeof token), "sign");
    ok(!accepted(d, token, ""), "and for nobody else");
    desk_must(jws_sign(signer, "JWT", payload, token, sizeof token), "sign");
    ok(!accepted(d, token, ""), "nor under another typ");
}

static void test_disabled(struct desk *d, struct account ada)
{
    char token[8193];
    mint(d, token);
    ada.state = ACCOUNT_DISABLED;
    desk_must(db_begin(d->db), "begin");
    desk_must(accounts_update(d->db, &ada, d->now.wall_s), "disable");
    desk_must(db_commit(d->db), "commit");
    ok(!accepted(d, token, ""), "a disabled account's is refused, though its session was left");
}

int main(void)
{
    static struct desk d;
    char token[8193];
    desk_open(&d);
    desk_config(&d, "[audience web]\n");
    desk_must(db_begin(d.db), "begin");
    desk_must(signing_ensure(d.db, &d.now), "keys");
    desk_must(db_commit(d.db), "commit");
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    struct session s = ask_session(&d, &ada, "pwd otp", "aal2", 7);
    her = desk_line(&d, 1001);
    her->peer.audit_session = 7;
    anybody = desk_line(&d, 4242);
    mint(&d, token);
    test_claims(&d, token);
    test_forgeries(&d, token);
    test_flips(&d, token);
    test_borrowed(&d, &ada, &s);
    test_life(&d, token, &s);
    s = ask_session(&d, &ada, "pwd otp", "aal2", 7);
    test_disabled(&d, ada);
    desk_close(&d);
    return tap_done();
}
