/* SPDX-License-Identifier: MIT
 *
 * What is sealed opens for its owner, kind and key, and for nothing else, whichever bit is changed (D5); keyed hashes
 * of one purpose say nothing of another.
 */
#include "vault.h"

#include <errno.h>

#include "tap.h"

static const unsigned char key[VAULT_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const char plain[] = "$argon2id$v=19$m=65536,t=3,p=1$...";
enum { SEALED_SIZE = sizeof plain + VAULT_OVERHEAD };

static void check_sizes(struct vault *v)
{
    unsigned char sealed[SEALED_SIZE], out[sizeof plain];
    size_t len = 77;
    is_int(vault_seal(v, VAULT_PASSWORD, 1, plain, sizeof plain, sealed, SEALED_SIZE - 1, &len), -EMSGSIZE,
           "no room to seal");
    is_int(vault_seal(v, VAULT_PASSWORD, 1, plain, SIZE_MAX, sealed, SEALED_SIZE, &len), -EMSGSIZE, "an absurd length");
    is_int(vault_seal(v, VAULT_PASSWORD, 1, plain, 0, sealed, VAULT_OVERHEAD - 1, &len), -EMSGSIZE,
           "less than nothing");
    is_int(len, 77, "the length is untouched on failure");
    is_int(vault_seal(v, VAULT_PASSWORD, 1, plain, sizeof plain, sealed, SEALED_SIZE, &len), 0, "sealed");
    is_int(len, SEALED_SIZE, "to the promised length");
    len = 77;
    memset(out, 0x5a, sizeof out);
    is_int(vault_open(v, VAULT_PASSWORD, 1, sealed, SEALED_SIZE, out, sizeof out - 1, &len), -EMSGSIZE,
           "no room to open");
    for (size_t cut = 0; cut < SEALED_SIZE; cut += 7)
        is_int(vault_open(v, VAULT_PASSWORD, 1, sealed, cut, out, sizeof out, &len), -EBADMSG, "cut to %zu", cut);
    ok(len == 77 && out[0] == 0x5a && out[sizeof out - 1] == 0x5a, "nothing was written");
}

static void check_bound(struct vault *v, struct vault *other)
{
    unsigned char sealed[SEALED_SIZE], again[SEALED_SIZE], out[sizeof plain];
    size_t len = 0;
    is_int(vault_seal(v, VAULT_PASSWORD, 7, plain, sizeof plain, sealed, sizeof sealed, &len), 0,
           "sealed for account 7");
    is_int(vault_seal(v, VAULT_PASSWORD, 7, plain, sizeof plain, again, sizeof again, &len), 0, "and once more");
    ok(memcmp(sealed, again, sizeof sealed) != 0, "never twice the same");
    ok(memmem(sealed, sizeof sealed, "argon", 5) == NULL, "nothing to read in it");
    is_int(vault_open(v, VAULT_PASSWORD, 8, sealed, sizeof sealed, out, sizeof out, &len), -EBADMSG,
           "not for account 8");
    is_int(vault_open(v, VAULT_CODE_SECRET, 7, sealed, sizeof sealed, out, sizeof out, &len), -EBADMSG,
           "not as a secret");
    is_int(vault_open(other, VAULT_PASSWORD, 7, sealed, sizeof sealed, out, sizeof out, &len), -EBADMSG,
           "not by another key");
    len = 0;
    is_int(vault_open(v, VAULT_PASSWORD, 7, sealed, sizeof sealed, out, sizeof out, &len), 0, "opens for account 7");
    ok(len == sizeof plain && memcmp(out, plain, len) == 0, "to what it was");
}

static void check_bits(struct vault *v)
{
    unsigned char sealed[SEALED_SIZE], out[sizeof plain];
    size_t len = 0;
    int opened = 0, touched = 0;
    is_int(vault_seal(v, VAULT_AUDIT_KEY, 0, plain, sizeof plain, sealed, sizeof sealed, &len), 0,
           "sealed for the host");
    memset(out, 0x5a, sizeof out);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        opened += vault_open(v, VAULT_AUDIT_KEY, 0, sealed, sizeof sealed, out, sizeof out, &len) != -EBADMSG;
        touched += out[0] != 0x5a;
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    is_int(opened, 0, "each single bit matters");
    is_int(touched, 0, "a value that does not open leaves the output alone");
}

static void check_names(struct vault *v, struct vault *other)
{
    unsigned char a[VAULT_NAME_SIZE], b[VAULT_NAME_SIZE];
    vault_name(v, VAULT_NAMES_LIMIT, "ada", a);
    vault_name(v, VAULT_NAMES_LIMIT, "ada", b);
    ok(memcmp(a, b, sizeof a) == 0, "same name, same hash");
    vault_name(v, VAULT_NAMES_LIMIT, "adb", b);
    ok(memcmp(a, b, sizeof a) != 0, "another name");
    vault_name(v, VAULT_NAMES_UNKNOWN, "ada", b);
    ok(memcmp(a, b, sizeof a) != 0, "another purpose");
    vault_name(other, VAULT_NAMES_LIMIT, "ada", b);
    ok(memcmp(a, b, sizeof a) != 0, "another key");
}

int main(void)
{
    unsigned char other_key[VAULT_KEY_SIZE];
    memcpy(other_key, key, sizeof key);
    other_key[31] ^= 1;
    struct vault *v = vault_new(key), *other = vault_new(other_key);
    if (!ok(v != NULL && other != NULL, "two vaults"))
        return tap_done();
    check_sizes(v);
    check_bound(v, other);
    check_bits(v);
    check_names(v, other);
    vault_free(v);
    vault_free(other);
    vault_free(NULL);
    return tap_done();
}
