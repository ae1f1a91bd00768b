/* SPDX-License-Identifier: MIT
 *
 * Test Anything Protocol for unit tests, as much as they need: is(), ok(), a count at the end. A failed check goes on.
 *
 *   int main(void) { ok(1 + 1 == 2, "sums"); is_int(f(), 0, "f succeeds"); return tap_done(); }
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

#define ok(condition, ...) tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

__attribute__((format(printf, 4, 5), unused)) static int tap_ok(int good, const char *file, int line, const char *format, ...)
{
    char name[512];
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    vsnprintf(name, sizeof name, format, ap);
    __builtin_va_end(ap);
    printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, name);
    if (!good) {
        tap_failed++;
        fprintf(stderr, "# failed: %s (%s:%d)\n", name, file, line);
    }
    return good;
}

__attribute__((format(printf, 5, 6), unused)) static int tap_is_int(int64_t got, int64_t want, const char *file, int line,
                                                                    const char *format, ...)
{
    char name[512];
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    vsnprintf(name, sizeof name, format, ap);
    __builtin_va_end(ap);
    int good = tap_ok(got == want, file, line, "%s", name);
    if (!good)
        fprintf(stderr, "# got %" PRId64 ", wanted %" PRId64 "\n", got, want);
    return good;
}

__attribute__((format(printf, 5, 6), unused)) static int tap_is_str(const char *got, const char *want, const char *file,
                                                                    int line, const char *format, ...)
{
    char name[512];
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    vsnprintf(name, sizeof name, format, ap);
    __builtin_va_end(ap);
    int good = tap_ok(strcmp(got, want) == 0, file, line, "%s", name);
    if (!good)
        fprintf(stderr, "# got \"%s\", wanted \"%s\"\n", got, want);
    return good;
}

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}

#endif
