/* SPDX-License-Identifier: MIT
 *
 * Compact tokens (RFC 7515 section 7.1): three parts of base64url, put together and taken apart strictly. The header
 * has typ, alg and kid and nothing else, so whatever could point to another key (jwk, jku, x5u, x5c) or change the
 * meaning of the rest (crit, b64) is refused without being known by name. Claims are not looked at.
 */
#include "jws.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base64url.h"
#include "json.h"
#include "jws_key.h"
#include "text.h"

enum { HEADER_MAX = 256, PAYLOAD_MAX = JWS_TOKEN_MAX / 4 * 3, HEADER_MEMBERS = 3 };

/* A token taken apart; nothing of it is believed yet. */
struct parts {
    size_t signed_len; /* header, dot, payload: what the signature covers */
    char alg[JWS_ALG_SIZE];
    char kid[JWS_KID_SIZE];
    char payload[PAYLOAD_MAX];
    size_t payload_len;
    unsigned char signature[JWS_SIGNATURE_MAX];
    size_t signature_len;
};

static bool is_kid(const char *s)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strlen(s) == JWS_KID_SIZE - 1 && strspn(s, alphabet) == JWS_KID_SIZE - 1;
}

static int header_text(const struct json_object *header, const char *name, char *out, size_t cap)
{
    const struct json_member *m = json_get(header, name);
    return m && json_string(m, out, cap) == 0 ? 0 : -EBADMSG;
}

static int read_header(const char *text, size_t len, const char *want_typ, struct parts *ret)
{
    struct json_object header;
    char typ[HEADER_MAX];
    if (json_parse(text, len, &header) < 0 || header.n != HEADER_MEMBERS ||
        header_text(&header, "typ", typ, sizeof typ) < 0 || strcmp(typ, want_typ) != 0 ||
        header_text(&header, "alg", ret->alg, sizeof ret->alg) < 0 ||
        header_text(&header, "kid", ret->kid, sizeof ret->kid) < 0 || !is_kid(ret->kid))
        return -EBADMSG;
    return 0;
}

static int read_parts(const char *token, const char *typ, struct parts *ret)
{
    unsigned char header[HEADER_MAX] = {0};
    size_t len = strnlen(token, JWS_TOKEN_MAX + 1), n = 0;
    const char *dot = len <= JWS_TOKEN_MAX ? memchr(token, '.', len) : NULL;
    const char *last = dot ? strchr(dot + 1, '.') : NULL;
    if (!last)
        return -EBADMSG;
    ret->signed_len = (size_t)(last - token);
    if (base64url_decode(header, sizeof header, &n, token, (size_t)(dot - token)) < 0 ||
        base64url_decode((unsigned char *)ret->payload, sizeof ret->payload, &ret->payload_len, dot + 1,
                         (size_t)(last - dot - 1)) < 0 ||
        base64url_decode(ret->signature, sizeof ret->signature, &ret->signature_len, last + 1,
                         len - ret->signed_len - 1) < 0)
        return -EBADMSG;
    return read_header((const char *)header, n, typ, ret);
}

int jws_kid(const char *token, const char *typ, char ret_kid[JWS_KID_SIZE])
{
    struct parts parts;
    int e = read_parts(token, typ, &parts);
    return e < 0 ? e : text_copy(ret_kid, JWS_KID_SIZE, parts.kid);
}

int jws_verify(const struct jws_key *key, const char *token, const char *typ, char *payload, size_t cap,
               size_t *ret_len)
{
    struct parts parts;
    int e = read_parts(token, typ, &parts);
    if (e < 0)
        return e;
    if (strcmp(parts.alg, jws_key_alg(key)) != 0 || strcmp(parts.kid, jws_key_kid(key)) != 0)
        return -EKEYREJECTED;
    e = jws_key_verify(key, token, parts.signed_len, parts.signature, parts.signature_len);
    if (e < 0)
        return e;
    if (parts.payload_len >= cap)
        return -EBADMSG;
    memcpy(payload, parts.payload, parts.payload_len);
    payload[parts.payload_len] = '\0';
    *ret_len = parts.payload_len;
    return 0;
}

static int write_header(const struct jws_key *key, const char *typ, char out[HEADER_MAX])
{
    char quoted[HEADER_MAX] = "";
    size_t pos = 0;
    int e = json_quote(quoted, sizeof quoted, &pos, typ);
    return e < 0 ? e
                 : text_format(out, HEADER_MAX, "{\"typ\":%s,\"alg\":\"%s\",\"kid\":\"%s\"}", quoted, jws_key_alg(key),
                               jws_key_kid(key));
}

/* Appends bytes as base64url, after a dot if it is not the first part. */
static int append_part(char *out, size_t cap, size_t *pos, const void *bytes, size_t len)
{
    bool dot = *pos > 0;
    if (dot && *pos + 1 >= cap)
        return -EMSGSIZE;
    int e = base64url_encode(out + *pos + dot, cap - *pos - dot, bytes, len);
    if (e < 0)
        return e;
    if (dot)
        out[*pos] = '.';
    *pos += dot + strlen(out + *pos + dot);
    return 0;
}

int jws_sign(const struct jws_key *key, const char *typ, const char *payload, char *out, size_t cap)
{
    char header[HEADER_MAX];
    unsigned char signature[JWS_SIGNATURE_MAX] = {0};
    size_t pos = 0, signature_len = 0;
    size_t limit = cap < JWS_TOKEN_MAX + 1 ? cap : JWS_TOKEN_MAX + 1;
    int e = write_header(key, typ, header);
    if (e == 0)
        e = append_part(out, limit, &pos, header, strlen(header));
    if (e == 0)
        e = append_part(out, limit, &pos, payload, strlen(payload));
    if (e == 0)
        e = jws_key_sign(key, out, pos, signature, &signature_len);
    if (e == 0)
        e = append_part(out, limit, &pos, signature, signature_len);
    return e;
}
