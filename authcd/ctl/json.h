/* SPDX-License-Identifier: MIT
 *
 * JSON out, from any message by its field table, and a strict look at JSON that came from elsewhere (RFC 8259). Keys
 * are the fields' names. Control characters, also those above ASCII, leave as \u escapes only.
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
