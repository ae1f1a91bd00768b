/* SPDX-License-Identifier: MIT
 *
 * The strict reader of one JSON object, by recursive descent with a bounded depth. A nested value is checked as
 * strictly as the rest (duplicates in it too) and kept as raw text: nobody here needs to look inside. A string is
 * decoded by the same function when it is checked and when it is fetched, so the two cannot disagree. There is no
 * writer but json_quote: who writes JSON here writes few members in a known order.
 */
#include "json.h"

#include <errno.h>
#include <string.h>

#include "text.h"

struct reader {
    const char *p, *end;
};

/* One character of a string, escapes undone: UTF-8 as it is to be copied. */
struct piece {
    char bytes[4];
    size_t n;
};

static int read_value(struct reader *r, unsigned depth, struct json_member *m);

static void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

/* Takes c, if it comes next at once. */
static bool take_char(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    return take_char(r, c);
}

static bool take_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    return true;
}

static int read_hex4(struct reader *r, uint32_t *ret)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    uint32_t v = 0;
    if (r->end - r->p < 4)
        return -EBADMSG;
    for (int i = 0; i < 4; i++) {
        const char *d = memchr(digits, *r->p++, sizeof digits - 1);
        if (!d)
            return -EBADMSG;
        size_t at = (size_t)(d - digits);
        v = v << 4 | (uint32_t)(at < 16 ? at : at - 6);
    }
    *ret = v;
    return 0;
}

static void put_utf8(struct piece *piece, uint32_t c)
{
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    piece->n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = piece->n - 1; i > 0; i--) {
        piece->bytes[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    piece->bytes[0] = (char)(lead[piece->n] | c);
}

/* After "\u". A surrogate must be the first half of a pair; NUL is refused: it would end somebody's string early. */
static int read_unicode(struct reader *r, struct piece *ret)
{
    uint32_t c, low;
    if (read_hex4(r, &c) < 0 || c == 0 || (c >= 0xdc00 && c <= 0xdfff))
        return -EBADMSG;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!take_word(r, "\\u") || read_hex4(r, &low) < 0 || low < 0xdc00 || low > 0xdfff)
            return -EBADMSG;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(ret, c);
    return 0;
}

static int read_escape(struct reader *r, struct piece *ret)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (take_char(r, 'u'))
        return read_unicode(r, ret);
    const char *name = r->p < r->end ? memchr(names, *r->p, sizeof names - 1) : NULL;
    if (!name)
        return -EBADMSG;
    r->p++;
    put_utf8(ret, (unsigned char)means[name - names]);
    return 0;
}

/* The next character inside a string. Bytes of raw UTF-8 come one by one: json_parse has checked them all before. */
static int read_piece(struct reader *r, struct piece *ret)
{
    if (r->p == r->end || (unsigned char)*r->p < 0x20 || *r->p == '"')
        return -EBADMSG;
    if (take_char(r, '\\'))
        return read_escape(r, ret);
    *ret = (struct piece){{*r->p++}, 1};
    return 0;
}

/* A string from its opening quote; *ret_text is what stands between the quotes. */
static int read_string(struct reader *r, const char **ret_text, size_t *ret_len)
{
    struct piece piece;
    if (!take_char(r, '"'))
        return -EBADMSG;
    const char *start = r->p;
    while (!take_char(r, '"')) {
        if (read_piece(r, &piece) < 0)
            return -EBADMSG;
    }
    *ret_text = start;
    *ret_len = (size_t)(r->p - 1 - start);
    return 0;
}

/* An integer without leading zeros; "-0" is refused too, because it would not come back as it was written. */
static int read_integer(struct reader *r, int64_t *ret)
{
    int64_t v = 0;
    bool negative = take_char(r, '-');
    const char *start = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') {
        int digit = *r->p++ - '0';
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return -EBADMSG;
    }
    if (r->p == start || (*start == '0' && (negative || r->p - start > 1)))
        return -EBADMSG;
    *ret = v;
    return 0;
}

static int read_member(struct reader *r, unsigned depth, struct json_object *o)
{
    struct json_member m = {0};
    skip_space(r);
    if (o->n == JSON_MEMBERS_MAX || read_string(r, &m.name, &m.name_len) < 0 || memchr(m.name, '\\', m.name_len))
        return -EBADMSG;
    for (size_t i = 0; i < o->n; i++) {
        if (o->members[i].name_len == m.name_len && memcmp(o->members[i].name, m.name, m.name_len) == 0)
            return -EBADMSG;
    }
    if (!take(r, ':') || read_value(r, depth, &m) < 0)
        return -EBADMSG;
    o->members[o->n++] = m;
    return 0;
}

static int read_object(struct reader *r, unsigned depth, struct json_object *ret)
{
    ret->n = 0;
    if (!take(r, '{') || depth > JSON_DEPTH_MAX)
        return -EBADMSG;
    if (take(r, '}'))
        return 0;
    do {
        if (read_member(r, depth, ret) < 0)
            return -EBADMSG;
    } while (take(r, ','));
    return take(r, '}') ? 0 : -EBADMSG;
}

