/* SPDX-License-Identifier: MIT
 *
 * A checker that keeps nothing. Leaves out decoding of escapes and numbers: whoever looks at foreign JSON here shows it
 * as it was written.
 */
#include "object.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

enum { DEPTH_MAX = 8, MEMBER_MAX = 8192 };

struct reader {
    const char *at, *end;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static size_t take_digits(struct reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - start);
}

static bool number(struct reader *r)
{
    (void)take(r, '-');
    if (!take(r, '0') && take_digits(r) == 0)
        return false;
    if (take(r, '.') && take_digits(r) == 0)
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            (void)take(r, '-');
        return take_digits(r) > 0;
    }
    return true;
}

static bool hex4(struct reader *r)
{
    for (int i = 0; i < 4; i++, r->at++)
        if (r->at == r->end || *r->at == '\0' || strchr("0123456789abcdefABCDEF", *r->at) == NULL)
            return false;
    return true;
}

static bool string(struct reader *r)
{
    if (!take(r, '"'))
        return false;
    while (r->at < r->end && *r->at != '"') {
        unsigned char c = (unsigned char)*r->at++;
        if (c < 0x20)
            return false;
        if (c != '\\')
            continue;
        if (r->at == r->end || *r->at == '\0' || strchr("\"\\/bfnrtu", *r->at) == NULL)
            return false;
        if (*r->at++ == 'u' && !hex4(r))
            return false;
    }
    return take(r, '"');
}

static bool word(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

struct members {
    void (*member)(void *arg, const char *key, const char *value);
    void *arg;
};

static bool container(struct reader *r, int depth, const struct members *members);

static bool any_value(struct reader *r, int depth)
{
    if (r->at == r->end)
        return false;
    switch (*r->at) {
    case '{':
    case '[':
        return container(r, depth + 1, NULL);
    case '"':
        return string(r);
    case 't':
        return word(r, "true");
    case 'f':
        return word(r, "false");
    case 'n':
        return word(r, "null");
    default:
        return number(r);
    }
}

static bool copy(char out[MEMBER_MAX], const char *from, const char *to)
{
    size_t len = (size_t)(to - from);

    if (len >= MEMBER_MAX)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool report(const struct members *members, const char *const key[2], const char *const written[2])
{
    char name[MEMBER_MAX / 8], text[MEMBER_MAX];

    if (key[1] - key[0] >= (ptrdiff_t)sizeof name || !copy(text, written[0], written[1]))
        return false;
    memcpy(name, key[0], (size_t)(key[1] - key[0]));
    name[key[1] - key[0]] = '\0';
    members->member(members->arg, name, text);
    return true;
}

/* One member of an object, or one item of a list. */
static bool item(struct reader *r, int depth, bool object, const struct members *members)
{
    const char *key[2] = {r->at + 1, r->at + 1}, *written[2];

    if (object) {
        if (!string(r))
            return false;
        key[1] = r->at - 1;
        skip_space(r);
        if (!take(r, ':'))
            return false;
        skip_space(r);
    }
    written[0] = r->at;
    if (!any_value(r, depth))
        return false;
    written[1] = r->at;
    return members == NULL || members->member == NULL || report(members, key, written);
}

static bool container(struct reader *r, int depth, const struct members *members)
{
    bool object = *r->at++ == '{';
    char close = object ? '}' : ']';

    if (depth > DEPTH_MAX)
        return false;
    skip_space(r);
    if (take(r, close))
        return true;
    do {
        skip_space(r);
        if (!item(r, depth, object, members))
            return false;
        skip_space(r);
    } while (take(r, ','));
    return take(r, close);
}

int object_walk(const char *text, size_t len, void (*member)(void *arg, const char *key, const char *value), void *arg)
{
    struct reader r = {text, text + len};
    struct members members = {member, arg};

    if (!text_is_utf8(text, len))
        return -EBADMSG;
    skip_space(&r);
    if (r.at == r.end || *r.at != '{' || !container(&r, 1, &members))
        return -EBADMSG;
    skip_space(&r);
    return r.at == r.end ? 0 : -EBADMSG;
}
