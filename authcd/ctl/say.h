/* SPDX-License-Identifier: MIT
 *
 * What authctl tells the person on stderr. stdout is for data and is print's.
 */
#ifndef SAY_H
#define SAY_H

/* "authctl: " and the message, without control characters, as one line. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "Next: " and what would help, after an error. */
void say_next(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