static int read_array(struct reader *r, unsigned depth)
{
    struct json_member element;
    if (!take(r, '[') || depth > JSON_DEPTH_MAX)
        return -EBADMSG;
    if (take(r, ']'))
        return 0;
    do {
        if (read_value(r, depth, &element) < 0)
            return -EBADMSG;
    } while (take(r, ','));
    return take(r, ']') ? 0 : -EBADMSG;
}

static int read_literal(struct reader *r, enum json_type *ret)
{
    int64_t unused;
    if (take_word(r, "true"))
        *ret = JSON_TRUE;
    else if (take_word(r, "false"))
        *ret = JSON_FALSE;
    else if (take_word(r, "null"))
        *ret = JSON_NULL;
    else if (read_integer(r, &unused) == 0)
        *ret = JSON_NUMBER;
    else
        return -EBADMSG;
    return 0;
}

/* Any value, in a container of that depth; sets m's type and value. */
static int read_value(struct reader *r, unsigned depth, struct json_member *m)
{
    struct json_object nested;
    skip_space(r);
    const char *start = r->p;
    if (r->p == r->end)
        return -EBADMSG;
    if (*start == '"') {
        m->type = JSON_STRING;
        return read_string(r, &m->value, &m->value_len);
    }
    int e;
    if (*start == '{') {
        m->type = JSON_OBJECT;
        e = read_object(r, depth + 1, &nested);
    } else if (*start == '[') {
        m->type = JSON_ARRAY;
        e = read_array(r, depth + 1);
    } else {
        e = read_literal(r, &m->type);
    }
    m->value = start;
    m->value_len = (size_t)(r->p - start);
    return e;
}

int json_parse(const char *text, size_t len, struct json_object *ret)
{
    struct json_object o;
    struct reader r = {text, text + len};
    if (len > JSON_TEXT_MAX || !text_is_utf8(text, len) || read_object(&r, 1, &o) < 0)
        return -EBADMSG;
    skip_space(&r);
    if (r.p != r.end)
        return -EBADMSG;
    *ret = o;
    return 0;
}

const struct json_member *json_get(const struct json_object *o, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < o->n; i++) {
        if (o->members[i].name_len == len && memcmp(o->members[i].name, name, len) == 0)
            return &o->members[i];
    }
    return NULL;
}

/* Appends bytes at *pos and keeps out terminated. */
static int append(char *out, size_t cap, size_t *pos, const char *bytes, size_t n)
{
    if (*pos >= cap || n >= cap - *pos)
        return -EMSGSIZE;
    memcpy(out + *pos, bytes, n);
    *pos += n;
    out[*pos] = '\0';
    return 0;
}

int json_string(const struct json_member *m, char *out, size_t cap)
{
    struct piece piece;
    size_t pos = 0;
    if (m->type != JSON_STRING)
        return -EBADMSG;
    if (cap == 0)
        return -EMSGSIZE;
    out[0] = '\0';
    for (struct reader r = {m->value, m->value + m->value_len}; r.p < r.end;) {
        if (read_piece(&r, &piece) < 0)
            return -EBADMSG;
        int e = append(out, cap, &pos, piece.bytes, piece.n);
        if (e < 0)
            return e;
    }
    return 0;
}

int json_integer(const struct json_member *m, int64_t *ret)
{
    struct reader r = {m->value, m->value + m->value_len};
    return m->type == JSON_NUMBER ? read_integer(&r, ret) : -EBADMSG;
}

/* One word of an array, appended; a word with a space in it would read back as two. */
static int append_word(struct reader *r, char *out, size_t cap, size_t *pos)
{
    struct json_member m = {.type = JSON_STRING};
    skip_space(r);
    if (read_string(r, &m.value, &m.value_len) < 0 || m.value_len == 0)
        return -EBADMSG;
    if (*pos > 0 && append(out, cap, pos, " ", 1) < 0)
        return -EMSGSIZE;
    int e = json_string(&m, out + *pos, cap - *pos);
    if (e < 0)
        return e;
    if (strchr(out + *pos, ' '))
        return -EBADMSG;
    *pos += strlen(out + *pos);
    return 0;
}

int json_words(const struct json_member *m, char *out, size_t cap)
{
    size_t pos = 0;
    struct reader r = {m->value, m->value + m->value_len};
    if (m->type != JSON_ARRAY || !take(&r, '['))
        return -EBADMSG;
    if (cap == 0)
        return -EMSGSIZE;
    out[0] = '\0';
    if (take(&r, ']'))
        return 0;
    do {
        int e = append_word(&r, out, cap, &pos);
        if (e < 0)
            return e;
    } while (take(&r, ','));
    return 0;
}

int json_quote(char *out, size_t cap, size_t *pos, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    int e = append(out, cap, pos, "\"", 1);
    for (; e == 0 && *s; s++) {
        unsigned char c = (unsigned char)*s;
        const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        bool special = c < 0x20 || c == '"' || c == '\\';
        e = append(out, cap, pos, special ? escape : s, special ? sizeof escape : 1);
    }
    return e < 0 ? e : append(out, cap, pos, "\"", 1);
}
