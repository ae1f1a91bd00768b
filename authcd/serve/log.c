/* SPDX-License-Identifier: MIT
 *
 * See log.h. One write(2) a line, so that lines of two threads never mix.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "text.h"

enum { LINE_SIZE = 2048 };

static bool log_is_journal;

void log_to_journal(bool yes)
{
    log_is_journal = yes;
}

/* A pipe that nobody reads must not stop the daemon: what has no room is lost, and is in the audit if it matters. */
static bool has_room(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void put(const char *prefix, const char *text)
{
    char line[LINE_SIZE], shown[LINE_SIZE - 32];

    if (!has_room())
        return;
    text_printable(shown, sizeof shown, text);
    int n = snprintf(line, sizeof line, "%s%s\n", prefix, shown);
    if (n > 0 && (size_t)n < sizeof line && write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nowhere left to say so */
}

#define LOG(priority)                                                                                                  \
    va_list ap;                                                                                                        \
    char text[LINE_SIZE / 2];                                                                                          \
    va_start(ap, format);                                                                                              \
    vsnprintf(text, sizeof text, format, ap);                                                                          \
    va_end(ap);                                                                                                        \
    put(log_is_journal ? (priority) : "authcd: ", text)

void log_error(const char *format, ...)
{
    LOG(SD_ERR);
}

void log_warning(const char *format, ...)
{
    LOG(SD_WARNING);
}

void log_notice(const char *format, ...)
{
    LOG(SD_NOTICE);
}

void log_event(const char *line)
{
    put("", line);
}
