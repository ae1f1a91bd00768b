/* SPDX-License-Identifier: MIT
 *
 * Is an address one of this host's? Who comes from there comes through something that runs here (a proxy, a forwarded
 * port), and so may be anybody. authcd itself may live without a network and cannot see.
 */
#ifndef OWN_H
#define OWN_H

#include <stdbool.h>

/* True if rhost is an IPv4 or IPv6 address that a socket of this process can be bound to. False for names, which nobody
 * resolves, for addresses with a scope id (fe80::1%eth0), and whenever it cannot be found out. Keeps errno. */
bool own_address(const char *rhost);

#endif
