/* SPDX-License-Identifier: MIT
 *
 * Values and names of fields, as people read them. Columns always stand in the order of messages.def, whatever the
 * order of the names: one order to know. Leaves out layout, which is table's and print's.
 */
#include "field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "when.h"

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);
    return n > s && strcmp(name + n - s, suffix) == 0;
}

/* Claims have the names that RFC 7519 gave them. */
bool field_is_time(const char *name)
{
    static const char *const claims[] = {"exp", "iat", "nbf", "auth_time"};

    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        if (strcmp(name, claims[i]) == 0)
            return true;
    return ends_in(name, "_at");
}

static void put(char out[FIELD_VALUE_SIZE], const char *text)
{
    if (text_copy(out, FIELD_VALUE_SIZE, text) < 0)
        out[0] = '\0';
}

static void put_integer(char out[FIELD_VALUE_SIZE], const struct msg_field *f, int64_t n, int64_t now_s, bool full)
{
    if (field_is_time(f->name) && n == 0)
        put(out, full ? "never" : "-");
    else if (field_is_time(f->name) && full)
        when_full(out, n);
    else if (field_is_time(f->name))
        when_short(out, n, now_s);
    else if (ends_in(f->name, "_s") && n < 0)
        put(out, "no end");
    else if (ends_in(f->name, "_s"))
        when_duration(out, n);
    else
        snprintf(out, FIELD_VALUE_SIZE, "%" PRId64, n);
}

void field_value(char out[FIELD_VALUE_SIZE], const struct msg_field *f, const void *value, int64_t now_s, bool full)
{
    const char *text = value;

    put(out, "-");
    switch (f->kind) {
    case MSG_U8:
        put_integer(out, f, *(const uint8_t *)value, now_s, full);
        break;
    case MSG_U32:
        put_integer(out, f, *(const uint32_t *)value, now_s, full);
        break;
    case MSG_I64:
        put_integer(out, f, *(const int64_t *)value, now_s, full);
        break;
    case MSG_FLAG:
        put(out, *(const bool *)value ? "yes" : "no");
        break;
    case MSG_FIXED:
        text_hex(out, value, f->max < FIELD_VALUE_SIZE / 2 ? f->max : 0);
        break;
    case MSG_TEXT:
        if (text[0] != '\0')
            text_printable(out, FIELD_VALUE_SIZE, text);
        break;
    case MSG_SECRET: /* never shown */
        break;
    }
}

/* ---- names ---- */

/* The field's name without the suffix that says how to read it. */
size_t field_bare(const char *name)
{
    size_t len = strlen(name);

    if (ends_in(name, "_at"))
        return len - 3;
    return ends_in(name, "_s") ? len - 2 : len;
}

void field_head(char out[FIELD_HEAD_SIZE], const char *name)
{
    size_t len = field_bare(name);

    for (size_t i = 0; i < len && i < 63; i++)
        out[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    out[len < 63 ? len : 63] = '\0';
}

/* Is name one of the words of list? */
static bool listed(const char *list, const char *name, size_t len)
{
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, name, n) == 0)
            return true;
        at += n;
    }
    return false;
}

const struct msg_field *field_find(unsigned number, const char *name, size_t len)
{
    const struct msg_type *type = msg_type(number);

    for (size_t i = 0; type != NULL && i < type->n_fields; i++)
        if (strlen(type->fields[i].name) == len && memcmp(type->fields[i].name, name, len) == 0)
            return &type->fields[i];
    return NULL;
}

void field_columns(struct field_columns *ret, unsigned number, const char *names, const char *without)
{
    const struct msg_type *type = msg_type(number);

    ret->n = 0;
    for (size_t i = 0; type != NULL && i < type->n_fields && ret->n < FIELD_COLUMNS_MAX; i++) {
        const struct msg_field *f = &type->fields[i];
        bool wanted = names == NULL || listed(names, f->name, strlen(f->name));
        if (wanted && (without == NULL || strcmp(without, f->name) != 0))
            ret->fields[ret->n++] = f;
    }
}
