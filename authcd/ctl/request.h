/* SPDX-License-Identifier: MIT
 *
 * A request from the command line, by the field table of messages.def: options and words have the names of the fields
 * that they fill. Knows no verb's meaning.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "verbs.h"

/* Fills *ret for verb; the first `used` words named it. Fields that nobody gave are 0 or empty, uids "none".
 * -EINVAL and error = what is wrong: an option that the verb does not take, a word too many, a value that does not fit,
 * a field that is missing. With verb->request 0 only the checks are made. */
int request_fill(struct msg *ret, const struct verbs_verb *verb, const struct args *a, size_t used, int64_t now_s,
                 char error[ARGS_ERROR_SIZE]) __attribute__((warn_unused_result));

/* What the command line gave for a field of that name, or NULL. */
const char *request_given(const struct verbs_verb *verb, const struct args *a, size_t used, const char *field);

/* A number that an option has, or otherwise if it was not given. -EINVAL and error if it is none. */
int request_number(const struct args *a, enum args_option option, uint64_t max, uint64_t otherwise, uint64_t *ret,
                   char error[ARGS_ERROR_SIZE]) __attribute__((warn_unused_result));

#endif
