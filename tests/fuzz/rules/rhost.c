/* SPDX-License-Identifier: MIT
 *
 * Any bytes as RHOST: a source with a text that ends, an address or an opaque name, never a console or a uid; an
 * address in its canonical form is its own source again (L8, S8).
 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config, proxied;

static void check_address(const struct source *s)
{
    struct source again;
    char text[SOURCE_TEXT_SIZE];
    memcpy(text, s->text, sizeof text);
    text[strcspn(text, "/")] = '\0'; /* the network's first address */
    struct source_facts facts = {.peer_is_root = true, .service = "sshd", .tty = "ssh", .rhost = text};
    source_from(&again, &facts, &config.authcd);
    if (again.kind != SOURCE_ADDRESS || strcmp(again.text, s->text) != 0 || strcmp(again.net, s->net) != 0)
        abort();
    facts.own_address = true;
    source_from(&again, &facts, &proxied.authcd);
    if (again.counted || again.net[0] != '\0' || again.may_be_known || strcmp(again.text, s->text) != 0)
        abort();
}

/* As it is by default, and where all of the world is a proxy. */
static void make_configs(void)
{
    static const char text[] = "[authcd]\nproxies = 0.0.0.0/0 ::/0\n";
    char error[CONFIG_ERROR_SIZE];
    config_defaults(&config);
    if (config_parse(text, strlen(text), "f", &proxied, error) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char rhost[1025];
    struct source s;
    if (size == 0 || size >= sizeof rhost)
        return 0;
    memcpy(rhost, data, size);
    rhost[size] = '\0';
    if (rhost[0] == '\0')
        return 0;
    memset(&s, 0xa5, sizeof s);
    if (config.n_services == 0)
        make_configs();
    struct source_facts facts = {.peer_is_root = true, .service = "login", .tty = "tty1", .rhost = rhost};
    source_from(&s, &facts, &config.authcd);
    if (!memchr(s.text, '\0', sizeof s.text) || !memchr(s.net, '\0', sizeof s.net) || s.net[0] == '\0' || !s.counted ||
        s.always_known)
        abort();
    if (s.kind == SOURCE_ADDRESS)
        check_address(&s);
    else if (s.kind != SOURCE_NAME || strncmp(s.text, "name:", 5) != 0 || strlen(s.text) > 5 + 255)
        abort();
    return 0;
}
