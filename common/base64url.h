/* SPDX-License-Identifier: MIT
 *
 * base64url without padding (RFC 4648 section 5; RFC 7515 section 2), strict: one text for each byte string. Shared by
 * the daemon's compact JWS and by `authctl token inspect`, which may not link libsodium. Not constant time: tokens
 * only.
 */
#ifndef BASE64URL_H
#define BASE64URL_H

#include <stddef.h>

/* Needs (len * 4 + 2) / 3 + 1 bytes. -EMSGSIZE if out is smaller. */
int base64url_encode(char *out, size_t cap, const unsigned char *bytes, size_t len) __attribute__((warn_unused_result));

/* Decodes exactly len characters. -EINVAL: other characters, padding, or left-over bits that are not zero;
 * -EMSGSIZE: does not fit. */
int base64url_decode(unsigned char *out, size_t cap, size_t *ret_len, const char *text, size_t len)
    __attribute__((warn_unused_result));

#endif
