/* SPDX-License-Identifier: MIT
 *
 * Why a database could not be opened, for the administrator: what is wrong and what to do, in one line.
 */
#ifndef REASON_H
#define REASON_H

#include "db.h"

/* Writes the reason (cut where it does not fit) and returns error: return reason_give(reason, -EPERM, "..."); */
int reason_give(char reason[DB_REASON_SIZE], int error, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* Adds to a reason: "; " and what. */
void reason_add(char reason[DB_REASON_SIZE], const char *what);

#endif
