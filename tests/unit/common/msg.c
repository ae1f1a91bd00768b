/* SPDX-License-Identifier: MIT
 *
 * Every message round-trips; whatever decodes re-encodes to the same bytes; all else is an error that leaves *ret alone
 * (W1, W2, W3, and M6's lengths on the wire). Driven by the table, so that a new message is tested by being there; the
 * table itself is compared with the structs field by field.
 */
#include "msg.h"

#include <errno.h>
#include <stdlib.h>

#include "tap.h"

static unsigned char packet[PROTOCOL_PACKET_MAX + 1], again[PROTOCOL_PACKET_MAX + 1];

/* ---- the table says where the fields lie ---- */

static void check_field(const struct msg_type *t, size_t i, const char *name, enum msg_kind kind, size_t offset,
                        size_t max)
{
    const struct msg_field *f = &t->fields[i];
    ok(i < t->n_fields && strcmp(f->name, name) == 0 && f->kind == kind && f->offset == offset && f->max == max,
       "%s.%s is where the table says", t->name, name);
}

/* clang-format off */
#define MESSAGE(name, number, direction, who)                                                                          \
    static void layout_##name(void)                                                                                    \
    {                                                                                                                  \
        const struct msg_##name *self = NULL;                                                                          \
        const struct msg_type *t = msg_type(number);                                                                   \
        size_t i = 0;
#define FIELD(f, kind, max) check_field(t, i++, #f, kind, offsetof(__typeof__(*self), f), max);
#define U8(f) FIELD(f, MSG_U8, 1)
#define U32(f) FIELD(f, MSG_U32, 4)
#define I64(f) FIELD(f, MSG_I64, 8)
#define FLAG(f) FIELD(f, MSG_FLAG, 1)
#define FIXED(f, n) FIELD(f, MSG_FIXED, n)
#define TEXT(f, max) FIELD(f, MSG_TEXT, max)
#define SECRET(f) FIELD(f, MSG_SECRET, SECRET_MAX)
#define END(ended)                                                                                                     \
    ok(sizeof *self <= sizeof(struct msg) && i == t->n_fields, "%s has no other fields", t->name);                     \
    }
#include "messages.def"
#include "msg_fields_undef.h"

/* clang-format on */

static void test_layout(void)
{
#define MESSAGE(name, number, direction, who) layout_##name();
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
}

static void test_table(void)
{
    size_t n;
    const struct msg_type *types = msg_types(&n);
    bool unique = true, found = true, owned = true;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            unique = unique && types[i].number != types[j].number && strcmp(types[i].name, types[j].name) != 0;
        found = found && msg_type(types[i].number) == &types[i];
        owned = owned && (types[i].direction == MSG_REPLY) == (types[i].who == MSG_NOBODY);
    }
    ok(n > 30 && types[0].number == MSG_begin, "the table begins with BEGIN");
    ok(unique, "numbers and names are unique");
    ok(found, "each is found by its number");
    ok(owned, "requests say who may send them, replies that nobody may");
    ok(msg_type(0) == NULL && msg_type(0xffff) == NULL && msg_type(0x10001) == NULL, "unknown numbers are not found");
}

/* ---- specimens ---- */

enum level { LEAST, TYPICAL, MOST };

static void *value_of(struct msg *m, const struct msg_field *f)
{
    return (char *)m + offsetof(struct msg, begin) + f->offset;
}

/* Every TYPICAL text has a two-byte character, and every MOST text ends in one if its length is even. */
static void fill_text(char *s, size_t max, enum level level)
{
    size_t len = level == LEAST ? 0 : level == MOST ? max : max < 7 ? max : 7;
    memset(s, 'a', len);
    if (len >= 2)
        memcpy(s + len - 2, "\xc3\xa9", 2);
}

static void fill_field(struct msg *m, const struct msg_field *f, enum level level)
{
    static const uint64_t values[] = {0, 0x0102030405060708, UINT64_MAX};
    void *v = value_of(m, f);
    uint64_t value = values[level];
    struct secret *s = v;
    switch (f->kind) {
    case MSG_U8:
        *(uint8_t *)v = (uint8_t)value;
        break;
    case MSG_U32:
        *(uint32_t *)v = (uint32_t)value;
        break;
    case MSG_I64:
        *(int64_t *)v = level == MOST ? INT64_MIN : (int64_t)value;
        break;
    case MSG_FLAG:
        *(bool *)v = level != LEAST;
        break;
    case MSG_FIXED:
        memset(v, (int)(value & 0xff), f->max);
        break;
    case MSG_TEXT:
        fill_text(v, f->max, level);
        break;
    case MSG_SECRET:
        s->len = level == LEAST ? 0 : level == MOST ? SECRET_MAX : 9;
        memset(s->bytes, 0xff, s->len); /* a password is bytes, not text */
        break;
    }
}

