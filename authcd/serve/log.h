/* SPDX-License-Identifier: MIT
 *
 * What authcd says about itself (the audit is not said here): one line on stderr, which the journal takes under systemd
 * and a person reads elsewhere. Never a secret, never a password's or code's length; control characters are made
 * visible.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/* Is stderr the journal's: then lines carry their priority as it wants it (sd-daemon(3)). */
void log_to_journal(bool yes);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line for a person only, dropped rather than waited for: a stopped terminal must not stop logins. */
void log_event(const char *line);

#endif
