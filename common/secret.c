/* SPDX-License-Identifier: MIT
 *
 * Bytes that are wiped when they go out of scope. Wiping covers the whole array, not only the bytes in use, because an
 * earlier and longer value may have been there. Uses libc alone: this code is loaded into other people's processes.
 */
#include "secret.h"

#include <errno.h>
#include <string.h>

void secret_wipe(struct secret *s)
{
    explicit_bzero(s, sizeof *s);
}

int secret_set(struct secret *s, const void *bytes, size_t len)
{
    secret_wipe(s);
    if (len > sizeof s->bytes)
        return -EMSGSIZE;
    if (len > 0)
        memcpy(s->bytes, bytes, len);
    s->len = len;
    return 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    if (a->len != b->len || a->len > sizeof a->bytes)
        return false;
    /* Volatile, so that the compiler cannot leave the loop at the first difference. */
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a->len; i++)
        difference = difference | (a->bytes[i] ^ b->bytes[i]);
    return difference == 0;
}
