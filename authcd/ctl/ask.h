/* SPDX-License-Identifier: MIT
 *
 * Where secrets come from: the terminal (never stdin, so that a pipe may carry data beside it), or, if the person said
 * so, lines of stdin or of another descriptor. Never argv, never the environment.
 */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>

#include "protocol.h"
#include "secret.h"

struct ask {
    int password_fd; /* passwords come from here, one a line; -1: from the terminal */
    int code_fd;     /* codes likewise; may be the same */
    bool has_held;
    struct secret held; /* a password read ahead */
};

/* Asks for one secret: shows prompt on the terminal, or reads a line. Its newline is not part of it. Terminal settings
 * are restored before it returns, and before a signal (^C, ^Z) does its work.
 *   -ENOTTY   there is no terminal
 *   -ENODATA  the end came before a line (or ^D)
 *   -EMSGSIZE longer than SECRET_MAX; -EILSEQ a NUL in it. The rest of the line is read and dropped. */
int ask_secret(struct ask *a, enum prompt_kind kind, bool echo, const char *prompt, struct secret *ret)
    __attribute__((warn_unused_result));

/* Reads a password now and keeps it for the next question about a password. */
int ask_ahead(struct ask *a, const char *prompt) __attribute__((warn_unused_result));

/* Does a person at the terminal answer this kind of question? If not, a repeated question gets no better answer. */
bool ask_is_person(const struct ask *a, enum prompt_kind kind);

/* Shows text on the terminal if there is one, else on stderr. */
void ask_tell(const char *text);

/* One line of fd, byte by byte so that what follows it stays there. Errors as ask_secret's, or read(2)'s. */
int ask_line(int fd, struct secret *ret) __attribute__((warn_unused_result));

#endif
