/* SPDX-License-Identifier: MIT
 *
 * Signatures over bytes with a key of jws.h: the part of JWS that needs libcrypto. Algorithms are rows of one table in
 * jws_key.c. Only jws.c calls these; others go through whole tokens.
 */
#ifndef JWS_KEY_H
#define JWS_KEY_H

#include <stddef.h>

#include "jws.h"

enum { JWS_SIGNATURE_MAX = 64 };

/* Signs as RFC 7518 section 3 writes signatures (ES256: r and s, 32 bytes each). -ENOMEM. */
int jws_key_sign(const struct jws_key *key, const void *bytes, size_t len, unsigned char out[JWS_SIGNATURE_MAX],
                 size_t *ret_len) __attribute__((warn_unused_result));

/* -EKEYREJECTED: not a signature of these bytes by this key; -ENOMEM. */
int jws_key_verify(const struct jws_key *key, const void *bytes, size_t len, const unsigned char *signature,
                   size_t signature_len) __attribute__((warn_unused_result));

#endif