static void specimen(struct msg *m, const struct msg_type *t, enum level level)
{
    memset(m, 0, sizeof *m);
    m->number = t->number;
    for (size_t i = 0; i < t->n_fields; i++)
        fill_field(m, &t->fields[i], level);
}

static size_t encoded(const struct msg_type *t, enum level level)
{
    struct msg m;
    size_t len = 0;
    specimen(&m, t, level);
    return msg_encode(&m, packet, PROTOCOL_PACKET_MAX, &len) == 0 ? len : 0;
}

/* ---- properties ---- */

/* An error that left *ret alone, or the same bytes again. */
static bool refused_or_same(const unsigned char *bytes, size_t len)
{
    static struct msg m, before;
    memset(&m, 0xa5, sizeof m);
    memset(&before, 0xa5, sizeof before);
    unsigned char *copy = malloc(len + (len == 0)); /* exact size, so that the sanitizer sees a byte too far */
    if (copy == NULL)
        return false;
    memcpy(copy, bytes, len);
    size_t len_again = 0;
    int r = msg_decode(copy, len, &m);
    bool good = r < 0 ? memcmp(&m, &before, sizeof m) == 0
                      : msg_encode(&m, again, sizeof again, &len_again) == 0 && len_again == len &&
                            memcmp(again, bytes, len) == 0;
    free(copy);
    return good;
}

static void test_round_trips(const struct msg_type *t)
{
    static const char *const names[] = {"least", "typical", "most"};
    for (enum level level = LEAST; level <= MOST; level++) {
        struct msg m, back;
        size_t len = 0;
        specimen(&m, t, level);
        int r = msg_encode(&m, packet, PROTOCOL_PACKET_MAX, &len);
        ok(r == 0 && msg_decode(packet, len, &back) == 0 && memcmp(&m, &back, sizeof m) == 0, "%s: %s comes back",
           t->name, names[level]);
        size_t untouched = 77;
        ok(msg_encode(&m, packet, len - 1, &untouched) == -EMSGSIZE && untouched == 77,
           "%s: %s does not fit one byte less", t->name, names[level]);
    }
}

static void test_truncations(const struct msg_type *t)
{
    for (enum level level = LEAST; level <= MOST; level++) {
        size_t len = encoded(t, level), step = level == MOST ? 61 : 1;
        struct msg m;
        bool all = len > 0;
        for (size_t cut = 0; cut < len; cut += step)
            all = all && refused_or_same(packet, cut) && msg_decode(packet, cut, &m) == -EPROTO;
        ok(all, "%s: each of %zu truncations is refused", t->name, len);
        packet[len] = 0;
        ok(msg_decode(packet, len + 1, &m) == -EPROTO && refused_or_same(packet, len + 1),
           "%s: a trailing byte is refused", t->name);
    }
}

static void test_changes(const struct msg_type *t)
{
    for (enum level level = LEAST; level <= TYPICAL; level++) {
        size_t len = encoded(t, level);
        bool all = len > 0;
        for (size_t i = 0; i < len; i++) {
            unsigned char old = packet[i];
            for (unsigned v = 0; v < 256; v++) {
                packet[i] = (unsigned char)v;
                all = all && refused_or_same(packet, len);
            }
            packet[i] = old;
        }
        ok(all, "%s: each change of one of %zu bytes is refused or canonical", t->name, len);
    }
}

/* Where field i begins in the encoded TYPICAL specimen. */
static size_t position(const struct msg_type *t, size_t i)
{
    size_t at = 3;
    struct msg m;
    specimen(&m, t, TYPICAL);
    for (size_t j = 0; j < i; j++) {
        const struct msg_field *f = &t->fields[j];
        at += f->kind == MSG_TEXT     ? 2 + strlen(msg_value(&m, f))
              : f->kind == MSG_SECRET ? 2 + ((const struct secret *)msg_value(&m, f))->len
                                      : f->max;
    }
    return at;
}

static void test_lengths(const struct msg_type *t)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct msg_field *f = &t->fields[i];
        if (f->kind != MSG_TEXT && f->kind != MSG_SECRET)
            continue;
        size_t len = encoded(t, TYPICAL), at = position(t, i);
        size_t lengths[] = {0, len - at - 2 + 1, f->max + 1, 0xffff};
        bool all = true;
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
            packet[at] = (unsigned char)(lengths[j] >> 8);
            packet[at + 1] = (unsigned char)lengths[j];
            struct msg m;
            all = all && refused_or_same(packet, len) && msg_decode(packet, len, &m) < 0;
        }
        ok(all, "%s.%s: length 0 with bytes behind it, more than the rest, over the limit, 0xffff", t->name, f->name);
    }
}

