/* SPDX-License-Identifier: MIT
 *
 * Access tokens: minted from a live session for its own user, verified for whoever holds one. A token is never stored;
 * it can never say more than its session proved. Everything that is missing is a refusal with its name, and each
 * refusal to mint is in the audit.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "claims.h"
#include "keys.h"
#include "policy.h"
#include "random.h"
#include "session.h"
#include "text.h"

/* Refuses to mint, and says so in the audit: -ENOENT, or worse. */
__attribute__((format(printf, 4, 5))) static int refuse(struct handler *h, const struct account *a, struct step *step,
                                                        const char *format, ...)
{
    char why[257];
    va_list ap;
    va_start(ap, format);
    text_cut(why, sizeof why, format, ap);
    va_end(ap);
    h->counters->tokens_refused++;
    int error = handler_audit(h, AUDIT_TOKEN_REFUSED, a, "", NULL, "%s", why);
    if (error == 0)
        error = step_refuse(step, REFUSAL_INVALID, "%s", why);
    return error < 0 ? error : -ENOENT;
}

/* "no audience "billing"; this host has: web" */
static int refuse_audience(struct handler *h, const char *name, struct step *step)
{
    char names[384] = "";
    size_t len = 0;
    for (size_t i = 0; i < h->config->n_audiences; i++) {
        const char *next = h->config->audiences[i].name;
        if (text_format(names + len, sizeof names - len, " %s", next) < 0)
            break;
        len = strlen(names);
    }
    return step_refuse(step, REFUSAL_NOT_FOUND, "no audience \"%s\"; this host has%s%s", name, len == 0 ? " none" : ":",
                       names);
}

static int check_acr(struct handler *h, const struct account *a, const struct config_audience *aud, const char *wish,
                     const struct session *s, struct step *step)
{
    struct policy_acr acr = policy_acr(wish, aud->acr, s->acr, s->amr);
    switch (acr.verdict) {
    case POLICY_ACR_REACHED:
        return 0;
    case POLICY_ACR_NO_LEVEL:
        return refuse(h, a, step, "no level \"%s\": aal1 or aal2", wish);
    case POLICY_ACR_NOBODY:
        return refuse(h, a, step, "audience \"%s\" wants \"%s\", which nobody can reach", aud->name, aud->acr);
    case POLICY_ACR_TOO_LOW:
        break;
    }
    return refuse(h, a, step, "session %s is %s and %s is wanted: log in with %s%s%s as well", s->name, s->acr,
                  acr.wanted, acr.lacks_password ? "a password" : "",
                  acr.lacks_password && acr.lacks_code ? " and " : "", acr.lacks_code ? "a code" : "");
}

/* Whether this account may have a token for this audience from this session; -ENOENT if it was refused. */
static int find_session(struct handler *h, const struct account *a, const struct config_audience *aud,
                        const struct msg_token_mint *in, struct session *ret, struct step *step)
{
    if (a->state != ACCOUNT_ACTIVE)
        return refuse(h, a, step, "the account is not active");
    if (!config_roles_have(&aud->roles, a->role))
        return refuse(h, a, step, "role %s gets no tokens for %s", a->role, aud->name);
    int error = session_of_peer(h, a, in->session, ret);
    if (error == -ENOENT && in->session[0] == '\0')
        return refuse(h, a, step, "no session of yours here: log in, or name one with --session");
    if (error == -ENOENT)
        return refuse(h, a, step, "no live session \"%s\" of yours here", in->session);
    return error < 0 ? error : check_acr(h, a, aud, in->acr, ret, step);
}

static int fill_claims(struct handler *h, const struct account *a, const struct config_audience *aud,
                       const struct session *s, struct claims *c)
{
    *c = (struct claims){.iat = h->now.wall_s, .nbf = h->now.wall_s, .auth_time = s->auth_time};
    if (__builtin_add_overflow(c->iat, aud->token_lifetime_s, &c->exp))
        return -ERANGE;
    random_uuid(c->jti);
    int error = text_copy(c->iss, sizeof c->iss, h->config->authcd.issuer);
    if (error < 0 || (error = text_copy(c->sub, sizeof c->sub, a->uuid)) < 0 ||
        (error = text_copy(c->aud, sizeof c->aud, aud->name)) < 0 ||
        (error = text_copy(c->sid, sizeof c->sid, s->name)) < 0 ||
        (error = text_copy(c->amr, sizeof c->amr, s->amr)) < 0 ||
        (error = text_copy(c->acr, sizeof c->acr, s->acr)) < 0 ||
        (error = text_copy(c->preferred_username, sizeof c->preferred_username, a->name)) < 0)
        return error;
    return text_copy(c->role, sizeof c->role, a->role);
}

/* In a frame of its own: the payload would add to the message. */
__attribute__((noinline)) static int sign(const struct claims *c, const struct jws_key *key, struct msg_row_token *row)
{
    char payload[CLAIMS_SIZE];
    int error = claims_write(c, payload);
    if (error < 0 || (error = jws_sign(key, CLAIMS_TYP, payload, row->token, sizeof row->token)) < 0 ||
        (error = text_copy(row->audience, sizeof row->audience, c->aud)) < 0)
        return error;
    row->expires_at = c->exp;
    return text_copy(row->session, sizeof row->session, c->sid);
}

/* "15m": the largest unit that says it without a rest. */
static int duration(int64_t s, char out[24])
{
    static const struct {
        int64_t s;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    while (s % units[i].s != 0)
        i++;
    return text_format(out, 24, "%" PRId64 "%c", s / units[i].s, units[i].unit);
}

/* What minting leaves behind, in the same transaction. */
static int note(struct handler *h, const struct account *a, const struct config_audience *aud, const struct claims *c,
                int64_t key_id)
{
    char lifetime[24];
    int error = keys_note_exp(h->db, key_id, c->exp);
    if (error < 0 || (error = sessions_touch(h->db, c->sid, h->now.wall_s)) < 0 ||
        (error = duration(aud->token_lifetime_s, lifetime)) < 0)
        return error;
    return handler_audit(h, AUDIT_TOKEN_MINT, a, "", NULL, "%s, %s, %s", aud->name, aud->alg, lifetime);
}

int on_token_mint(struct handler *h, const struct msg_token_mint *in, struct step *step)
{
    const struct config_audience *aud = config_audience(h->config, in->audience);
    MSG_AUTO struct msg m = {.number = MSG_row_token};
    JWS_KEY_AUTO struct jws_key *signer = NULL;
    struct account a;
    struct session s;
    struct key key;
    struct claims c;
    int error = handler_self(h, &a, step);
    if (error == 0 && aud == NULL)
        return refuse_audience(h, in->audience, step);
    if (error == 0)
        error = find_session(h, &a, aud, in, &s, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = keys_active(h->db, aud->alg, &key, &signer);
    if (error == -ENOENT)
        return step_refuse(step, REFUSAL_UNAVAILABLE, "there is no %s key to sign with", aud->alg);
    if (error < 0 || (error = fill_claims(h, &a, aud, &s, &c)) < 0 || (error = sign(&c, signer, &m.row_token)) < 0 ||
        (error = note(h, &a, aud, &c, key.id)) < 0 || (error = step_reply(step, &m)) < 0)
        return error;
    h->counters->tokens_minted++;
    return step_end(step, 1, 0);
}
