/* SPDX-License-Identifier: MIT
 *
 * `authctl token inspect`: what a token says of itself, believed by nobody. Offline: no authcd is asked, no signature
 * is looked at.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdio.h>

#include "verbs.h"

/* Takes the token apart and writes header and claims. -EBADMSG: not two JSON objects and a signature; nothing was
 * written. */
int inspect_token(FILE *out, const char *token, bool json) __attribute__((warn_unused_result));

enum verbs_exit inspect_run(struct job *job);

#endif
