/* SPDX-License-Identifier: MIT
 *
 * Compact JWS (RFC 7515) with exactly the algorithms authcd signs with, on libcrypto. A key has one algorithm, and
 * verification accepts that algorithm for that kid and nothing else: alg is never believed, only compared. Headers
 * with crit, jwk, jku, x5u, x5c or b64 are refused. No other serialisation, no encryption.
 */
#ifndef JWS_H
#define JWS_H

#include <stddef.h>
#include <stdint.h>

enum {
    JWS_TOKEN_MAX = 8192,
    JWS_KID_SIZE = 44, /* RFC 7638 thumbprint: 43 characters of base64url and a NUL */
    JWS_ALG_SIZE = 9,
    JWS_PRIVATE_MAX = 512, /* DER */
    JWS_JWK_SIZE = 512,
    JWS_PEM_SIZE = 512,
};

struct jws_key; /* opaque: an EVP_PKEY, its kid and its alg */

void jws_key_free(struct jws_key *key);
#define JWS_KEY_AUTO __attribute__((cleanup(jws_key_cleanup)))
void jws_key_cleanup(struct jws_key **key);

/* A new key pair. alg: "ES256". -EINVAL: unknown alg; -ENOMEM. */
int jws_key_make(const char *alg, struct jws_key **ret) __attribute__((warn_unused_result));

/* Private key as PKCS #8 DER, to be sealed and wiped by the caller; and back. -EINVAL: not a key of that alg. */
int jws_key_export(const struct jws_key *key, unsigned char out[JWS_PRIVATE_MAX], size_t *ret_len)
    __attribute__((warn_unused_result));
int jws_key_import(const char *alg, const unsigned char *der, size_t len, struct jws_key **ret)
    __attribute__((warn_unused_result));

const char *jws_key_kid(const struct jws_key *key);
const char *jws_key_alg(const struct jws_key *key);

/* The public half: one JWK object with kty, crv, x, y, kid, alg, use (RFC 7517); and SubjectPublicKeyInfo as PEM. */
int jws_key_jwk(const struct jws_key *key, char out[JWS_JWK_SIZE]) __attribute__((warn_unused_result));
int jws_key_pem(const struct jws_key *key, char out[JWS_PEM_SIZE]) __attribute__((warn_unused_result));

/* Header {"typ":typ,"alg":..,"kid":..} and payload signed. -EMSGSIZE, -ENOMEM. */
int jws_sign(const struct jws_key *key, const char *typ, const char *payload, char *out, size_t cap)
    __attribute__((warn_unused_result));

/* Splits and checks the form of a token without believing it: three parts of canonical base64url, a header with known
 * members only. Gives the kid, so that the caller can find the key. -EBADMSG. */
int jws_kid(const char *token, const char *typ, char ret_kid[JWS_KID_SIZE]) __attribute__((warn_unused_result));

/* Verifies token with key: form as jws_kid, typ, alg and kid equal to the key's, then the signature. The payload is
 * written NUL-terminated. -EBADMSG: form; -EKEYREJECTED: another alg or kid, or a bad signature;
 * -ENOMEM. */
int jws_verify(const struct jws_key *key, const char *token, const char *typ, char *payload, size_t cap,
               size_t *ret_len) __attribute__((warn_unused_result));

#endif
