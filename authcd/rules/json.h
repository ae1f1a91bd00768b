/* SPDX-License-Identifier: MIT
 *
 * A strict reader of one flat JSON object (RFC 8259): what a JOSE header or a set of claims may be. It refuses what
 * others argue about: duplicate names, floats, exponents, numbers past int64, nesting deeper than JSON_DEPTH_MAX,
 * bad UTF-8, lone surrogates, control characters, NUL, anything after the object. Allocates nothing.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 8, JSON_MEMBERS_MAX = 32, JSON_TEXT_MAX = 8192 };

enum json_type { JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_OBJECT, JSON_ARRAY };

struct json_member {
    enum json_type type;
    const char *name; /* raw, between the quotes; names with escapes are refused */
    size_t name_len;
    const char *value; /* raw text of the value; for a string between the quotes, escapes not yet undone */
    size_t value_len;
};

struct json_object {
    size_t n;
    struct json_member members[JSON_MEMBERS_MAX];
};

/* Points into text, which must outlive *ret. -EBADMSG for anything that is refused. */
int json_parse(const char *text, size_t len, struct json_object *ret) __attribute__((warn_unused_result));

/* The member of that name, or NULL. */
const struct json_member *json_get(const struct json_object *o, const char *name);

/* A string's text with its escapes undone; -EBADMSG: not a string; -EMSGSIZE. */
int json_string(const struct json_member *m, char *out, size_t cap) __attribute__((warn_unused_result));

/* -EBADMSG: not an integer, or one that int64 cannot hold. */
int json_integer(const struct json_member *m, int64_t *ret) __attribute__((warn_unused_result));

/* An array of strings, joined by single spaces; -EBADMSG: anything else, or a string that is empty or has a
 * space; -EMSGSIZE. */
int json_words(const struct json_member *m, char *out, size_t cap) __attribute__((warn_unused_result));

/* Appends s, which must be UTF-8, as a quoted JSON string at *pos. -EMSGSIZE; out stays terminated. */
int json_quote(char *out, size_t cap, size_t *pos, const char *s) __attribute__((warn_unused_result));

#endif
