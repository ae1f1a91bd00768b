/* SPDX-License-Identifier: MIT
 *
 * Finds authcd.conf, makes sure that nobody but root or the caller could have written it, and has it parsed.
 */
#ifndef CONFFILE_H
#define CONFFILE_H

#include "config.h"

#define CONFFILE_DEFAULT "/etc/authc/authcd.conf"

/* Reads path, or CONFFILE_DEFAULT if it is NULL; a missing default file means all defaults, a missing path is an error.
 * An empty issuer becomes https://<host name>. Negative errno, and error says what is wrong and what would be right:
 * "FILE:LINE: ..." or "FILE: ..."; *ret is then untouched. */
int conffile_load(const char *path, struct config *ret, char error[CONFIG_ERROR_SIZE])
    __attribute__((warn_unused_result));

#endif
