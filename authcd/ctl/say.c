/* SPDX-License-Identifier: MIT
 *
 * Messages on stderr. Everything passes text_printable, because a message may quote an argument, a name or a refusal,
 * and none of them may steer the terminal. What is too long is cut: a message is for reading, not for parsing.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

__attribute__((format(printf, 2, 0))) static void say(const char *who, const char *format, va_list ap)
{
    char text[2048], shown[4096];

    if (vsnprintf(text, sizeof text, format, ap) < 0)
        return;
    text_printable(shown, sizeof shown, text);
    fprintf(stderr, "%s: %s\n", who, shown);
}

void say_error(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say("authctl", format, ap);
    va_end(ap);
}

void say_next(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say("Next", format, ap);
    va_end(ap);
}
