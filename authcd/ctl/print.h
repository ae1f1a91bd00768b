/* SPDX-License-Identifier: MIT
 *
 * One row for people: as a record, or in a sentence. Nothing from outside reaches the terminal with a control character
 * in it.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

#include "msg.h"

/* Fields of m, one a line: those in columns, or all if that is NULL. */
void print_record(FILE *out, const struct msg *m, const char *columns, int64_t now_s);

/* What fills a sentence. All may be NULL. */
struct print_words {
    const struct msg *row, *request;
    const char *user;
    int64_t now_s;
};

/* A sentence with {field} in it: the value of row's field, else of request's; where both have none, of {user}: user. */
void print_sentence(FILE *out, const char *sentence, const struct print_words *words);
void print_phrase(FILE *out, const char *sentence, const struct print_words *words); /* without the newline */

/* text line by line, safe for a terminal. */
void print_lines(FILE *out, const char *text);

#endif
