/* SPDX-License-Identifier: MIT
 *
 * The types of config.def: for each how a value is read, checked against its row and written again. Whatever is printed
 * reads back as the same value. Knows nothing of sections, lines or files.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#define CONFIG_VALUE_ROLES "superadmin admin moderator user guest" /* in rank order */
#define CONFIG_VALUE_CONSOLE_SERVICES                                                                                  \
    "login gdm gdm-password gdm-fingerprint gdm-smartcard greetd lightdm lxdm ly sddm slim wdm xdm"

enum config_type {
    CONFIG_TYPE_WORD,
    CONFIG_TYPE_PATH,
    CONFIG_TYPE_URL,
    CONFIG_TYPE_COUNT,
    CONFIG_TYPE_SIZE,
    CONFIG_TYPE_SECONDS,
    CONFIG_TYPE_MILLIS,
    CONFIG_TYPE_CHOICE,
    CONFIG_TYPE_ONE_OF,
    CONFIG_TYPE_YES_NO,
    CONFIG_TYPE_FACTORS,
    CONFIG_TYPE_ROLES,
    CONFIG_TYPE_WORDS,
    CONFIG_TYPE_NETWORKS,
    CONFIG_TYPE_TTYS,
    CONFIG_TYPES,
};

/* A row of config.def. */
struct config_row {
    const char *key;
    enum config_type type;
    size_t offset, size; /* of the field in its section's struct */
    const char *fallback;
    int64_t min, max;
    const char *words;
    const char *help;
};

/* Reads text into the row's field of section. -EINVAL: not of the type, or out of the row's bounds; the field is then
 * untouched. */
int config_value_parse(const struct config_row *row, const char *text, void *section)
    __attribute__((warn_unused_result));

/* Writes the row's field of section as it would stand in the file. -EMSGSIZE. */
int config_value_print(const struct config_row *row, const void *section, char *out, size_t cap)
    __attribute__((warn_unused_result));

/* What would be right instead of text, for people: "a size like 64MiB, from 19MiB to 2GiB". */
void config_value_wants(const struct config_row *row, const char *text, char *out, size_t cap);

/* The place of word in a list of words, from 0; -1 if it is not there. */
int config_value_place(const char *words, const char *word);

#endif
