/* SPDX-License-Identifier: MIT
 *
 * The messages of messages.def as structs, and one codec for all of them, driven by tables that come from the same
 * list. A packet is: version (u8), number (u16), then the fields in order; integers big endian. Canonical: what
 * decodes re-encodes to the identical bytes. Nothing is allocated. Sending and receiving is link's and serve's work.
 */
#ifndef MSG_H
#define MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "secret.h"

enum msg_number {
#define MESSAGE(name, number, direction, who) MSG_##name = number,
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
};

#define MESSAGE(name, number, direction, who) __extension__ struct msg_##name { /* some have no fields */
#define U8(f) uint8_t f;
#define U32(f) uint32_t f;
#define I64(f) int64_t f;
#define FLAG(f) bool f;
#define FIXED(f, n) uint8_t f[n];
#define TEXT(f, max) char f[(max) + 1]; /* NUL-terminated */
#define SECRET(f) struct secret f;
/* clang-format off */
#define END(name) };
/* clang-format on */
#include "messages.def"
#include "msg_fields_undef.h"

struct msg {
    enum msg_number number;
    union {
#define MESSAGE(name, number, direction, who) struct msg_##name name;
#include "msg_fields_none.h"
#include "messages.def"
#include "msg_fields_undef.h"
    };
};

enum msg_direction { MSG_REQUEST, MSG_REPLY };
enum msg_who { MSG_NOBODY, MSG_ANY, MSG_SELF, MSG_PROVED, MSG_ADMIN, MSG_ROOT };
enum msg_kind { MSG_U8, MSG_U32, MSG_I64, MSG_FLAG, MSG_FIXED, MSG_TEXT, MSG_SECRET };

struct msg_field {
    const char *name;
    enum msg_kind kind;
    size_t offset; /* in the message's own struct */
    size_t max;    /* bytes */
};

struct msg_type {
    enum msg_number number;
    const char *name;
    enum msg_direction direction;
    enum msg_who who;
    const struct msg_field *fields;
    size_t n_fields;
};

#define MSG_AUTO __attribute__((cleanup(msg_wipe)))

/* The table's row for a number, or NULL. Rows are in the order of messages.def; msg_types gives them all. */
const struct msg_type *msg_type(unsigned number);
const struct msg_type *msg_types(size_t *ret_n);

/* Where the field f of m lies: for printers that walk the table. */
const void *msg_value(const struct msg *m, const struct msg_field *f);

/* Writes m to buf. -ENOMSG: no such number; -EMSGSIZE: does not fit cap, or a text or secret is over its limit;
 * -EILSEQ: a text is not UTF-8. */
int msg_encode(const struct msg *m, unsigned char *buf, size_t cap, size_t *ret_len)
    __attribute__((warn_unused_result));

/* Reads one whole packet into *ret, which is untouched on failure. -EPROTONOSUPPORT: another version; -ENOMSG: no
 * such number; -EPROTO: truncated, over a limit, trailing bytes, NUL or bad UTF-8 in text, a flag that is neither 0 nor
 * 1. */
int msg_decode(const unsigned char *buf, size_t len, struct msg *ret) __attribute__((warn_unused_result));

/* Wipes all of m. */
void msg_wipe(struct msg *m);

#endif
