/* SPDX-License-Identifier: MIT
 *
 * Messages on stderr. Everything passes text_printable, because a message may quote an argument, a name or a refusal,
 * and none of them may steer the terminal. What is too long is cut: a message is for reading, not for parsing.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

void say_error(const char *format, ...)
{
    char text[2048], shown[4096];
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    text_printable(shown, sizeof shown, text);
    fprintf(stderr, "authctl: %s\n", shown);
}
