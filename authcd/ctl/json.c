/* SPDX-License-Identifier: MIT
 *
 * Writing by field table. Keys are literal names of fields and need no escaping. Leaves out pretty printing: whoever
 * wants that has jq.
 */
#include "json.h"

#include <inttypes.h>

/* A character of a JSON string as it may leave; returns how many bytes of s that was. U+0080 to U+009F are controls,
 * and terminals obey them. */
static size_t safe(FILE *out, const unsigned char *s)
{
    if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) {
        fprintf(out, "\\u%04x", s[1]);
        return 2;
    }
    if (s[0] < 0x20 || s[0] == 0x7f)
        fprintf(out, "\\u%04x", s[0]);
    else
        fputc(s[0], out);
    return 1;
}

void json_text(FILE *out, const char *s)
{
    const unsigned char *at = (const unsigned char *)s;

    fputc('"', out);
    while (*at != '\0') {
        if (*at == '"' || *at == '\\')
            fputc('\\', out);
        at += safe(out, at);
    }
    fputc('"', out);
}

/* Control characters inside its strings were checked to be none below U+0020; outside they are white space. */
void json_copy(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0')
        if (*at < 0x20) {
            fputc(' ', out);
            at++;
        } else
            at += safe(out, at);
}

static void value(FILE *out, const struct msg_field *f, const void *v)
{
    const unsigned char *bytes = v;
    bool flag;

    switch (f->kind) {
    case MSG_U8:
        fprintf(out, "%u", bytes[0]);
        break;
    case MSG_U32:
        fprintf(out, "%" PRIu32, *(const uint32_t *)v);
        break;
    case MSG_I64:
        fprintf(out, "%" PRId64, *(const int64_t *)v);
        break;
    case MSG_FLAG:
        flag = *(const bool *)v;
        fputs(flag ? "true" : "false", out);
        break;
    case MSG_FIXED:
        fputc('"', out);
        for (size_t i = 0; i < f->max; i++)
            fprintf(out, "%02x", bytes[i]);
        fputc('"', out);
        break;
    case MSG_TEXT:
        json_text(out, v);
        break;
    case MSG_SECRET:
        fputs("null", out);
        break;
    }
}

void json_row(FILE *out, const struct msg *m)
{
    const struct msg_type *type = msg_type(m->number);

    fputc('{', out);
    for (size_t i = 0; type != NULL && i < type->n_fields; i++) {
        fprintf(out, "%s\"%s\": ", i > 0 ? ", " : "", type->fields[i].name);
        value(out, &type->fields[i], msg_value(m, &type->fields[i]));
    }
    fputc('}', out);
}
