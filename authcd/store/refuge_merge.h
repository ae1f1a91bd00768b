/* SPDX-License-Identifier: MIT
 *
 * What is taken over from a refuge into a database that went its own way meanwhile: no failure is forgotten and no code
 * good again. Nothing else, because nobody can tell which of the two is right.
 */
#ifndef REFUGE_MERGE_H
#define REFUGE_MERGE_H

#include "sql.h"

/* By maximum, in one transaction of home's: the rows of limits, the last steps of codes. Of accounts that are the same
 * in both. */
int refuge_merge(struct db *there, struct db *home) __attribute__((warn_unused_result));

#endif
