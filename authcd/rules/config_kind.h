/* SPDX-License-Identifier: MIT
 *
 * The four kinds of section that authcd.conf has, each with its rows of config.def: what config and config_file share.
 */
#ifndef CONFIG_KIND_H
#define CONFIG_KIND_H

#include "config_value.h"

enum config_kind_place {
    CONFIG_KIND_AUTHCD,
    CONFIG_KIND_SERVICE,
    CONFIG_KIND_ROLE,
    CONFIG_KIND_AUDIENCE,
    CONFIG_KINDS
};

struct config_kind {
    const char *title;
    const struct config_row *rows; /* a row's place is its bit in the section's `set` */
    size_t n;
};

extern const struct config_kind config_kinds[CONFIG_KINDS];

/* Gives a section of that kind (a struct config_authcd, _service, _role or _audience) the defaults that it has. */
void config_kind_fill(enum config_kind_place place, void *section);

#endif
