/* SPDX-License-Identifier: MIT
 *
 * Signing keys on OpenSSL's EVP: made, kept, published, used. Each algorithm is a row of one table; what differs
 * between them (how a key is made, what its JWK has, how a signature is spelt) stands in the row and nowhere else.
 * Which key is active, and for how long, is the store's business; compact tokens are jws.c's.
 */
#include "jws_key.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "text.h"

enum { P256_BYTES = 32, ES256_SIZE = 2 * P256_BYTES, ES256_DER_MAX = 80, THUMBPRINT_SIZE = 32, MEMBERS_SIZE = 256 };

struct algorithm {
    const char *name;
    const char *digest;
    EVP_PKEY *(*make)(void);
    bool (*fits)(const EVP_PKEY *pkey);
    int (*members)(const EVP_PKEY *pkey, char out[MEMBERS_SIZE]); /* required JWK members in RFC 7638's order */
    int (*from_der)(const unsigned char *der, size_t len, unsigned char out[JWS_SIGNATURE_MAX], size_t *ret_len);
    int (*to_der)(const unsigned char *signature, size_t len, unsigned char *out, size_t cap, size_t *ret_len);
};

struct jws_key {
    EVP_PKEY *pkey;
    const struct algorithm *algorithm;
    char kid[JWS_KID_SIZE];
};

#define AUTO(type) __attribute__((cleanup(type##_auto)))
#define DEFINE_AUTO(type, free_it)                                                                                     \
    static void type##_auto(type **p)                                                                                  \
    {                                                                                                                  \
        free_it(*p);                                                                                                   \
    }
DEFINE_AUTO(BIGNUM, BN_free)
DEFINE_AUTO(BIO, BIO_free_all)
DEFINE_AUTO(ECDSA_SIG, ECDSA_SIG_free)
DEFINE_AUTO(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_AUTO(EVP_PKEY, EVP_PKEY_free)
DEFINE_AUTO(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

/* ---- ES256: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4) ---- */

static EVP_PKEY *es256_make(void)
{
    return EVP_EC_gen("P-256");
}

static bool es256_fits(const EVP_PKEY *pkey)
{
    char group[32] = "";
    return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static int coordinate(const EVP_PKEY *pkey, const char *which, char out[JWS_KID_SIZE])
{
    BIGNUM *n AUTO(BIGNUM) = NULL;
    unsigned char bytes[P256_BYTES] = {0};
    if (EVP_PKEY_get_bn_param(pkey, which, &n) != 1 || BN_bn2binpad(n, bytes, P256_BYTES) != P256_BYTES)
        return -ENOMEM;
    return base64url_encode(out, JWS_KID_SIZE, bytes, sizeof bytes);
}

static int es256_members(const EVP_PKEY *pkey, char out[MEMBERS_SIZE])
{
    char x[JWS_KID_SIZE], y[JWS_KID_SIZE];
    int e = coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x);
    if (e == 0)
        e = coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y);
    if (e == 0)
        e = text_format(out, MEMBERS_SIZE, "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"", x, y);
    return e;
}

static int es256_from_der(const unsigned char *der, size_t len, unsigned char out[JWS_SIGNATURE_MAX], size_t *ret_len)
{
    ECDSA_SIG *s AUTO(ECDSA_SIG) = d2i_ECDSA_SIG(NULL, &der, (long)len);
    if (!s || BN_bn2binpad(ECDSA_SIG_get0_r(s), out, P256_BYTES) != P256_BYTES ||
        BN_bn2binpad(ECDSA_SIG_get0_s(s), out + P256_BYTES, P256_BYTES) != P256_BYTES)
        return -ENOMEM;
    *ret_len = ES256_SIZE;
    return 0;
}

static int es256_to_der(const unsigned char *signature, size_t len, unsigned char *out, size_t cap, size_t *ret_len)
{
    if (len != ES256_SIZE)
        return -EKEYREJECTED;
    ECDSA_SIG *sig AUTO(ECDSA_SIG) = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + P256_BYTES, P256_BYTES, NULL);
    if (!sig || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return -ENOMEM;
    }
    int n = i2d_ECDSA_SIG(sig, NULL);
    if (n <= 0 || (size_t)n > cap)
        return -ENOMEM;
    *ret_len = (size_t)i2d_ECDSA_SIG(sig, &out);
    return 0;
}

static const struct algorithm algorithms[] = {
    {"ES256", "SHA256", es256_make, es256_fits, es256_members, es256_from_der, es256_to_der},
};

/* Before anything else of libcrypto's is called: no openssl.cnf, nor $OPENSSL_CONF, has a say in how tokens are signed.
 */
static const struct algorithm *find(const char *name)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

/* ---- keys ---- */

void jws_key_free(struct jws_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey); /* wipes the private half */
    free(key);
}

void jws_key_cleanup(struct jws_key **key)
{
    jws_key_free(*key);
}

