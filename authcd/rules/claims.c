/* SPDX-License-Identifier: MIT
 *
 * The claims of an access token. One table says what each member is called, what kind it is and where it is kept;
 * writer and reader both walk it, so that what was written is what is read. Signing is jws', revocation is the
 * store's, and which roles may have which audience is the handlers' business.
 */
#include "claims.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "json.h"
#include "text.h"

enum kind { TEXT, TIME, WORDS };

struct member {
    const char *name;
    size_t offset, size;
    enum kind kind;
    bool optional; /* left out when empty */
};

#define AT(field) #field, offsetof(struct claims, field), sizeof(((struct claims *)NULL)->field)

static const struct member members[] = {
    {AT(iss), TEXT, false},
    {AT(sub), TEXT, false},
    {AT(aud), TEXT, false},
    {AT(exp), TIME, false},
    {AT(iat), TIME, false},
    {AT(nbf), TIME, false},
    {AT(jti), TEXT, false},
    {AT(sid), TEXT, false},
    {AT(auth_time), TIME, false},
    {AT(amr), WORDS, false},
    {AT(acr), TEXT, false},
    {AT(scope), TEXT, true},
    {AT(preferred_username), TEXT, false},
    {AT(role), TEXT, false},
};
enum { N_MEMBERS = sizeof members / sizeof members[0] };

/* The text being written: always terminated, always at a whole token of JSON. */
struct writer {
    char text[CLAIMS_SIZE];
    size_t pos;
};

static int put(struct writer *w, const char *s)
{
    size_t n = strlen(s);
    if (n >= sizeof w->text - w->pos)
        return -EMSGSIZE;
    memcpy(w->text + w->pos, s, n + 1);
    w->pos += n;
    return 0;
}

static int put_time(struct writer *w, int64_t t)
{
    char digits[24];
    int e = text_format(digits, sizeof digits, "%" PRId64, t);
    return e < 0 ? e : put(w, digits);
}

/* "pwd otp" as ["pwd","otp"]. */
static int put_words(struct writer *w, const char *words)
{
    char word[sizeof((struct claims *)NULL)->amr];
    int e = put(w, "[");
    for (const char *separator = ""; e == 0 && *words; separator = ",") {
        size_t n = strcspn(words, " ");
        e = text_format(word, sizeof word, "%.*s", (int)n, words);
        if (e == 0)
            e = put(w, separator);
        if (e == 0)
            e = json_quote(w->text, sizeof w->text, &w->pos, word);
        words += n + (words[n] == ' ');
    }
    return e < 0 ? e : put(w, "]");
}

static int put_member(struct writer *w, const struct member *m, const void *field)
{
    int e = put(w, w->pos == 1 ? "\"" : ",\"");
    if (e == 0)
        e = put(w, m->name);
    if (e == 0)
        e = put(w, "\":");
    if (e < 0)
        return e;
    if (m->kind == TIME)
        return put_time(w, *(const int64_t *)field);
    return m->kind == WORDS ? put_words(w, field) : json_quote(w->text, sizeof w->text, &w->pos, field);
}

int claims_write(const struct claims *c, char out[CLAIMS_SIZE])
{
    struct writer w = {.pos = 0};
    int e = put(&w, "{");
    for (const struct member *m = members; e == 0 && m < members + N_MEMBERS; m++) {
        const void *field = (const char *)c + m->offset;
        if (!m->optional || *(const char *)field)
            e = put_member(&w, m, field);
    }
    if (e == 0)
        e = put(&w, "}");
    if (e == 0)
        memcpy(out, w.text, w.pos + 1);
    return e;
}

static int read_member(const struct json_object *o, const struct member *m, void *field)
{
    const struct json_member *value = json_get(o, m->name);
    if (!value)
        return m->optional ? 0 : -EBADMSG;
    if (m->kind == WORDS)
        return json_words(value, field, m->size);
    if (m->kind == TEXT)
        return json_string(value, field, m->size);
    int64_t t;
    if (json_integer(value, &t) < 0 || t < 0)
        return -EBADMSG;
    *(int64_t *)field = t;
    return 0;
}

int claims_read(const char *json, size_t len, struct claims *ret)
{
    struct json_object o;
    struct claims c = {.exp = 0};
    if (json_parse(json, len, &o) < 0)
        return -EBADMSG;
    for (const struct member *m = members; m < members + N_MEMBERS; m++) {
        if (read_member(&o, m, (char *)&c + m->offset) < 0)
            return -EBADMSG;
    }
    *ret = c;
    return 0;
}

const char *claims_objection(const struct claims *c, const char *iss, const char *aud, int64_t now_s)
{
    if (strcmp(c->iss, iss) != 0)
        return "another issuer";
    if (*aud && strcmp(c->aud, aud) != 0)
        return "another audience";
    if (c->nbf > now_s)
        return "not valid yet";
    if (c->exp <= now_s)
        return "expired";
    return NULL;
}
