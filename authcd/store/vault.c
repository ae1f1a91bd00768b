/* SPDX-License-Identifier: MIT
 *
 * Sealing and keyed hashing on libsodium. A sealed value is: version (1 byte), nonce (24), ciphertext and tag. Nonces
 * are random: 192 bits are enough for that. Each kind of value and each purpose of a name has its own subkey, derived
 * once; the key itself is not kept. Leaves out where the key comes from (dbfiles) and where values are stored.
 */
#include "vault.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    VERSION = 1,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SUBKEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    AAD_SIZE = 10, /* version, kind, owner */
    KINDS = VAULT_AUDIT_KEY + 1,
    PURPOSES = VAULT_NAMES_RECOVERY + 1,
    FIRST_PURPOSE = 256, /* number of the first subkey for names: apart from those for kinds for good */
};
static_assert(VAULT_OVERHEAD == 1 + NONCE_SIZE + TAG_SIZE, "what the header promises");

struct vault {
    unsigned char kinds[KINDS][SUBKEY_SIZE];
    unsigned char purposes[PURPOSES][SUBKEY_SIZE];
};

struct vault *vault_new(const unsigned char key[VAULT_KEY_SIZE])
{
    static const char context[crypto_kdf_CONTEXTBYTES] = {'a', 'u', 't', 'h', 'c', 'v', 'l', 't'};
    if (sodium_init() < 0)
        return NULL;
    struct vault *v = sodium_malloc(sizeof *v); /* locked, with guard pages around it */
    if (v == NULL)
        return NULL;
    /* Fails only for sizes out of range, and ours are constants. */
    for (unsigned i = 0; i < KINDS; i++)
        (void)crypto_kdf_derive_from_key(v->kinds[i], SUBKEY_SIZE, i, context, key);
    for (unsigned i = 0; i < PURPOSES; i++)
        (void)crypto_kdf_derive_from_key(v->purposes[i], SUBKEY_SIZE, FIRST_PURPOSE + i, context, key);
    return v;
}

void vault_free(struct vault *v)
{
    sodium_free(v); /* wipes; NULL does nothing */
}

static void write_aad(unsigned char aad[AAD_SIZE], enum vault_kind kind, int64_t owner)
{
    aad[0] = VERSION;
    aad[1] = (unsigned char)kind;
    for (unsigned i = 0; i < 8; i++)
        aad[2 + i] = (unsigned char)((uint64_t)owner >> (56 - 8 * i));
}

int vault_seal(struct vault *v, enum vault_kind kind, int64_t owner, const void *plain, size_t len, unsigned char *out,
               size_t cap, size_t *ret_len)
{
    if (cap < VAULT_OVERHEAD || len > cap - VAULT_OVERHEAD)
        return -EMSGSIZE;
    unsigned char aad[AAD_SIZE];
    write_aad(aad, kind, owner);
    out[0] = VERSION;
    randombytes_buf(out + 1, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + 1 + NONCE_SIZE, NULL, plain, len, aad, sizeof aad, NULL,
                                                     out + 1, v->kinds[kind]);
    *ret_len = len + VAULT_OVERHEAD;
    return 0;
}

int vault_open(struct vault *v, enum vault_kind kind, int64_t owner, const unsigned char *sealed, size_t len, void *out,
               size_t cap, size_t *ret_len)
{
    if (len < VAULT_OVERHEAD || sealed[0] != VERSION)
        return -EBADMSG;
    size_t plain = len - VAULT_OVERHEAD;
    if (plain > cap)
        return -EMSGSIZE;
    unsigned char aad[AAD_SIZE];
    write_aad(aad, kind, owner);
    const unsigned char *nonce = sealed + 1, *body = nonce + NONCE_SIZE, *tag = body + plain;
    /* Without an output it only checks the tag: a call that fails later would already have cleared the caller's. */
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(NULL, NULL, body, plain, tag, aad, sizeof aad, nonce,
                                                            v->kinds[kind]) != 0 ||
        crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, NULL, body, plain, tag, aad, sizeof aad, nonce,
                                                            v->kinds[kind]) != 0)
        return -EBADMSG;
    *ret_len = plain;
    return 0;
}

void vault_name(struct vault *v, enum vault_names purpose, const char *text, unsigned char out[VAULT_NAME_SIZE])
{
    (void)crypto_generichash(out, VAULT_NAME_SIZE, (const unsigned char *)text, strlen(text), v->purposes[purpose],
                             SUBKEY_SIZE);
}
