/* SPDX-License-Identifier: MIT
 *
 * One codec for all messages: walks the field table that messages.def yields. A packet is checked as a whole before the
 * first byte of it is stored, so that a failed decode leaves nothing behind. Knows no meaning: a field's value may
 * still be nonsense to the handler.
 */
#include "msg.h"

#include <errno.h>
#include <string.h>

#include "text.h"

/* Every message's fields once more, each named after its line in messages.def: an anonymous struct of the same members
 * has the layout of struct msg_<name>, and a line number is all that a field's macro knows of where it stands. */
/* clang-format off */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define AT JOIN(at_, __LINE__)
union layout {
#define MESSAGE(name, number, direction, who) __extension__ struct {
#define U8(f) uint8_t AT;
#define U32(f) uint32_t AT;
#define I64(f) int64_t AT;
#define FLAG(f) bool AT;
#define FIXED(f, n) uint8_t AT[n];
#define TEXT(f, max) char AT[(max) + 1];
#define SECRET(f) struct secret AT;
#define END(name) };
#include "messages.def"
#include "msg_fields_undef.h"
};

#define MESSAGE(name, number, direction, who) static const struct msg_field fields_##name[] = {
#define FIELD(f, kind, max) {#f, kind, offsetof(union layout, AT), max},
#define U8(f) FIELD(f, MSG_U8, 1)
#define U32(f) FIELD(f, MSG_U32, 4)
#define I64(f) FIELD(f, MSG_I64, 8)
#define FLAG(f) FIELD(f, MSG_FLAG, 1)
#define FIXED(f, n) FIELD(f, MSG_FIXED, n)
#define TEXT(f, max) FIELD(f, MSG_TEXT, max)
#define SECRET(f) FIELD(f, MSG_SECRET, SECRET_MAX)
#define END(name) {NULL, MSG_U8, 0, 0}}; /* not counted: a message may have no fields, an array may not */
#include "messages.def"
#include "msg_fields_undef.h"

static const struct msg_type types[] = {
#define MESSAGE(name, number, direction, who)                                                                          \
    {MSG_##name, #name, MSG_##direction, MSG_##who, fields_##name, sizeof fields_##name / sizeof fields_##name[0] - 1},
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
};

/* clang-format on */

enum { HEADER_SIZE = 3 };

const struct msg_type *msg_types(size_t *ret_n)
{
    *ret_n = sizeof types / sizeof types[0];
    return types;
}

const struct msg_type *msg_type(unsigned number)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].number == number)
            return &types[i];
    return NULL;
}

const void *msg_value(const struct msg *m, const struct msg_field *f)
{
    return (const char *)m + offsetof(struct msg, begin) + f->offset;
}

/* ---- encoding ---- */

struct writer {
    unsigned char *buf;
    size_t cap, len;
};

static int put(struct writer *w, const void *bytes, size_t len)
{
    if (len > w->cap - w->len)
        return -EMSGSIZE;
    memcpy(w->buf + w->len, bytes, len);
    w->len += len;
    return 0;
}

static int put_integer(struct writer *w, uint64_t v, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(v >> (8 * (size - 1 - i)));
    return put(w, bytes, size);
}

static int put_bytes(struct writer *w, const void *bytes, size_t len, size_t max)
{
    if (len > max)
        return -EMSGSIZE;
    int r = put_integer(w, len, 2);
    return r < 0 ? r : put(w, bytes, len);
}

static int put_text(struct writer *w, const char *s, size_t max)
{
    size_t len = strnlen(s, max + 1);
    if (len <= max && !text_is_utf8(s, len))
        return -EILSEQ;
    return put_bytes(w, s, len, max);
}

static int put_field(struct writer *w, const struct msg_field *f, const void *value)
{
    const struct secret *s = value;
    switch (f->kind) {
    case MSG_U8:
        return put_integer(w, *(const uint8_t *)value, 1);
    case MSG_U32:
        return put_integer(w, *(const uint32_t *)value, 4);
    case MSG_I64:
        return put_integer(w, (uint64_t) * (const int64_t *)value, 8);
    case MSG_FLAG:
        return put_integer(w, *(const bool *)value, 1);
    case MSG_FIXED:
        return put(w, value, f->max);
    case MSG_TEXT:
        return put_text(w, value, f->max);
    case MSG_SECRET:
        return put_bytes(w, s->bytes, s->len, f->max);
    }
    return -ENOMSG;
}

