/* SPDX-License-Identifier: MIT
 *
 * A field of a message for people, by what messages.def says of it: its value as text, its name as a head. `_at` is
 * local time, `_s` a duration. No text from outside keeps a control character.
 */
#ifndef FIELD_H
#define FIELD_H

#include "msg.h"

enum { FIELD_VALUE_SIZE = 8500, FIELD_COLUMNS_MAX = 32, FIELD_HEAD_SIZE = 64 };

struct field_columns {
    const struct msg_field *fields[FIELD_COLUMNS_MAX];
    size_t n;
};

/* The field of that name (len bytes) in a message of that number, or NULL. */
const struct msg_field *field_find(unsigned number, const char *name, size_t len);

/* names: fields with spaces between, NULL for all; without: one to leave out, or NULL. */
void field_columns(struct field_columns *ret, unsigned number, const char *names, const char *without);

/* The value as text; "-" if there is none. Times: with the day and the seconds if full, else as short as today allows.
 */
void field_value(char out[FIELD_VALUE_SIZE], const struct msg_field *f, const void *value, int64_t now_s, bool full);

/* Is it a moment (Unix seconds)? The claims of tokens have the names that RFC 7519 gave them. */
bool field_is_time(const char *name);

/* Bytes of the field's name without the suffix that says how to read it; and those in capitals. */
size_t field_bare(const char *name);
void field_head(char out[FIELD_HEAD_SIZE], const char *name);

#endif
