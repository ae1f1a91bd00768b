/* SPDX-License-Identifier: MIT
 *
 * One parser and one printer for each type of config.def. Strict: a value that could mean two things means none. Leaves
 * out what needs more than one value to judge (config.c's checks) and whether a path or a user exists.
 */
#include "config_value.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config.h"
#include "config_list.h"
#include "text.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Each enum that a CHOICE is read into. */
_Static_assert(sizeof(enum config_limits) == sizeof(unsigned), "CHOICE");
_Static_assert(sizeof(enum config_unenrolled) == sizeof(unsigned), "CHOICE");
_Static_assert(sizeof(enum config_unknown) == sizeof(unsigned), "CHOICE");
_Static_assert(sizeof(enum config_key_replaces) == sizeof(unsigned), "CHOICE");

struct unit {
    const char *name;
    int64_t scale;
};

/* ---- words ---- */

static int place_of(const char *words, const char *word, size_t len)
{
    size_t n;
    int place = 0;
    for (const char *w; (w = config_list_next(&words, &n)); place++)
        if (n == len && memcmp(w, word, len) == 0)
            return place;
    return -1;
}

int config_value_place(const char *words, const char *word)
{
    return place_of(words, word, strlen(word));
}

static int print_place(const char *words, unsigned place, char *out, size_t cap)
{
    size_t len;
    const char *word = config_list_next(&words, &len);
    for (; word && place > 0; place--)
        word = config_list_next(&words, &len);
    return word ? text_format(out, cap, "%.*s", (int)len, word) : text_copy(out, cap, "");
}

/* ---- text ---- */

static int keep_text(const struct config_row *row, const char *text, void *field)
{
    size_t len = strlen(text);
    if (len < (size_t)row->min || len > (size_t)row->max || len >= row->size)
        return -EINVAL;
    memset(field, 0, row->size);
    memcpy(field, text, len);
    return 0;
}

static int print_text(const struct config_row *row, const void *field, char *out, size_t cap)
{
    (void)row;
    return text_copy(out, cap, field);
}

static int parse_word(const struct config_row *row, const char *text, void *field)
{
    return text_is_word(text, (size_t)row->max) ? keep_text(row, text, field) : -EINVAL;
}

/* Every component has a name, and none leads back or nowhere. */
static int parse_path(const struct config_row *row, const char *text, void *field)
{
    const char *rest = text;
    do {
        if (*rest != '/')
            return -EINVAL;
        size_t len = strcspn(++rest, "/");
        if (len == 0 || (len == 1 && rest[0] == '.') || (len == 2 && rest[0] == '.' && rest[1] == '.'))
            return -EINVAL;
        rest += len;
    } while (*rest != '\0');
    return keep_text(row, text, field);
}

/* :PORT, if it is there, and what follows. NULL: not a port. */
static const char *after_port(const char *text)
{
    char port[6] = "";
    uint64_t number;
    if (*text != ':')
        return text;
    size_t len = strspn(++text, DIGITS);
    if (len >= sizeof port)
        return NULL;
    memcpy(port, text, len);
    return text_to_u64(port, 65535, &number) == 0 && number > 0 ? text + len : NULL;
}

/* https://host[:port][/path]. No user, query or fragment, and no character that would need escaping: consumers compare
 * iss byte by byte. */
static int parse_url(const struct config_row *row, const char *text, void *field)
{
    static const char scheme[] = "https://";
    if (*text == '\0')
        return keep_text(row, text, field);
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return -EINVAL;
    const char *host = text + sizeof scheme - 1;
    size_t len = strspn(host, LETTERS DIGITS ".-");
    if (len == 0 && *host == '[') {
        len = 1 + strspn(host + 1, DIGITS "abcdefABCDEF:.");
        if (len < 3 || host[len++] != ']')
            return -EINVAL;
    }
    const char *path = len > 0 ? after_port(host + len) : NULL;
    if (!path || (*path != '\0' && *path != '/') || path[strspn(path, LETTERS DIGITS "/._~-")] != '\0')
        return -EINVAL;
    return keep_text(row, text, field);
}

static int parse_one_of(const struct config_row *row, const char *text, void *field)
{
    if (config_value_place(row->words, text) < 0 || strlen(text) >= row->size)
        return -EINVAL;
    memset(field, 0, row->size);
    memcpy(field, text, strlen(text));
    return 0;
}

/* ---- numbers ---- */

/* What a type of number is written in, and how many of the smallest unit one of what is kept makes. */
struct number {
    const struct unit *units;
    int64_t scale;
};

static const struct unit plain[] = {{"", 1}, {0}};
static const struct unit sizes[] = {
    {"KiB", INT64_C(1) << 10}, {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30}, {0}};
