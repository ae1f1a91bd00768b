/* SPDX-License-Identifier: MIT
 *
 * A reason is cut rather than lost: half a path still tells more than nothing.
 */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int reason_give(char reason[DB_REASON_SIZE], int error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(reason, DB_REASON_SIZE, format, ap);
    va_end(ap);
    return error;
}

void reason_add(char reason[DB_REASON_SIZE], const char *what)
{
    size_t len = strnlen(reason, DB_REASON_SIZE - 1);
    (void)snprintf(reason + len, DB_REASON_SIZE - len, "; %s", what);
}
