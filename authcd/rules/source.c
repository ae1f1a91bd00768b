/* SPDX-License-Identifier: MIT
 *
 * From what a peer said of an attempt to the one name of its source. An address in any spelling but the usual one is
 * no address: a name that nobody resolves, and so a stranger. Leaves out which sources an account knows (store/buckets)
 * and which addresses are this host's, which the module has to say: authcd may see no network.
 */
#include "source.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "network.h"
#include "protocol.h"

enum { NAME_MAX_BYTES = 255, OVERFLOW_UID = 65534 };

/* How much of an address one person has, and how much one network. */
enum { IPV6_ONE = 64, IPV6_NET = 48, IPV4_NET = 16 };

/* From here: 127.0.0.0/8 and ::1, and the address of nobody, which Linux takes for the same. */
static const struct network here[] = {
    {.prefix = 8, .bytes = {127}},
    {.prefix = 32},
    {.ipv6 = true, .prefix = 128, .bytes = {[15] = 1}},
    {.ipv6 = true, .prefix = 128},
};

/* What programs write for "from here" instead of an address. */
static const char *const loopback_names[] = {
    "localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback",
};

static bool is_within(const struct network *address, const struct network *networks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (network_has(&networks[i], address))
            return true;
    return false;
}

/* ---- this host ---- */

static bool is_console_service(const struct config_words *services, const char *service)
{
    for (size_t i = 0; i < services->n; i++)
        if (strcmp(services->words[i], service) == 0)
            return true;
    return false;
}

/* The console's name without /dev/, or NULL: pseudo terminals and whatever else a peer may claim. A pattern's * is no
 * slash, so pts/0 would have to be asked for by name. */
static const char *console_name(const struct config_words *patterns, const char *tty)
{
    if (strncmp(tty, "/dev/", 5) == 0)
        tty += 5;
    if (tty[strspn(tty, CONFIG_TTY_LETTERS)] != '\0')
        return NULL;
    for (size_t i = 0; i < patterns->n; i++)
        if (fnmatch(patterns->words[i], tty, FNM_PATHNAME | FNM_NOESCAPE) == 0)
            return tty;
    return NULL;
}

static void from_console(struct source *s, const char *console)
{
    s->kind = SOURCE_CONSOLE;
    s->always_known = true;
    snprintf(s->text, sizeof s->text, "console:%.256s", console);
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

/* ---- elsewhere ---- */

/* Nothing is counted of a proxy's address: who is behind it cannot be told apart, and all would wait for one. */
static void from_address(struct source *s, const struct network *address, const struct config_networks *proxies)
{
    char text[NETWORK_TEXT_SIZE];
    struct network one = *address, net = *address;
    network_cut(&one, address->ipv6 ? IPV6_ONE : 32);
    network_cut(&net, address->ipv6 ? IPV6_NET : IPV4_NET);
    network_print(&one, text);
    if (!address->ipv6)
        text[strcspn(text, "/")] = '\0';
    snprintf(s->text, sizeof s->text, "%s", text);
    s->kind = SOURCE_ADDRESS;
    s->may_be_known = !is_within(address, here, sizeof here / sizeof *here);
    s->counted = !is_within(address, proxies->networks, proxies->n);
    if (!s->counted)
        return;
    network_print(&net, text);
    snprintf(s->net, sizeof s->net, "%s", text);
}

static bool is_loopback_name(const char *name)
{
    for (size_t i = 0; i < sizeof loopback_names / sizeof *loopback_names; i++)
        if (strcasecmp(loopback_names[i], name) == 0)
            return true;
    return false;
}

/* Long names are cut at a whole character, and then stand for many: never known. All names are of one net, because
 * whoever runs a zone of DNS has as many as they like. */
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
    snprintf(s->net, sizeof s->net, "names");
}

static void from_rhost(struct source *s, const char *rhost, const struct config_networks *proxies)
{
    struct network address;
    if (network_parse_address(rhost, &address) == 0)
        from_address(s, &address, proxies);
    else
        from_name(s, rhost);
}

void source_from(struct source *ret, const struct source_facts *facts, const struct config_authcd *config)
{
    const char *rhost = facts->rhost ? facts->rhost : "";
    const char *console = console_name(&config->consoles, facts->tty ? facts->tty : "");
    struct source s = {0};
    if (!facts->peer_is_root)
        from_uid(&s, SOURCE_SELF, facts->peer_uid);
    else if (rhost[0] != '\0')
        from_rhost(&s, rhost, &config->proxies);
    else if (console && facts->service && is_console_service(&config->console_services, facts->service))
        from_console(&s, console);
    else
        from_uid(&s, SOURCE_LOCAL, facts->caller_uid);
    if (s.kind == SOURCE_ADDRESS && facts->own_address)
        s.may_be_known = false;
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
                                 .rhost = begin->rhost,
                                 .own_address = begin->flags & BEGIN_OWN_ADDRESS};
    source_from(ret, &facts, config);
}
