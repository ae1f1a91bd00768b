/* SPDX-License-Identifier: MIT
 *
 * A strict look at JSON that came from elsewhere (RFC 8259): is it one object, and what are its members, as written.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <stddef.h>

/* Is text, as a whole, one JSON object nested at most 8 deep? member, if not NULL, then gets each of its own members:
 * the key without quotes and as written, the value as written. -EBADMSG if not; members before the fault were seen. */
int object_walk(const char *text, size_t len, void (*member)(void *arg, const char *key, const char *value), void *arg)
    __attribute__((warn_unused_result));

#endif
