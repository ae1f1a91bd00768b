/* SPDX-License-Identifier: MIT
 *
 * The audit's hash chain. hash(n) = BLAKE2b(hash(n-1), row n) shows that nothing between two known points was changed;
 * mac(n) under a key that is replaced by its own hash after each row shows that whoever takes the machine over today
 * cannot rewrite yesterday for somebody who kept an earlier key. Pure.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stddef.h>
#include <stdint.h>

enum { CHAIN_HASH_SIZE = 32, CHAIN_KEY_SIZE = 32, CHAIN_MAC_SIZE = 16 };

struct chain {
    unsigned char hash[CHAIN_HASH_SIZE]; /* of the last row; zero before the first */
    unsigned char key[CHAIN_KEY_SIZE];   /* for the next row */
};

/* Takes the canonical bytes of a new row in: hash moves on, *ret_mac is made with the present key, the key evolves and
 * the old one is wiped. */
void chain_append(struct chain *c, const void *row, size_t len, unsigned char ret_mac[CHAIN_MAC_SIZE]);

/* MAC of the head under the present key: what is stored beside it, so that a cut-off tail shows. */
void chain_head_mac(const struct chain *c, unsigned char ret_mac[CHAIN_MAC_SIZE]);

#endif
