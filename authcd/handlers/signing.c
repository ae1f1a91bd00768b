/* SPDX-License-Identifier: MIT
 *
 * Makes signing keys where they are missing, and writes what is published of them. Rotation is not here: keys only come
 * into being. Where the texts are put is serve's work.
 */
#include "signing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "json.h"
#include "keys.h"
#include "text.h"

enum { JSON_SIZE = 16384 };

static int make(struct db *db, enum key_state state, const char *what, const struct clock *now)
{
    JWS_KEY_AUTO struct jws_key *key = NULL;
    struct audit row = {.at = now->wall_s, .event = AUDIT_KEY_NEW};
    int error = jws_key_make(SIGNING_ALG, &key);
    if (error < 0 || (error = keys_add(db, key, state, now->wall_s)) < 0 ||
        (error = text_format(row.result, sizeof row.result, "%s, %s, %s", SIGNING_ALG, what, jws_key_kid(key))) < 0)
        return error;
    return audit_append(db, &row);
}

int signing_ensure(struct db *db, const struct clock *now)
{
    bool active = false, next = false;
    struct key k = {0};
    int error;
    while ((error = keys_next(db, k.id, &k, NULL)) == 0) {
        bool ours = strcmp(k.alg, SIGNING_ALG) == 0;
        active = active || (ours && k.state == KEY_ACTIVE);
        next = next || (ours && k.state == KEY_NEXT);
    }
    if (error != -ENOENT)
        return error;
    error = active ? 0 : make(db, KEY_ACTIVE, "active", now);
    return error < 0 || next ? error : make(db, KEY_NEXT, "next", now);
}

/* Appends s, unquoted. */
static int append(char *out, size_t *len, const char *s)
{
    int error = text_copy(out + *len, JSON_SIZE - *len, s);
    if (error == 0)
        *len += strlen(s);
    return error;
}

static int append_keys(struct db *db, char *out, size_t *len)
{
    struct key k = {0};
    for (;;) {
        JWS_KEY_AUTO struct jws_key *key = NULL;
        char jwk[JWS_JWK_SIZE];
        int error = keys_next(db, k.id, &k, &key);
        if (error < 0)
            return error == -ENOENT ? 0 : error;
        bool first = out[*len - 1] == '[';
        error = jws_key_jwk(key, jwk);
        if (error < 0 || (error = append(out, len, first ? "" : ",")) < 0 || (error = append(out, len, jwk)) < 0)
            return error;
    }
}

/* Gives json away if all went well, frees it otherwise. */
static int finish(int error, char *json, char **ret_json)
{
    if (error < 0)
        free(json);
    else
        *ret_json = json;
    return error;
}

int signing_jwks(struct db *db, char **ret_json)
{
    size_t len = 0;
    char *json = malloc(JSON_SIZE);
    if (json == NULL)
        return -ENOMEM;
    int error = append(json, &len, "{\"keys\":[");
    if (error == 0)
        error = append_keys(db, json, &len);
    if (error == 0)
        error = append(json, &len, "]}\n");
    return finish(error, json, ret_json);
}

int signing_discovery(const char *issuer, char **ret_json)
{
    char uri[1024];
    size_t len = 0, host = strlen(issuer);
    while (host > 0 && issuer[host - 1] == '/')
        host--;
    int error = text_format(uri, sizeof uri, "%.*s%s", (int)host, issuer, SIGNING_JWKS_PATH);
    char *json = error < 0 ? NULL : malloc(JSON_SIZE);
    if (json == NULL)
        return error < 0 ? error : -ENOMEM;
    error = append(json, &len, "{\"issuer\":");
    if (error < 0 || (error = json_quote(json, JSON_SIZE, &len, issuer)) < 0 ||
        (error = append(json, &len, ",\"jwks_uri\":")) < 0 || (error = json_quote(json, JSON_SIZE, &len, uri)) < 0)
        return finish(error, json, ret_json);
    error = append(json, &len,
                   ",\"response_types_supported\":[],\"subject_types_supported\":[\"public\"]"
                   ",\"id_token_signing_alg_values_supported\":[\"" SIGNING_ALG "\"]}\n");
    return finish(error, json, ret_json);
}
