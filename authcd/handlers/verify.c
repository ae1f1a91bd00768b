/* SPDX-License-Identifier: MIT
 *
 * Verifies access tokens for whoever holds one. Beside what any consumer can check with the published keys, it knows
 * whether the session and the account behind a token are still alive.
 */
#include <errno.h>
#include <string.h>

#include "claims.h"
#include "handler.h"
#include "keys.h"
#include "sessions.h"
#include "text.h"

/* The claims that a token carries if its signature is one of our keys'. *ret_why: why not, or NULL. */
static int verify(struct handler *h, const char *token, struct claims *c, struct key *key, const char **ret_why)
{
    JWS_KEY_AUTO struct jws_key *signer = NULL;
    char kid[JWS_KID_SIZE], payload[CLAIMS_SIZE];
    size_t len;
    *ret_why = "not a token of the form that is signed here";
    if (jws_kid(token, CLAIMS_TYP, kid) < 0)
        return 0;
    int error = keys_by_kid(h->db, kid, key, &signer);
    if (error == -ENOENT)
        *ret_why = "signed by no key of this host";
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = jws_verify(signer, token, CLAIMS_TYP, payload, sizeof payload, &len);
    if (error == -EKEYREJECTED)
        *ret_why = "bad signature";
    else if (error == 0 && claims_read(payload, len, c) == 0)
        *ret_why = NULL;
    return error == -ENOMEM ? error : 0;
}

/* A token is worth no more than its session and its account are now. *ret_why stays NULL if they are live. */
static int check_live(struct handler *h, const struct claims *c, const char **ret_why)
{
    struct session s;
    struct account a;
    *ret_why = "its session has ended";
    int error = sessions_get(h->db, c->sid, &s);
    if (error == 0)
        error = accounts_by_id(h->db, s.account_id, &a);
    if (error == 0 && a.state == ACCOUNT_ACTIVE && strcmp(a.uuid, c->sub) == 0)
        *ret_why = NULL;
    return error == -ENOENT ? 0 : error;
}

static int reply_claims(const struct claims *c, const struct key *key, struct step *step)
{
    struct msg m = {.number = MSG_row_claims};
    struct msg_row_claims *row = &m.row_claims;
    row->exp = c->exp;
    row->iat = c->iat;
    row->nbf = c->nbf;
    row->auth_time = c->auth_time;
    const struct {
        char *to;
        size_t cap;
        const char *from;
    } texts[] = {{row->iss, sizeof row->iss, c->iss},
                 {row->sub, sizeof row->sub, c->sub},
                 {row->aud, sizeof row->aud, c->aud},
                 {row->jti, sizeof row->jti, c->jti},
                 {row->sid, sizeof row->sid, c->sid},
                 {row->amr, sizeof row->amr, c->amr},
                 {row->acr, sizeof row->acr, c->acr},
                 {row->preferred_username, sizeof row->preferred_username, c->preferred_username},
                 {row->role, sizeof row->role, c->role},
                 {row->alg, sizeof row->alg, key->alg},
                 {row->kid, sizeof row->kid, key->kid}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int error = text_copy(texts[i].to, texts[i].cap, texts[i].from);
        if (error < 0)
            return error;
    }
    return step_reply(step, &m);
}

int on_token_verify(struct handler *h, const struct msg_token_verify *in, struct step *step)
{
    struct claims c;
    struct key key;
    const char *why;
    int error = verify(h, in->token, &c, &key, &why);
    if (error == 0 && why == NULL)
        why = claims_objection(&c, h->config->authcd.issuer, in->audience, h->now.wall_s);
    if (error == 0 && why == NULL && config_audience(h->config, c.aud) == NULL)
        why = "for an audience that this host does not have (any more)";
    if (error == 0 && why == NULL)
        error = check_live(h, &c, &why);
    if (error < 0)
        return error;
    if (why != NULL)
        return step_refuse(step, REFUSAL_INVALID, "token refused: %s", why);
    error = reply_claims(&c, &key, step);
    return error < 0 ? error : step_end(step, 1, 0);
}
