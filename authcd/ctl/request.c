/* SPDX-License-Identifier: MIT
 *
 * See request.h. What a field may hold is what messages.def says of its kind and length; whether it makes sense is
 * authcd's to judge, except where its answer could not tell the person more than we can.
 */
#include "request.h"

#include <errno.h>
#include <string.h>

#include "text.h"
#include "when.h"

/* The index-th name of a list with spaces between; its length, 0 if there is none. */
static size_t nth(const char *list, size_t index, const char **ret)
{
    const char *at = list == NULL ? "" : list;

    for (; index > 0 && *at != '\0'; index--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    *ret = at;
    return strcspn(at, " ");
}

static bool same(const char *name, size_t len, const char *other)
{
    return strlen(other) == len && memcmp(name, other, len) == 0;
}

static const char *from_words(const struct verbs_verb *verb, const struct args *a, size_t used, const char *field)
{
    const char *name;
    size_t len;

    for (size_t i = 0; used + i < a->n_words && (len = nth(verb->words, i, &name)) > 0; i++)
        if (same(name, len, field))
            return a->words[used + i];
    return NULL;
}

static enum args_option option_of(const char *field)
{
    enum args_option o = 0;

    while (o < ARGS_COUNT && (args_spec(o)->field == NULL || strcmp(args_spec(o)->field, field) != 0))
        o++;
    return o;
}

const char *request_given(const struct verbs_verb *verb, const struct args *a, size_t used, const char *field)
{
    enum args_option o = option_of(field);

    return o < ARGS_COUNT && args_has(a, o) ? a->values[o] : from_words(verb, a, used, field);
}

/* ---- checks ---- */

static int fail(char error[ARGS_ERROR_SIZE], const char *what, const char *name)
{
    if (text_format(error, ARGS_ERROR_SIZE, "%s%s", what, name) < 0)
        error[0] = '\0';
    return -EINVAL;
}

static int check_options(const struct verbs_verb *verb, const struct args *a, char error[ARGS_ERROR_SIZE])
{
    for (enum args_option o = 0; o < ARGS_COUNT; o++)
        if (args_has(a, o) && ((verb->options | ARGS_EVERYWHERE) & ARGS_BIT(o)) == 0)
            return fail(error, "not an option of this verb: --", args_spec(o)->name);
    if (args_has(a, ARGS_PASSWORD_STDIN) && args_has(a, ARGS_PASSWORD_FD))
        return fail(error, "either --password-stdin or --password-fd", "");
    return 0;
}

static int check_word(const struct verbs_verb *verb, const struct args *a, size_t used, size_t i,
                      char error[ARGS_ERROR_SIZE])
{
    const char *name;
    size_t len = nth(verb->words, i, &name);

    if (len == 0)
        return fail(error, "a word too many", "");
    if (a->words[used + i][0] == '\0')
        return fail(error, "an empty word", "");
    if (same(name, len, "-"))
        return strcmp(a->words[used + i], "-") == 0
                   ? 0
                   : fail(error, "tokens are read from stdin, never from arguments", "");
    return 0;
}

/* A field given both as a word and as an option. */
static int check_twice(const struct verbs_verb *verb, const struct args *a, size_t used, char error[ARGS_ERROR_SIZE])
{
    for (enum args_option o = 0; o < ARGS_COUNT; o++)
        if (args_has(a, o) && args_spec(o)->field != NULL && from_words(verb, a, used, args_spec(o)->field) != NULL)
            return fail(error, "given twice: --", args_spec(o)->name);
    return 0;
}

/* Names it as the person would have to write it. */
static int missing(const struct verbs_verb *verb, const char *field, char error[ARGS_ERROR_SIZE])
{
    enum args_option o = option_of(field);
    bool option = o < ARGS_COUNT && (verb->options & ARGS_BIT(o)) != 0;

    return fail(error, option ? "missing: --" : "missing: ", option ? args_spec(o)->name : field);
}

static int check_required(const struct verbs_verb *verb, const struct args *a, size_t used, char error[ARGS_ERROR_SIZE])
{
    const char *name;
    char field[64];
    size_t len;

    for (size_t i = 0; (len = nth(verb->required, i, &name)) > 0; i++) {
        if (text_format(field, sizeof field, "%.*s", (int)len, name) < 0)
            return -EINVAL;
        if (request_given(verb, a, used, field) == NULL)
            return missing(verb, field, error);
    }
    return 0;
}

static int check(const struct verbs_verb *verb, const struct args *a, size_t used, char error[ARGS_ERROR_SIZE])
{
    int r = check_options(verb, a, error);

    for (size_t i = 0; r == 0 && used + i < a->n_words; i++)
        r = check_word(verb, a, used, i, error);
    if (r == 0)
        r = check_twice(verb, a, used, error);
    return r < 0 ? r : check_required(verb, a, used, error);
}

/* ---- values ---- */

static int set_integer(void *to, const struct msg_field *f, const char *text, char error[ARGS_ERROR_SIZE])
{
    uint64_t most = f->kind == MSG_U8 ? UINT8_MAX : f->kind == MSG_U32 ? UINT32_MAX - 1 : INT64_MAX;
    uint64_t n = 0;

    if (text_to_u64(text, most, &n) < 0)
        return fail(error, "not a number that can be one: ", f->name);
    if (f->kind == MSG_U8)
        *(uint8_t *)to = (uint8_t)n;
    else if (f->kind == MSG_U32)
        *(uint32_t *)to = (uint32_t)n;
    else
        *(int64_t *)to = (int64_t)n;
    return 0;
}

static int set_text(void *to, const struct msg_field *f, const char *text, char error[ARGS_ERROR_SIZE])
{
    if (text[0] == '\0')
        return fail(error, "empty: ", f->name);
    if (strcmp(f->name, "user") == 0 && !text_is_account_name(text))
        return fail(error, "not a name that an account may have", "");
    if (!text_is_utf8(text, strlen(text)))
        return fail(error, "not UTF-8: ", f->name);
    if (text_copy(to, f->max + 1, text) < 0)
        return fail(error, "too long: ", f->name);
    return 0;
}

static int set(void *to, const struct msg_field *f, const char *text, int64_t now_s, char error[ARGS_ERROR_SIZE])
{
    if (f->kind == MSG_TEXT)
        return set_text(to, f, text, error);
    if (strcmp(f->name, "since_at") != 0)
        return set_integer(to, f, text, error);
    if (when_parse(text, now_s, to) < 0)
        return fail(error, "--since takes ", args_spec(ARGS_SINCE)->help);
    return 0;
}

static void *slot(struct msg *m, const struct msg_field *f)
{
    return (char *)m + offsetof(struct msg, begin) + f->offset;
}

int request_fill(struct msg *ret, const struct verbs_verb *verb, const struct args *a, size_t used, int64_t now_s,
                 char error[ARGS_ERROR_SIZE])
{
    const struct msg_type *type = msg_type(verb->request);
    int r = check(verb, a, used, error);

    if (r < 0 || type == NULL)
        return r;
    msg_wipe(ret);
    ret->number = verb->request;
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct msg_field *f = &type->fields[i];
        const char *text = request_given(verb, a, used, f->name);
        if (f->kind == MSG_U32 && strcmp(f->name, "uid") == 0)
            *(uint32_t *)slot(ret, f) = PROTOCOL_NO_UID;
        if (f->kind == MSG_FLAG)
            *(bool *)slot(ret, f) = args_has(a, option_of(f->name));
        if (text != NULL && (r = set(slot(ret, f), f, text, now_s, error)) < 0)
            return r;
    }
    return 0;
}

int request_number(const struct args *a, enum args_option option, uint64_t max, uint64_t otherwise, uint64_t *ret,
                   char error[ARGS_ERROR_SIZE])
{
    if (!args_has(a, option)) {
        *ret = otherwise;
        return 0;
    }
    if (text_to_u64(a->values[option], max, ret) < 0)
        return fail(error, "not a number that can be one: --", args_spec(option)->name);
    return 0;
}
