/* SPDX-License-Identifier: MIT
 *
 * The module's options, from the line in pam.d. Whatever is not understood fails closed: a typing error must not
 * silently become a default, and no option turns a check off.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *socket; /* absolute; points into argv. NULL: the usual one for this process */
    int64_t timeout_s;
    uid_t server_uid; /* 0: none but uid 0 */
    bool use_first_pass;
    bool try_first_pass;
};

/* -EINVAL: *ret_bad is the first option that is unknown, repeated, or has a value out of range. */
int options_parse(struct options *ret, int argc, const char **argv, const char **ret_bad)
    __attribute__((warn_unused_result));

/* Where to find authcd: the option, else the root's or everybody's socket by the effective uid. */
const char *options_socket(const struct options *o);

#endif