static const struct unit times[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {0}};

static const struct number numbers[CONFIG_TYPES] = {
    [CONFIG_TYPE_COUNT] = {plain, 1},
    [CONFIG_TYPE_SIZE] = {sizes, 1},
    [CONFIG_TYPE_SECONDS] = {times, 1000},
    [CONFIG_TYPE_MILLIS] = {times, 1},
};

/* Digits and a unit, without a space between. */
static int parse_scaled(const struct unit *units, const char *text, int64_t *ret)
{
    char digits[20] = "";
    uint64_t number;
    size_t len = strspn(text, DIGITS);
    if (len >= sizeof digits)
        return -EINVAL;
    memcpy(digits, text, len);
    while (units->name && strcmp(text + len, units->name) != 0)
        units++;
    if (!units->name || text_to_u64(digits, (uint64_t)(INT64_MAX / units->scale), &number) < 0)
        return -EINVAL;
    *ret = (int64_t)number * units->scale;
    return 0;
}

/* In the largest unit that leaves no rest; nothing is so many of the smallest that what is kept can be written in. */
static int print_scaled(const struct unit *units, int64_t value, int64_t kept, char *out, size_t cap)
{
    const struct unit *best = units;
    while (best->scale < kept)
        best++;
    for (const struct unit *u = units; u->name; u++)
        if (value >= u->scale && value % u->scale == 0)
            best = u;
    return text_format(out, cap, "%lld%s", (long long)(value / best->scale), best->name);
}

/* Signed and unsigned fields alike: the bounds keep both within what either can hold. */
static int parse_number(const struct config_row *row, const char *text, void *field)
{
    const struct number *number = &numbers[row->type];
    int64_t value;
    if (parse_scaled(number->units, text, &value) < 0 || value % number->scale != 0)
        return -EINVAL;
    value /= number->scale;
    if (value < row->min || value > row->max)
        return -EINVAL;
    memcpy(field, &value, sizeof value);
    return 0;
}

static int print_number(const struct config_row *row, const void *field, char *out, size_t cap)
{
    const struct number *number = &numbers[row->type];
    int64_t value;
    memcpy(&value, field, sizeof value);
    return print_scaled(number->units, value * number->scale, number->scale, out, cap);
}

/* ---- choices and lists ---- */

static int parse_choice(const struct config_row *row, const char *text, void *field)
{
    int place = config_value_place(row->words, text);
    unsigned value = (unsigned)place;
    if (place < 0)
        return -EINVAL;
    memcpy(field, &value, sizeof value);
    return 0;
}

static int print_choice(const struct config_row *row, const void *field, char *out, size_t cap)
{
    unsigned value;
    memcpy(&value, field, sizeof value);
    return print_place(row->words, value, out, cap);
}

static int parse_yes_no(const struct config_row *row, const char *text, void *field)
{
    int place = config_value_place(row->words, text);
    if (place < 0)
        return -EINVAL;
    *(bool *)field = place == 1;
    return 0;
}

static int print_yes_no(const struct config_row *row, const void *field, char *out, size_t cap)
{
    return print_place(row->words, *(const bool *)field ? 1 : 0, out, cap);
}

/* Reads a list into the places of its words: at least one, at most max, each once. */
static int parse_places(const char *words, const char *text, int *ret_places, size_t max, size_t *ret_n)
{
    size_t len, n = 0;
    for (const char *word; (word = config_list_next(&text, &len)); n++) {
        int place = place_of(words, word, len);
        if (place < 0 || n == max)
            return -EINVAL;
        for (size_t i = 0; i < n; i++)
            if (ret_places[i] == place)
                return -EINVAL;
        ret_places[n] = place;
    }
    *ret_n = n;
    return n > 0 ? 0 : -EINVAL;
}

/* Appends the word at that place, after a space if it is not the first. */
static int add_place(const char *words, unsigned place, char *out, size_t cap)
{
    size_t used = strlen(out);
    if (used > 0 && used + 1 < cap)
        out[used++] = ' ';
    return print_place(words, place, out + used, cap - used);
}

static int parse_factors(const struct config_row *row, const char *text, void *field)
{
    struct config_factors factors = {0};
    int places[CONFIG_FACTORS_MAX] = {0};
    if (parse_places(row->words, text, places, CONFIG_FACTORS_MAX, &factors.n) < 0)
        return -EINVAL;
    for (size_t i = 0; i < factors.n; i++)
        factors.kinds[i] = (enum config_factor)(places[i] + 1);
    memcpy(field, &factors, sizeof factors);
    return 0;
}