int msg_encode(const struct msg *m, unsigned char *buf, size_t cap, size_t *ret_len)
{
    struct writer w = {buf, cap, 0};
    const struct msg_type *type = msg_type(m->number);
    if (type == NULL)
        return -ENOMSG;
    int r = put_integer(&w, PROTOCOL_VERSION, 1);
    if (r == 0)
        r = put_integer(&w, type->number, 2);
    for (size_t i = 0; r == 0 && i < type->n_fields; i++)
        r = put_field(&w, &type->fields[i], msg_value(m, &type->fields[i]));
    if (r == 0)
        *ret_len = w.len;
    else
        explicit_bzero(buf, w.len); /* half a message may hold a secret, and the caller has no length to wipe */
    return r;
}

/* ---- decoding ---- */

struct reader {
    const unsigned char *at;
    size_t left;
};

static const unsigned char *take(struct reader *r, size_t len)
{
    if (len > r->left)
        return NULL;
    const unsigned char *bytes = r->at;
    r->at += len;
    r->left -= len;
    return bytes;
}

static uint64_t integer(const unsigned char *bytes, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v = v << 8 | bytes[i];
    return v;
}

/* The bytes of the next field, without their length if they have one; -EPROTO if they are not a value of f. */
static int take_field(struct reader *r, const struct msg_field *f, const unsigned char **ret, size_t *ret_len)
{
    size_t len = f->max;
    if (f->kind == MSG_TEXT || f->kind == MSG_SECRET) {
        const unsigned char *prefix = take(r, 2);
        if (prefix == NULL)
            return -EPROTO;
        len = (size_t)integer(prefix, 2);
    }
    const unsigned char *bytes = len > f->max ? NULL : take(r, len);
    if (bytes == NULL || (f->kind == MSG_FLAG && bytes[0] > 1) ||
        (f->kind == MSG_TEXT && !text_is_utf8((const char *)bytes, len)))
        return -EPROTO;
    *ret = bytes;
    *ret_len = len;
    return 0;
}

/* Stores a checked value in the struct, which is all zero so far: that ends texts. */
static void store_field(const struct msg_field *f, void *value, const unsigned char *bytes, size_t len)
{
    struct secret *s = value;
    switch (f->kind) {
    case MSG_U8:
        *(uint8_t *)value = bytes[0];
        break;
    case MSG_U32:
        *(uint32_t *)value = (uint32_t)integer(bytes, 4);
        break;
    case MSG_I64:
        *(int64_t *)value = (int64_t)integer(bytes, 8);
        break;
    case MSG_FLAG:
        *(bool *)value = bytes[0] == 1;
        break;
    case MSG_FIXED:
    case MSG_TEXT:
        memcpy(value, bytes, len);
        break;
    case MSG_SECRET:
        memcpy(s->bytes, bytes, len);
        s->len = len;
        break;
    }
}

/* Walks the fields and wants nothing to be left over. ret NULL: only looks. */
static int walk(const struct msg_type *type, struct reader r, struct msg *ret)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct msg_field *f = &type->fields[i];
        const unsigned char *bytes;
        size_t len;
        int error = take_field(&r, f, &bytes, &len);
        if (error < 0)
            return error;
        if (ret != NULL)
            store_field(f, (char *)ret + offsetof(struct msg, begin) + f->offset, bytes, len);
    }
    return r.left == 0 ? 0 : -EPROTO;
}

int msg_decode(const unsigned char *buf, size_t len, struct msg *ret)
{
    if (len > 0 && buf[0] != PROTOCOL_VERSION)
        return -EPROTONOSUPPORT;
    if (len < HEADER_SIZE || len > PROTOCOL_PACKET_MAX)
        return -EPROTO;
    const struct msg_type *type = msg_type((unsigned)integer(buf + 1, 2));
    if (type == NULL)
        return -ENOMSG;
    struct reader r = {buf + HEADER_SIZE, len - HEADER_SIZE};
    int error = walk(type, r, NULL);
    if (error < 0)
        return error;
    msg_wipe(ret);
    ret->number = type->number;
    return walk(type, r, ret);
}

void msg_wipe(struct msg *m)
{
    explicit_bzero(m, sizeof *m);
}
