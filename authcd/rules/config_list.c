/* SPDX-License-Identifier: MIT
 *
 * See config_list.h. A list that would not fit a line when printed is refused, so that whatever is read can be shown
 * and read again. Leaves out whether a service or a tty exists.
 */
#include "config_list.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config.h"
#include "text.h"

const char *config_list_next(const char **rest, size_t *ret_len)
{
    const char *word = *rest + strspn(*rest, " \t");
    *ret_len = strcspn(word, " \t");
    *rest = word + *ret_len;
    return *ret_len > 0 ? word : NULL;
}

/* The next word as text of its own. -ENOENT: no more; -EMSGSIZE. */
static int take_word(const char **rest, char *out, size_t cap)
{
    size_t len;
    const char *word = config_list_next(rest, &len);
    return word ? text_format(out, cap, "%.*s", (int)len, word) : -ENOENT;
}

static int add_word(char *out, size_t cap, const char *word)
{
    size_t used = strlen(out);
    return text_format(out + used, cap - used, "%s%s", used > 0 ? " " : "", word);
}

/* ---- words ---- */

static bool have_word(const struct config_words *words, const char *word)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->words[i], word) == 0)
            return true;
    return false;
}

int config_list_print_words(const struct config_row *row, const void *field, char *out, size_t cap)
{
    const struct config_words *words = field;
    int r = text_copy(out, cap, "");
    (void)row;
    for (size_t i = 0; r == 0 && i < words->n; i++)
        r = add_word(out, cap, words->words[i]);
    return r;
}

static int parse(const struct config_row *row, const char *text, bool (*is_good)(const char *word), void *field)
{
    struct config_words words = {0};
    char word[CONFIG_NAME_SIZE], printed[CONFIG_VALUE_SIZE];
    int r;
    while ((r = take_word(&text, word, sizeof word)) == 0) {
        if (words.n == (size_t)row->max || words.n == CONFIG_WORDS_MAX || have_word(&words, word) || !is_good(word))
            return -EINVAL;
        memcpy(words.words[words.n++], word, strlen(word) + 1);
    }
    if (r != -ENOENT || words.n < (size_t)row->min || config_list_print_words(row, &words, printed, sizeof printed) < 0)
        return -EINVAL;
    memcpy(field, &words, sizeof words);
    return 0;
}

static bool is_name(const char *word)
{
    return text_is_word(word, CONFIG_NAME_SIZE - 1);
}

int config_list_parse_words(const struct config_row *row, const char *text, void *field)
{
    return parse(row, text, is_name, field);
}

/* ---- patterns ---- */

/* [0-9], [!a-c]: from [ to the first ] with something between. Returns what follows; NULL: never closed. */
static const char *after_set(const char *set)
{
    const char *inside = set + 1 + (set[1] == '!');
    size_t len = strspn(inside, CONFIG_TTY_LETTERS);
    return len > 0 && inside[len] == ']' ? inside + len + 1 : NULL;
}

/* One that can match: /dev/ is taken off the tty's name before. */
static bool is_tty(const char *word)
{
    const char *at = word;
    if (*word == '/' || strncmp(word, "dev/", 4) == 0 || strstr(word, "//") || strstr(word, "**"))
        return false;
    while (at && *at != '\0') {
        size_t len = strspn(at, CONFIG_TTY_LETTERS "*?");
        at += len;
        if (*at == '[')
            at = after_set(at);
        else if (*at != '\0')
            at = NULL;
    }
    return at != NULL;
}

int config_list_parse_ttys(const struct config_row *row, const char *text, void *field)
{
    return parse(row, text, is_tty, field);
}

/* ---- networks ---- */

static bool have_network(const struct config_networks *all, const struct network *n)
{
    for (size_t i = 0; i < all->n; i++)
        if (memcmp(&all->networks[i], n, sizeof *n) == 0)
            return true;
    return false;
}

int config_list_print_networks(const struct config_row *row, const void *field, char *out, size_t cap)
{
    const struct config_networks *all = field;
    char word[NETWORK_TEXT_SIZE];
    int r = text_copy(out, cap, "");
    (void)row;
    for (size_t i = 0; r == 0 && i < all->n; i++) {
        network_print(&all->networks[i], word);
        r = add_word(out, cap, word);
    }
    return r;
}

int config_list_parse_networks(const struct config_row *row, const char *text, void *field)
{
    struct config_networks all = {0};
    struct network n;
    char word[NETWORK_TEXT_SIZE], printed[CONFIG_VALUE_SIZE];
    int r;
    while ((r = take_word(&text, word, sizeof word)) == 0) {
        if (all.n == (size_t)row->max || all.n == CONFIG_NETWORKS_MAX || network_parse(word, &n) < 0 ||
            have_network(&all, &n))
            return -EINVAL;
        all.networks[all.n++] = n;
    }
    if (r != -ENOENT || all.n < (size_t)row->min || config_list_print_networks(row, &all, printed, sizeof printed) < 0)
        return -EINVAL;
    memcpy(field, &all, sizeof all);
    return 0;
}

void config_list_hint_networks(const char *text, char *out, size_t cap)
{
    char word[NETWORK_TEXT_SIZE], right[NETWORK_TEXT_SIZE];
    struct network n;
    out[0] = '\0';
    while (take_word(&text, word, sizeof word) == 0) {
        if (network_parse(word, &n) == 0 || network_mend(word, &n) < 0)
            continue;
        network_print(&n, right);
        if (text_format(out, cap, ", and %s for %s", right, word) < 0)
            out[0] = '\0';
        return;
    }
}
