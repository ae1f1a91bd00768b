/* SPDX-License-Identifier: MIT
 *
 * Text from outside: is it UTF-8, is it a name, how is it shown on a terminal without obeying it. Knows nothing of
 * locales on purpose: the answer must not depend on the process that asks.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; and no NUL. */
bool text_is_utf8(const char *s, size_t len);

/* A name that an account may have: 1 to 256 bytes of UTF-8; no control or invisible character, no '/', ':' or white
 * space, not "." or "..", no leading '-' or '+'. */
bool text_is_account_name(const char *s);

/* A label, role, service or audience: 1 to max bytes of A-Z a-z 0-9 . _ - , not starting with '-' or '.'. */
bool text_is_word(const char *s, size_t max);

/* Copies s to out for a terminal: control characters (C0, DEL, C1), invisible ones (zero width, changes of
 * direction) and bytes that are not UTF-8 become \xNN, a
 * backslash becomes \\. Always terminated if cap > 0; cut at a whole character. Returns the bytes written. */
size_t text_printable(char *out, size_t cap, const char *s);

/* snprintf's contract made strict: 0, or -EMSGSIZE if it did not fit (out is then empty). */
int text_format(char *out, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* vsnprintf for people's eyes: what does not fit is cut at a whole character, and only there. cap > 0. */
void text_cut(char *out, size_t cap, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));

/* Appends to a list for people's eyes: separator first if there is anything in out, then as text_cut. */
void text_append(char *out, size_t cap, const char *separator, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* strlcpy's job, with -EMSGSIZE (out empty) instead of a cut. */
int text_copy(char *out, size_t cap, const char *s) __attribute__((warn_unused_result));

/* All of s as an unsigned decimal number of at most max: no sign, no space, no leading zero but "0" itself.
 * -EINVAL or -ERANGE; *ret untouched then. */
int text_to_u64(const char *s, uint64_t max, uint64_t *ret) __attribute__((warn_unused_result));

/* Writes 2 * len hexadecimal digits and a NUL. */
void text_hex(char *out, const unsigned char *bytes, size_t len);

#endif
