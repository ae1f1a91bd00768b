/* SPDX-License-Identifier: MIT
 *
 * The audit chain shows any change, removal or swap of rows, and its old keys are gone (A3).
 */
#include "chain.h"

#include <sodium.h>

#include "tap.h"

static const struct chain start = {.hash = {0}, .key = {1, 2, 3}};

static struct chain run(const char *const *rows, size_t n, unsigned char macs[][CHAIN_MAC_SIZE])
{
    struct chain c = start;
    for (size_t i = 0; i < n; i++)
        chain_append(&c, rows[i], strlen(rows[i]), macs[i]);
    return c;
}

static void test_detects(void)
{
    static const char *const rows[] = {"one", "two", "three"};
    static const char *const changed[] = {"one", "twO", "three"};
    static const char *const swapped[] = {"two", "one", "three"};
    static const char *const moved[] = {"onet", "wo", "three"};
    unsigned char macs[3][CHAIN_MAC_SIZE] = {{0}}, again[3][CHAIN_MAC_SIZE] = {{0}}, other[3][CHAIN_MAC_SIZE] = {{0}};

    struct chain a = run(rows, 3, macs), b = run(rows, 3, again);
    ok(memcmp(a.hash, b.hash, sizeof a.hash) == 0, "the same rows give the same head");
    ok(memcmp(macs, again, sizeof macs) == 0, "and the same MACs");

    b = run(changed, 3, other);
    ok(memcmp(a.hash, b.hash, sizeof a.hash) != 0, "a changed row shows in the head");
    ok(memcmp(macs[0], other[0], CHAIN_MAC_SIZE) == 0, "not in the MACs before it");
    ok(memcmp(macs[1], other[1], CHAIN_MAC_SIZE) != 0, "but in its own");
    ok(memcmp(macs[2], other[2], CHAIN_MAC_SIZE) != 0, "and in those after it");

    b = run(swapped, 3, other);
    ok(memcmp(a.hash, b.hash, sizeof a.hash) != 0, "swapped rows show");
    b = run(moved, 3, other);
    ok(memcmp(a.hash, b.hash, sizeof a.hash) != 0, "a byte moved from one row to the next shows");
    b = run(rows, 2, other);
    ok(memcmp(a.hash, b.hash, sizeof a.hash) != 0, "a row cut off shows");
}

static void test_keys(void)
{
    struct chain c = start;
    unsigned char first[CHAIN_MAC_SIZE] = {0}, second[CHAIN_MAC_SIZE] = {0}, head[CHAIN_MAC_SIZE] = {0},
                  later[CHAIN_MAC_SIZE] = {0};
    chain_append(&c, "row", 3, first);
    ok(memcmp(c.key, start.key, CHAIN_KEY_SIZE) != 0, "the key moves on with each row");
    ok(memcmp(c.key, c.hash, CHAIN_KEY_SIZE) != 0, "and is not the hash that anyone can compute");

    struct chain forged = {.key = {0}};
    memcpy(forged.key, c.key, CHAIN_KEY_SIZE);
    chain_append(&forged, "row", 3, second);
    ok(memcmp(forged.hash, c.hash, CHAIN_HASH_SIZE) == 0, "a hash needs no key");
    ok(memcmp(first, second, CHAIN_MAC_SIZE) != 0, "but today's key does not make yesterday's MAC");

    struct chain before = c;
    chain_head_mac(&c, head);
    ok(memcmp(&before, &c, sizeof c) == 0, "a head's MAC changes nothing");
    struct chain copy = {.key = {0}};
    memcpy(copy.hash, c.hash, CHAIN_HASH_SIZE);
    memcpy(copy.key, start.key, CHAIN_KEY_SIZE);
    chain_head_mac(&copy, later);
    ok(memcmp(later, first, CHAIN_MAC_SIZE) != 0, "a row's MAC does not pass for a head's under the same key");
    chain_append(&c, "", 0, second);
    chain_head_mac(&c, later);
    ok(memcmp(head, later, CHAIN_MAC_SIZE) != 0, "an empty row moves the head too");
}

/* Computed with Python's hashlib.blake2b(person=...), so that a later build reads an earlier database. */
static void test_fixed(void)
{
    struct chain c = start;
    unsigned char mac[CHAIN_MAC_SIZE] = {0};
    char hex[2 * CHAIN_HASH_SIZE + 1] = "";
    chain_append(&c, "row", 3, mac);
    is_str(sodium_bin2hex(hex, sizeof hex, c.hash, sizeof c.hash),
           "3b8a3108253a3016edf9496bbbf02196b61b6ccae43c5770ec5ed8fe7c6abb2f", "hash of the first row");
    is_str(sodium_bin2hex(hex, sizeof hex, mac, sizeof mac), "4d2db0edf4f29fb02417eff5bbcd75bd", "its MAC");
    is_str(sodium_bin2hex(hex, sizeof hex, c.key, sizeof c.key),
           "e7877c256410b4f20e6392bbdae4703b7eb364a2f60ace253f92d14ed1a9e3ce", "the next key");
    chain_head_mac(&c, mac);
    is_str(sodium_bin2hex(hex, sizeof hex, mac, sizeof mac), "6aaca6725dcaa759beeece2f4c09c494", "MAC of the head");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_detects();
    test_keys();
    test_fixed();
    return tap_done();
}