/* Every field at its limit, and then one of them with one byte more, which is there. */
static void test_one_too_many(const struct msg_type *t)
{
    size_t at = 3;
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct msg_field *f = &t->fields[i];
        size_t len = encoded(t, MOST), max = f->max;
        if (f->kind != MSG_TEXT && f->kind != MSG_SECRET) {
            at += max;
            continue;
        }
        struct msg m;
        memmove(packet + at + 3, packet + at + 2, len - at - 2);
        packet[at] = (unsigned char)((max + 1) >> 8);
        packet[at + 1] = (unsigned char)(max + 1);
        packet[at + 2] = 'a';
        ok(refused_or_same(packet, len + 1) && msg_decode(packet, len + 1, &m) == -EPROTO,
           "%s.%s: one byte over its limit", t->name, f->name);
        at += 2 + max;
    }
}

static void test_texts(const struct msg_type *t)
{
    static const char *const bad[] = {"a\0", "\xc3\x28", "\xc0\xaf", "\xff\xfe"};
    for (size_t i = 0; i < t->n_fields; i++) {
        if (t->fields[i].kind != MSG_TEXT)
            continue;
        size_t len = encoded(t, TYPICAL), at = position(t, i) + 2;
        bool all = true;
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            struct msg m;
            memcpy(packet + at, bad[j], 2);
            all = all && refused_or_same(packet, len) && msg_decode(packet, len, &m) == -EPROTO;
        }
        ok(all, "%s.%s: NUL and bad UTF-8 are refused", t->name, t->fields[i].name);
        struct msg m;
        size_t ignored;
        specimen(&m, t, TYPICAL);
        memcpy(value_of(&m, &t->fields[i]), bad[1], 3);
        is_int(msg_encode(&m, packet, sizeof packet, &ignored), -EILSEQ, "%s.%s: nor is bad UTF-8 sent", t->name,
               t->fields[i].name);
        memset(value_of(&m, &t->fields[i]), 'a', t->fields[i].max + 1);
        is_int(msg_encode(&m, packet, sizeof packet, &ignored), -EMSGSIZE, "%s.%s: nor text without an end", t->name,
               t->fields[i].name);
    }
}

static void test_headers(void)
{
    struct msg m = {0};
    size_t len = 0;
    ok(encoded(msg_type(MSG_abort), LEAST) == 3 && memcmp(packet, "\x01\x00\x03", 3) == 0,
       "a message without fields is a version and a number, big endian");
    is_int(msg_decode((const unsigned char *)"\x02\x00\x03", 3, &m), -EPROTONOSUPPORT, "another version");
    is_int(msg_decode((const unsigned char *)"\x00", 1, &m), -EPROTONOSUPPORT, "another version, and short");
    is_int(msg_decode((const unsigned char *)"\x01\x00", 2, &m), -EPROTO, "half a header");
    is_int(msg_decode((const unsigned char *)"", 0, &m), -EPROTO, "nothing");
    is_int(msg_decode((const unsigned char *)"\x01\xff\xff", 3, &m), -ENOMSG, "an unknown number");
    is_int(msg_decode((const unsigned char *)"\x01\x03\x00", 3, &m), -ENOMSG, "a number in the wrong byte order");
    m.number = (enum msg_number)0x7fff;
    is_int(msg_encode(&m, packet, sizeof packet, &len), -ENOMSG, "an unknown number is not sent");
    m = (struct msg){.number = MSG_answer};
    m.answer.secret.len = SECRET_MAX + 1;
    is_int(msg_encode(&m, packet, sizeof packet, &len), -EMSGSIZE, "nor a secret that claims too many bytes");
    memset(packet, 0xee, 8);
    m = (struct msg){.number = MSG_refused, .refused = {.error = 7, .text = "busy"}};
    ok(msg_encode(&m, packet, 6, &len) == -EMSGSIZE && memcmp(packet, "\0\0\0\0", 4) == 0, "half a message is wiped");
}

static void test_flags(void)
{
    struct msg m;
    size_t len = encoded(msg_type(MSG_prompt), LEAST);
    packet[4] = 2;
    is_int(msg_decode(packet, len, &m), -EPROTO, "a flag that is 2 is refused");
    packet[4] = 1;
    ok(msg_decode(packet, len, &m) == 0 && m.prompt.echo, "a flag that is 1 is true");
}

static void test_wipe(void)
{
    struct msg m, zero = {0};
    memset(&zero, 0, sizeof zero);
    specimen(&m, msg_type(MSG_answer), MOST);
    msg_wipe(&m);
    ok(memcmp(&m, &zero, sizeof m) == 0, "msg_wipe leaves nothing");
}

int main(void)
{
    size_t n;
    const struct msg_type *types = msg_types(&n);
    test_table();
    test_layout();
    for (size_t i = 0; i < n; i++) {
        test_round_trips(&types[i]);
        test_truncations(&types[i]);
        test_changes(&types[i]);
        test_lengths(&types[i]);
        test_one_too_many(&types[i]);
        test_texts(&types[i]);
    }
    test_headers();
    test_flags();
    test_wipe();
    return tap_done();
}
