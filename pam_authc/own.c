/* SPDX-License-Identifier: MIT
 *
 * See own.h. The kernel is asked, not a list of interfaces: it knows of every address that it would take a packet for,
 * and answers without memory from the heap. Nothing is sent, and the port it gives is given back at once. Where hosts
 * are set up to bind any address (net.ipv4.ip_nonlocal_bind), every one is their own: nobody gets known, nobody gets
 * in.
 */
#include "own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* The length of *ret; 0: rhost is no address. IPv6 that stands for IPv4 is that, also where there is no IPv6. */
static socklen_t parse(const char *rhost, union address *ret)
{
    struct in6_addr *in6 = &ret->ipv6.sin6_addr;
    if (inet_pton(AF_INET, rhost, &ret->ipv4.sin_addr) == 1) {
        ret->any.sa_family = AF_INET;
        return sizeof ret->ipv4;
    }
    if (inet_pton(AF_INET6, rhost, in6) != 1)
        return 0;
    ret->any.sa_family = AF_INET6;
    if (!IN6_IS_ADDR_V4MAPPED(in6) && !IN6_IS_ADDR_V4COMPAT(in6))
        return sizeof ret->ipv6;
    struct in_addr in;
    memcpy(&in, in6->s6_addr + 12, sizeof in);
    *ret = (union address){.ipv4 = {.sin_family = AF_INET, .sin_addr = in}};
    return sizeof ret->ipv4;
}

/* A port that cannot be had is a second question: the address was good for it. */
static bool can_bind(const union address *address, socklen_t len)
{
    int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool can = bind(fd, &address->any, len) == 0 || errno == EADDRINUSE;
    close(fd);
    return can;
}

bool own_address(const char *rhost)
{
    int before = errno;
    union address address = {0};
    socklen_t len = parse(rhost, &address);
    bool own = len > 0 && can_bind(&address, len);
    errno = before;
    return own;
}
