/* SPDX-License-Identifier: MIT
 *
 * The audit's hash chain on BLAKE2b. Each of its four uses has a personalisation of its own, so that a value made for
 * one purpose never passes for another: a row's MAC is no head's MAC, and neither is the next key. What a row's
 * canonical bytes are, where MACs are kept and who verifies them is the store's work.
 */
#include "chain.h"

#include <sodium.h>
#include <string.h>

#define PURPOSE_SIZE crypto_generichash_blake2b_PERSONALBYTES
static const unsigned char for_hash[PURPOSE_SIZE] = "authc chain hash"; /* all 16 bytes: no NUL is meant */
static const unsigned char for_row[PURPOSE_SIZE] = "authc chain row";
static const unsigned char for_head[PURPOSE_SIZE] = "authc chain head";
static const unsigned char for_key[PURPOSE_SIZE] = "authc chain key";

/* BLAKE2b fails only for sizes out of range, and ours are constants: there is no error to hand on. */
static void keyed(unsigned char *out, size_t size, const unsigned char purpose[PURPOSE_SIZE], const struct chain *c)
{
    (void)crypto_generichash_blake2b_salt_personal(out, size, c->hash, sizeof c->hash, c->key, sizeof c->key, NULL,
                                                   purpose);
}

static void take_row(struct chain *c, const void *row, size_t len)
{
    crypto_generichash_blake2b_state state;
    memset(&state, 0, sizeof state);
    (void)crypto_generichash_blake2b_init_salt_personal(&state, NULL, 0, CHAIN_HASH_SIZE, NULL, for_hash);
    (void)crypto_generichash_blake2b_update(&state, c->hash, sizeof c->hash);
    (void)crypto_generichash_blake2b_update(&state, row, len);
    (void)crypto_generichash_blake2b_final(&state, c->hash, sizeof c->hash);
}

void chain_append(struct chain *c, const void *row, size_t len, unsigned char ret_mac[CHAIN_MAC_SIZE])
{
    take_row(c, row, len);
    keyed(ret_mac, CHAIN_MAC_SIZE, for_row, c);

    unsigned char next[CHAIN_KEY_SIZE] = {0};
    (void)crypto_generichash_blake2b_salt_personal(next, sizeof next, NULL, 0, c->key, sizeof c->key, NULL, for_key);
    memcpy(c->key, next, sizeof next);
    sodium_memzero(next, sizeof next);
}

void chain_head_mac(const struct chain *c, unsigned char ret_mac[CHAIN_MAC_SIZE])
{
    keyed(ret_mac, CHAIN_MAC_SIZE, for_head, c);
}