static int print_factors(const struct config_row *row, const void *field, char *out, size_t cap)
{
    const struct config_factors *factors = field;
    int r = text_copy(out, cap, "");
    for (size_t i = 0; r == 0 && i < factors->n; i++)
        r = add_place(row->words, (unsigned)factors->kinds[i] - 1, out, cap);
    return r;
}

static int parse_roles(const struct config_row *row, const char *text, void *field)
{
    struct config_roles roles = {0};
    int places[CONFIG_ROLES_MAX] = {0};
    if (parse_places(row->words, text, places, CONFIG_ROLES_MAX, &roles.n) < 0)
        return -EINVAL;
    for (size_t i = 0; i < roles.n; i++)
        if (print_place(row->words, (unsigned)places[i], roles.names[i], sizeof roles.names[i]) < 0)
            return -EINVAL;
    memcpy(field, &roles, sizeof roles);
    return 0;
}

static int print_roles(const struct config_row *row, const void *field, char *out, size_t cap)
{
    const struct config_roles *roles = field;
    int r = text_copy(out, cap, "");
    for (size_t i = 0; r == 0 && i < roles->n; i++)
        r = add_place(row->words, (unsigned)config_value_place(row->words, roles->names[i]), out, cap);
    return r;
}

/* ---- the table of types ---- */

static const struct {
    int (*parse)(const struct config_row *row, const char *text, void *field);
    int (*print)(const struct config_row *row, const void *field, char *out, size_t cap);
    const char *wants;
} types[CONFIG_TYPES] = {
    [CONFIG_TYPE_WORD] = {parse_word, print_text, "a name of A-Z a-z 0-9 . _ -"},
    [CONFIG_TYPE_PATH] = {parse_path, print_text, "an absolute path, not too long, without . and .. and //"},
    [CONFIG_TYPE_URL] = {parse_url, print_text, "https://HOST, with :PORT and /PATH at most"},
    [CONFIG_TYPE_COUNT] = {parse_number, print_number, "a number"},
    [CONFIG_TYPE_SIZE] = {parse_number, print_number, "a size like 64MiB"},
    [CONFIG_TYPE_SECONDS] = {parse_number, print_number, "a time like 90s or 15m"},
    [CONFIG_TYPE_MILLIS] = {parse_number, print_number, "a time like 500ms or 2s"},
    [CONFIG_TYPE_CHOICE] = {parse_choice, print_choice, "one of"},
    [CONFIG_TYPE_ONE_OF] = {parse_one_of, print_text, "one of"},
    [CONFIG_TYPE_YES_NO] = {parse_yes_no, print_yes_no, "one of"},
    [CONFIG_TYPE_FACTORS] = {parse_factors, print_factors, "some of, each once"},
    [CONFIG_TYPE_ROLES] = {parse_roles, print_roles, "some of, each once"},
    [CONFIG_TYPE_WORDS] = {config_list_parse_words, config_list_print_words,
                           "up to 32 names of A-Z a-z 0-9 . _ -, each once"},
    [CONFIG_TYPE_NETWORKS] = {config_list_parse_networks, config_list_print_networks,
                              "up to 32 networks like 10.0.0.0/8 or 2001:db8::/32, each once"},
    [CONFIG_TYPE_TTYS] = {config_list_parse_ttys, config_list_print_words,
                          "up to 32 ttys like tty1 or tty[0-9]*, each once"},
};

int config_value_parse(const struct config_row *row, const char *text, void *section)
{
    return types[row->type].parse(row, text, (char *)section + row->offset);
}

int config_value_print(const struct config_row *row, const void *section, char *out, size_t cap)
{
    return types[row->type].print(row, (const char *)section + row->offset, out, cap);
}

void config_value_wants(const struct config_row *row, const char *text, char *out, size_t cap)
{
    char min[32] = "", max[32] = "", hint[128] = "";
    const struct number *number = &numbers[row->type];
    int r = text_copy(out, cap, types[row->type].wants);
    if (number->units && print_scaled(number->units, row->min * number->scale, number->scale, min, sizeof min) == 0 &&
        print_scaled(number->units, row->max * number->scale, number->scale, max, sizeof max) == 0)
        r = text_format(out, cap, "%s, from %s to %s", types[row->type].wants, min, max);
    else if (row->words)
        r = text_format(out, cap, "%s: %s", types[row->type].wants, row->words);
    else if (row->type == CONFIG_TYPE_NETWORKS) {
        config_list_hint_networks(text, hint, sizeof hint);
        r = text_format(out, cap, "%s%s", types[row->type].wants, hint);
    }
    if (r < 0 && cap > 0)
        out[0] = '\0';
}
