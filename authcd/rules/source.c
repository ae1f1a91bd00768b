/* SPDX-License-Identifier: MIT
 *
 * From what a peer said of an attempt to the one name of its source. An address in any spelling but the usual one is
 * no address: a name that nobody resolves, and so a stranger. Leaves out which sources an account knows (store/buckets)
 * and the host's own addresses, which would take asking the kernel.
 */
#include "source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol.h"

#define ALL_NAMES "names"

enum { NAME_MAX_BYTES = 255, OVERFLOW_UID = 65534 };

/* Programs that run as root and talk to whoever sits before a screen of this host. */
static const char *const console_programs[] = {
    "login", "gdm", "gdm-password", "gdm-fingerprint", "gdm-smartcard", "greetd", "lightdm", "lxdm", "ly", "sddm",
    "slim",  "wdm", "xdm",
};

static const char *const console_ttys[] = {"tty", "ttyS", "hvc", ":"};

/* What programs write for "from here" instead of an address. */
static const char *const loopback_names[] = {
    "localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback",
};

bool source_is_console_program(const char *service)
{
    for (size_t i = 0; i < sizeof console_programs / sizeof *console_programs; i++)
        if (strcmp(console_programs[i], service) == 0)
            return true;
    return false;
}

/* A prefix and a number: tty1, ttyS0, hvc0, :0, :0.0. The number must be all that follows. */
static bool numbered(const char *tty, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(tty, prefix, len) != 0 || tty[len] < '0' || tty[len] > '9')
        return false;
    return tty[len + strspn(tty + len, "0123456789.")] == '\0';
}

/* The console's name without /dev/, or NULL: pseudo terminals and whatever else a peer may claim. */
static const char *console_name(const char *tty)
{
    if (strncmp(tty, "/dev/", 5) == 0)
        tty += 5;
    if (strcmp(tty, "console") == 0)
        return tty;
    for (size_t i = 0; i < sizeof console_ttys / sizeof *console_ttys; i++)
        if (numbered(tty, console_ttys[i]))
            return tty;
    return NULL;
}

/* A peer that is not root and sudo run by the same person are two sources: the first may be asked for less, and its
 * success must not forgive what was guessed at the second. */
static void from_uid(struct source *s, enum source_kind kind, uint32_t uid)
{
    /* Nobody in particular: what "no uid" and uids from other user namespaces look like. */
    bool real = uid != PROTOCOL_NO_UID && uid != OVERFLOW_UID;
    s->kind = kind;
    s->counted = true;
    s->always_known = kind == SOURCE_SELF && real;
    s->may_be_known = kind == SOURCE_LOCAL && real;
    snprintf(s->text, sizeof s->text, "%s:%u", kind == SOURCE_SELF ? "self" : "uid", uid);
}

static void print_ipv4(char *out, size_t cap, uint32_t address, const char *suffix)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr in = {.s_addr = htonl(address)};
    snprintf(out, cap, "%s%s", inet_ntop(AF_INET, &in, text, sizeof text), suffix);
}

/* The first bytes of address, as the network that they name. */
static void print_ipv6(char *out, size_t cap, struct in6_addr address, size_t bytes)
{
    char text[INET6_ADDRSTRLEN];
    memset(address.s6_addr + bytes, 0, sizeof address.s6_addr - bytes);
    snprintf(out, cap, "%s/%zu", inet_ntop(AF_INET6, &address, text, sizeof text), bytes * 8);
}

static void from_ipv4(struct source *s, uint32_t address)
{
    s->kind = SOURCE_ADDRESS;
    s->counted = true;
    s->may_be_known = address >> 24 != 127 && address != INADDR_ANY;
    print_ipv4(s->text, sizeof s->text, address, "");
    print_ipv4(s->net, sizeof s->net, address & 0xFFFF0000, "/16");
}

static void from_ipv6(struct source *s, struct in6_addr address)
{
    if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
        uint32_t ipv4;
        memcpy(&ipv4, address.s6_addr + 12, sizeof ipv4);
        from_ipv4(s, ntohl(ipv4));
        return;
    }
    s->kind = SOURCE_ADDRESS;
    s->counted = true;
    s->may_be_known = !IN6_IS_ADDR_LOOPBACK(&address) && !IN6_IS_ADDR_UNSPECIFIED(&address);
    print_ipv6(s->text, sizeof s->text, address, 8);
    print_ipv6(s->net, sizeof s->net, address, 6);
}

static bool from_address(struct source *s, const char *rhost)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, rhost, &ipv4) == 1) {
        from_ipv4(s, ntohl(ipv4.s_addr));
        return true;
    }
    size_t len = strcspn(rhost, "%"); /* fe80::1%eth0 */
    if (len >= sizeof text)
        return false;
    memcpy(text, rhost, len);
    if (inet_pton(AF_INET6, text, &ipv6) != 1)
        return false;
    from_ipv6(s, ipv6);
    return true;
}

static bool is_loopback_name(const char *name)
{
    for (size_t i = 0; i < sizeof loopback_names / sizeof *loopback_names; i++)
        if (strcasecmp(loopback_names[i], name) == 0)
            return true;
    return false;
}

/* Long names are cut at a whole character, and then stand for many: never known. */
static void from_name(struct source *s, const char *rhost)
{
    size_t len = strlen(rhost);
    s->kind = SOURCE_NAME;
    s->counted = true;
    s->may_be_known = len <= NAME_MAX_BYTES && !is_loopback_name(rhost);
    if (len > NAME_MAX_BYTES)
        for (len = NAME_MAX_BYTES; len > 0 && ((unsigned char)rhost[len] & 0xC0) == 0x80;)
            len--;
    snprintf(s->text, sizeof s->text, "name:%.*s", (int)len, rhost);
    snprintf(s->net, sizeof s->net, ALL_NAMES); /* whoever runs a DNS zone has as many as they like */
}

void source_from(struct source *ret, const struct source_facts *facts, const struct config_authcd *config)
{
    (void)config;
    const char *rhost = facts->rhost ? facts->rhost : "";
    const char *console = console_name(facts->tty ? facts->tty : "");
    struct source s = {0};
    if (!facts->peer_is_root) {
        from_uid(&s, SOURCE_SELF, facts->peer_uid);
    } else if (rhost[0] != '\0') {
        if (!from_address(&s, rhost))
            from_name(&s, rhost);
    } else if (console && facts->service && source_is_console_program(facts->service)) {
        s.kind = SOURCE_CONSOLE;
        s.always_known = true;
        snprintf(s.text, sizeof s.text, "console:%.256s", console);
    } else {
        from_uid(&s, SOURCE_LOCAL, facts->caller_uid);
    }
    *ret = s;
}

void source_of_begin(struct source *ret, const struct msg_begin *begin, uint32_t peer_uid,
                     const struct config_authcd *config)
{
    struct source_facts facts = {.peer_is_root = peer_uid == 0,
                                 .peer_uid = peer_uid,
                                 .caller_uid = begin->caller_uid,
                                 .service = begin->service,
                                 .tty = begin->tty,
                                 .rhost = begin->rhost};
    source_from(ret, &facts, config);
}
