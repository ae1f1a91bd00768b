/* SPDX-License-Identifier: MIT
 *
 * What is sealed at rest: XChaCha20-Poly1305 under a key that is not in the database. The associated data names the
 * owner, the kind and the version, so that a sealed value moved to another row does not open. Also the keyed hashes
 * under which names that we must not keep are stored. Subkeys are derived by purpose (crypto_kdf).
 */
#ifndef VAULT_H
#define VAULT_H

#include <stddef.h>
#include <stdint.h>

struct vault;

enum { VAULT_KEY_SIZE = 32, VAULT_OVERHEAD = 1 + 24 + 16, VAULT_NAME_SIZE = 16 };

enum vault_kind { VAULT_PASSWORD = 1, VAULT_CODE_SECRET = 2, VAULT_SIGNING_KEY = 3, VAULT_AUDIT_KEY = 4 };
enum vault_names {
    VAULT_NAMES_LIMIT = 1,
    VAULT_NAMES_UNKNOWN = 2,
    VAULT_NAMES_HANDLE = 3,
    VAULT_NAMES_KEY_CHECK = 4,
    VAULT_NAMES_RECOVERY = 5
};

/* Copies the key. NULL if out of memory. */
struct vault *vault_new(const unsigned char key[VAULT_KEY_SIZE]);
void vault_free(struct vault *v); /* wipes */

/* Seals len bytes for owner (account id; 0: the host). Needs len + VAULT_OVERHEAD bytes. -EMSGSIZE. */
int vault_seal(struct vault *v, enum vault_kind kind, int64_t owner, const void *plain, size_t len, unsigned char *out,
               size_t cap, size_t *ret_len) __attribute__((warn_unused_result));

/* -EBADMSG: not sealed by this key for this owner and kind; -EMSGSIZE. out is untouched on failure. */
int vault_open(struct vault *v, enum vault_kind kind, int64_t owner, const unsigned char *sealed, size_t len, void *out,
               size_t cap, size_t *ret_len) __attribute__((warn_unused_result));

/* Keyed hash of text for one purpose: same name, same 16 bytes; tells nothing without the key. */
void vault_name(struct vault *v, enum vault_names purpose, const char *text, unsigned char out[VAULT_NAME_SIZE]);

#endif
