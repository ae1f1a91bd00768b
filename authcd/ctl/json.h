/* SPDX-License-Identifier: MIT
 *
 * JSON out (RFC 8259), from any message by its field table. Keys are the fields' names. Control characters, also those
 * above ASCII, leave as \u escapes only. Reading JSON is object's.
 */
#ifndef JSON_H
#define JSON_H

#include <stdio.h>

#include "msg.h"

/* s as a JSON string, quotes included. */
void json_text(FILE *out, const char *s);

/* m as an object. Secrets are null. */
void json_row(FILE *out, const struct msg *m);

/* text, which object_walk took, as it is, but for control characters. */
void json_copy(FILE *out, const char *text);

#endif
