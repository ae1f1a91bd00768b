/* SPDX-License-Identifier: MIT
 *
 * Bytes that someone typed, or that open something: kept in a type of their own so that they cannot be passed where
 * text is printed, wiped when they go out of scope, compared without a hint of where they differ. Not locked in
 * memory by itself: the daemon locks all of its memory, and the module lives in memory that is not ours.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SECRET_MAX = 640
}; /* a password of 512 bytes with a code behind it, and to spare: thousands may wait in memory */

struct secret {
    size_t len;
    unsigned char bytes[SECRET_MAX];
};

/* A local that wipes itself: SECRET_AUTO struct secret s = {0}; */
#define SECRET_AUTO __attribute__((cleanup(secret_wipe)))

void secret_wipe(struct secret *s);

/* Copies len bytes. -EMSGSIZE and an empty s if they do not fit; never truncates. */
int secret_set(struct secret *s, const void *bytes, size_t len) __attribute__((warn_unused_result));

/* Equal in length and bytes; the time taken depends on the lengths only. */
bool secret_equal(const struct secret *a, const struct secret *b);

#endif
