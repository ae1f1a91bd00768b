/* SPDX-License-Identifier: MIT
 *
 * IP addresses and networks as bits: an address is a network of one. Reads and writes them, cuts them to a prefix, and
 * says which lies in which. Never resolves a name. Pure.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { NETWORK_TEXT_SIZE = 50 }; /* 45 of IPv6, "/128", NUL */

struct network {
    bool ipv6;
    uint8_t prefix;    /* bits: at most 32 or 128 */
    uint8_t bytes[16]; /* those behind the prefix are 0; IPv4 has 4 */
};

/* One address, in the spelling of inet_pton(3). IPv6 may have a scope id (%eth0), which is dropped; IPv6 that stands
 * for IPv4 (::ffff:1.2.3.4, ::1.2.3.4) is that. -EINVAL: anything else. */
int network_parse_address(const char *text, struct network *ret) __attribute__((warn_unused_result));

/* ADDRESS/PREFIX as in a config: no scope id, no IPv6 that stands for IPv4, no bits behind the prefix. -EINVAL. */
int network_parse(const char *text, struct network *ret) __attribute__((warn_unused_result));

/* What network_parse() would take instead of text: the network without bits behind its prefix, the address with one,
 * IPv4 for what stands for it. -EINVAL: no network at all. */
int network_mend(const char *text, struct network *ret) __attribute__((warn_unused_result));

/* Shortens the prefix to at most that many bits. */
void network_cut(struct network *n, unsigned prefix);

/* Is all of part within whole? An IPv4 network is within no IPv6 one. */
bool network_has(const struct network *whole, const struct network *part);

/* ADDRESS/PREFIX in the canonical form of inet_ntop(3). */
void network_print(const struct network *n, char out[NETWORK_TEXT_SIZE]);

#endif
