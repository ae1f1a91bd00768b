/* SPDX-License-Identifier: MIT
 *
 * The types of config.def that are lists of what no table knows: names, networks, patterns of ttys. config_value's
 * table of types calls them; parse and print are as config_value's, on the field itself. Also how any list is taken
 * apart.
 */
#ifndef CONFIG_LIST_H
#define CONFIG_LIST_H

#include "config_value.h"

/* The next word of *rest: its start, its length in *ret_len; NULL at the end. */
const char *config_list_next(const char **rest, size_t *ret_len);

int config_list_parse_words(const struct config_row *row, const char *text, void *field);
int config_list_parse_ttys(const struct config_row *row, const char *text, void *field);
int config_list_print_words(const struct config_row *row, const void *field, char *out, size_t cap);

int config_list_parse_networks(const struct config_row *row, const char *text, void *field);
int config_list_print_networks(const struct config_row *row, const void *field, char *out, size_t cap);

/* ", and 10.0.0.0/8 for 10.0.0.7/8": about the first word that is nearly a network; "" if none is. */
void config_list_hint_networks(const char *text, char *out, size_t cap);

#endif
