/* SPDX-License-Identifier: MIT
 *
 * Where an attempt comes from, in one canonical form, so that a guesser cannot be a new source by spelling an address
 * anew. Never resolves a name. Pure.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "msg.h"

enum { SOURCE_TEXT_SIZE = 272, SOURCE_NET_SIZE = 64, SOURCE_KEY_SIZE = 55 };

enum source_kind {
    SOURCE_ADDRESS, /* IPv4 /32 or IPv6 /64 */
    SOURCE_NAME,    /* RHOST that is not an address: opaque */
    SOURCE_CONSOLE, /* a tty of `consoles`, of a program of `console_services` that runs as root */
    SOURCE_LOCAL,   /* sudo, su: the caller's uid */
    SOURCE_SELF,    /* a peer that is not root, about its own account */
};

struct source {
    enum source_kind kind;
    /* "10.0.0.7", "2001:db8:0:1::/64", "name:...", "console:tty1", "uid:1000", "self:1000" */
    char text[SOURCE_TEXT_SIZE];
    /* What it is a part of: "10.0.0.0/16", "2001:db8::/48", "names" for all names together; "" for proxies and all that
     * is on this host. */
    char net[SOURCE_NET_SIZE];
    bool counted;      /* failures from here are counted together, whatever the account: not for console and proxies */
    bool always_known; /* console and self */
    bool may_be_known; /* a full success here is remembered; never for loopback and this host's addresses */
};

struct source_facts {
    bool peer_is_root;
    uint32_t peer_uid;
    uint32_t caller_uid;
    const char *service;
    const char *tty;
    const char *rhost;
    bool own_address; /* rhost is an address of this host, as the module sees it */
};

/* Fills *ret from what the peer said, of which nothing is believed of a peer that is not root. v4-mapped IPv6 is IPv4;
 * a scope id is dropped; the rest of an IPv6 address after /64 is dropped; names over 255 bytes keep a digest-free
 * prefix of 255 (they share one source: harmless). */
void source_from(struct source *ret, const struct source_facts *facts, const struct config_authcd *config);

/* The same from a BEGIN and the uid of the peer that sent it. */
void source_of_begin(struct source *ret, const struct msg_begin *begin, uint32_t peer_uid,
                     const struct config_authcd *config);

/* "key:SHA256:..." as ssh-keygen -l prints it, of the first whole line "publickey ALG BASE64" of what sshd left in
 * SSH_AUTH_INFO_0. Certificates are hashed as they stand. -ENOENT: no such line; out is then untouched. */
int source_key(const char *auth_info, char out[SOURCE_KEY_SIZE]) __attribute__((warn_unused_result));

#endif
