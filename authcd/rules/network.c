/* SPDX-License-Identifier: MIT
 *
 * See network.h. The text forms are libc's inet_pton and inet_ntop, which take no abbreviation, no octal and no white
 * space; all that is added is the prefix.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static unsigned bits(const struct network *n)
{
    return n->ipv6 ? 128 : 32;
}

/* len bytes of text are one address; no scope id, and IPv6 stays what it is. */
static int read_address(const char *text, size_t len, struct network *ret)
{
    char copy[INET6_ADDRSTRLEN] = "";
    struct network n = {0};
    if (len >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text, len);
    n.ipv6 = strchr(copy, ':') != NULL;
    if (inet_pton(n.ipv6 ? AF_INET6 : AF_INET, copy, n.bytes) != 1)
        return -EINVAL;
    n.prefix = (uint8_t)bits(&n);
    *ret = n;
    return 0;
}

/* IPv6 that stands for IPv4 becomes that, if all of it does. */
static bool unmap(struct network *n)
{
    struct in6_addr in6;
    memcpy(&in6, n->bytes, sizeof in6);
    if (!n->ipv6 || n->prefix < 96 || !(IN6_IS_ADDR_V4MAPPED(&in6) || IN6_IS_ADDR_V4COMPAT(&in6)))
        return false;
    struct network ipv4 = {.prefix = (uint8_t)(n->prefix - 96)};
    memcpy(ipv4.bytes, n->bytes + 12, 4);
    *n = ipv4;
    return true;
}

int network_parse_address(const char *text, struct network *ret)
{
    size_t len = strcspn(text, "%");
    struct network n;
    if (read_address(text, len, &n) < 0 || (text[len] != '\0' && !n.ipv6))
        return -EINVAL;
    unmap(&n);
    *ret = n;
    return 0;
}

void network_cut(struct network *n, unsigned prefix)
{
    if (prefix >= n->prefix)
        return;
    n->prefix = (uint8_t)prefix;
    for (unsigned i = 0; i < sizeof n->bytes; i++) {
        unsigned kept = prefix > i * 8 ? prefix - i * 8 : 0;
        if (kept < 8)
            n->bytes[i] &= (uint8_t)(0xFF00 >> kept);
    }
}

/* A network in whatever form. *ret_tidy: it is in the one that a config wants. */
static int read_network(const char *text, struct network *ret, bool *ret_tidy)
{
    size_t len = strcspn(text, "/");
    struct network n, cut;
    uint64_t prefix;
    if (read_address(text, len, &n) < 0)
        return -EINVAL;
    prefix = bits(&n);
    if (text[len] == '/' && text_to_u64(text + len + 1, bits(&n), &prefix) < 0)
        return -EINVAL;
    cut = n;
    network_cut(&cut, (unsigned)prefix);
    *ret_tidy = text[len] == '/' && memcmp(cut.bytes, n.bytes, sizeof n.bytes) == 0;
    *ret_tidy = !unmap(&cut) && *ret_tidy;
    *ret = cut;
    return 0;
}

int network_mend(const char *text, struct network *ret)
{
    bool tidy;
    return read_network(text, ret, &tidy);
}

int network_parse(const char *text, struct network *ret)
{
    struct network n;
    bool tidy;
    if (read_network(text, &n, &tidy) < 0 || !tidy)
        return -EINVAL;
    *ret = n;
    return 0;
}

bool network_has(const struct network *whole, const struct network *part)
{
    struct network cut = *part;
    network_cut(&cut, whole->prefix);
    return memcmp(&cut, whole, sizeof cut) == 0;
}

void network_print(const struct network *n, char out[NETWORK_TEXT_SIZE])
{
    char address[INET6_ADDRSTRLEN];
    inet_ntop(n->ipv6 ? AF_INET6 : AF_INET, n->bytes, address, sizeof address);
    snprintf(out, NETWORK_TEXT_SIZE, "%s/%u", address, n->prefix);
}