/* RFC 7638: SHA-256 over the required members, in order, without a space. */
static int thumbprint(const struct jws_key *key, char out[JWS_KID_SIZE])
{
    char members[MEMBERS_SIZE], json[MEMBERS_SIZE + 2];
    unsigned char hash[THUMBPRINT_SIZE] = {0};
    int e = key->algorithm->members(key->pkey, members);
    if (e == 0)
        e = text_format(json, sizeof json, "{%s}", members);
    if (e == 0 && EVP_Digest(json, strlen(json), hash, NULL, EVP_sha256(), NULL) != 1)
        e = -ENOMEM;
    return e < 0 ? e : base64url_encode(out, JWS_KID_SIZE, hash, sizeof hash);
}

/* Takes a reference to pkey. */
static int wrap(const struct algorithm *algorithm, EVP_PKEY *pkey, struct jws_key **ret)
{
    if (EVP_PKEY_up_ref(pkey) != 1)
        return -ENOMEM;
    struct jws_key *key = calloc(1, sizeof *key);
    if (!key) {
        EVP_PKEY_free(pkey);
        return -ENOMEM;
    }
    key->pkey = pkey;
    key->algorithm = algorithm;
    int e = thumbprint(key, key->kid);
    if (e < 0)
        jws_key_free(key);
    else
        *ret = key;
    return e;
}

int jws_key_make(const char *alg, struct jws_key **ret)
{
    const struct algorithm *a = find(alg);
    if (!a)
        return -EINVAL;
    EVP_PKEY *pkey AUTO(EVP_PKEY) = a->make();
    return pkey ? wrap(a, pkey, ret) : -ENOMEM;
}

int jws_key_export(const struct jws_key *key, unsigned char out[JWS_PRIVATE_MAX], size_t *ret_len)
{
    PKCS8_PRIV_KEY_INFO *info AUTO(PKCS8_PRIV_KEY_INFO) = EVP_PKEY2PKCS8(key->pkey);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    if (n <= 0 || n > JWS_PRIVATE_MAX || i2d_PKCS8_PRIV_KEY_INFO(info, &out) != n)
        return -ENOMEM;
    *ret_len = (size_t)n;
    return 0;
}

int jws_key_import(const char *alg, const unsigned char *der, size_t len, struct jws_key **ret)
{
    const struct algorithm *a = find(alg);
    if (!a || len > JWS_PRIVATE_MAX)
        return -EINVAL;
    const unsigned char *p = der;
    PKCS8_PRIV_KEY_INFO *info AUTO(PKCS8_PRIV_KEY_INFO) = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
    if (!info || p != der + len)
        return -EINVAL;
    EVP_PKEY *pkey AUTO(EVP_PKEY) = EVP_PKCS82PKEY(info);
    return pkey && a->fits(pkey) ? wrap(a, pkey, ret) : -EINVAL;
}

const char *jws_key_kid(const struct jws_key *key)
{
    return key->kid;
}

const char *jws_key_alg(const struct jws_key *key)
{
    return key->algorithm->name;
}

int jws_key_jwk(const struct jws_key *key, char out[JWS_JWK_SIZE])
{
    char members[MEMBERS_SIZE];
    int e = key->algorithm->members(key->pkey, members);
    return e < 0 ? e
                 : text_format(out, JWS_JWK_SIZE, "{%s,\"kid\":\"%s\",\"alg\":\"%s\",\"use\":\"sig\"}", members,
                               key->kid, key->algorithm->name);
}

int jws_key_pem(const struct jws_key *key, char out[JWS_PEM_SIZE])
{
    char pem[JWS_PEM_SIZE] = "";
    BIO *bio AUTO(BIO) = BIO_new(BIO_s_mem());
    if (!bio || PEM_write_bio_PUBKEY(bio, key->pkey) != 1)
        return -ENOMEM;
    size_t pending = BIO_ctrl_pending(bio);
    if (pending >= sizeof pem || BIO_read(bio, pem, (int)pending) != (int)pending)
        return -EMSGSIZE;
    return text_copy(out, JWS_PEM_SIZE, pem);
}

/* ---- signatures ---- */

int jws_key_sign(const struct jws_key *key, const void *bytes, size_t len, unsigned char out[JWS_SIGNATURE_MAX],
                 size_t *ret_len)
{
    unsigned char der[ES256_DER_MAX] = {0};
    size_t n = sizeof der;
    EVP_MD_CTX *ctx AUTO(EVP_MD_CTX) = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, key->algorithm->digest, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(ctx, der, &n, bytes, len) != 1)
        return -ENOMEM;
    return key->algorithm->from_der(der, n, out, ret_len);
}

int jws_key_verify(const struct jws_key *key, const void *bytes, size_t len, const unsigned char *signature,
                   size_t signature_len)
{
    unsigned char der[ES256_DER_MAX] = {0};
    size_t n = 0;
    int e = key->algorithm->to_der(signature, signature_len, der, sizeof der, &n);
    if (e < 0)
        return e;
    EVP_MD_CTX *ctx AUTO(EVP_MD_CTX) = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, key->algorithm->digest, NULL, NULL, key->pkey, NULL) != 1)
        return -ENOMEM;
    return EVP_DigestVerify(ctx, der, n, bytes, len) == 1 ? 0 : -EKEYREJECTED;
}
