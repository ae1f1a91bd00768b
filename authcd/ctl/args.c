/* SPDX-License-Identifier: MIT
 *
 * Strict reading of argv: long options only, each at most once, never abbreviated. getopt_long is left out on purpose:
 * it takes abbreviations, which turn into something else when an option is added, and it prints by itself.
 */
#include "args.h"

#include <errno.h>
#include <string.h>

#include "text.h"

static const struct args_spec specs[ARGS_COUNT] = {
    [ARGS_RUN_DIR] = {"run-dir", "DIR", NULL, "where authcd's sockets are (/run/authc)"},
    [ARGS_SERVER_UID] = {"server-uid", "N", NULL, "also trust an authcd of this uid: for private instances"},
    [ARGS_JSON] = {"json", NULL, NULL, "one JSON value on stdout"},
    [ARGS_HELP] = {"help", NULL, NULL, "show this"},
    [ARGS_VERSION] = {"version", NULL, NULL, "show the version"},
    [ARGS_USER] = {"user", "NAME", "user", "whose; your own unless given"},
    [ARGS_UID] = {"uid", "N", "uid", "uid on this host"},
    [ARGS_ROLE] = {"role", "ROLE", "role", "superadmin, admin, moderator, user or guest"},
    [ARGS_LABEL] = {"label", "L", "label", "what to call it"},
    [ARGS_ALGORITHM] = {"algorithm", "A", "algorithm", "SHA1 (default), SHA256 or SHA512"},
    [ARGS_DIGITS] = {"digits", "N", "digits", "6 (default) or 8"},
    [ARGS_PERIOD] = {"period", "S", "period_s", "seconds that a code lasts: 30 (default) or 60"},
    [ARGS_ID] = {"id", "N", "id", "the factor's number, as factor list shows it"},
    [ARGS_AUD] = {"aud", "A", "audience", "the audience of the token"},
    [ARGS_ACR] = {"acr", "L", "acr", "at least this: aal1 or aal2"},
    [ARGS_SESSION] = {"session", "S", "session", "the session; $AUTHC_SESSION unless given"},
    [ARGS_SINCE] = {"since", "T", "since_at", "today, yesterday, 90s, 15m, 12h, 7d or \"YYYY-MM-DD[ HH:MM]\""},
    [ARGS_LIMIT] = {"limit", "N", NULL, "the newest N only"},
    [ARGS_ALL] = {"all", NULL, "all", "also what stops nobody: failures within the limits, known sources"},
    [ARGS_PASSWORD_STDIN] = {"password-stdin", NULL, NULL, "read passwords from stdin, one a line"},
    [ARGS_PASSWORD_FD] = {"password-fd", "N", NULL, "read passwords from this descriptor, one a line"},
    [ARGS_CODE_STDIN] = {"code-stdin", NULL, NULL, "read codes from stdin, one a line"},
};

const struct args_spec *args_spec(enum args_option option)
{
    return &specs[option];
}

bool args_has(const struct args *a, enum args_option option)
{
    return (a->given & ARGS_BIT(option)) != 0;
}

static int fail(char error[ARGS_ERROR_SIZE], const char *what, const char *name, size_t len)
{
    int shown = len < 64 ? (int)len : 64;

    if (text_format(error, ARGS_ERROR_SIZE, "%s --%.*s", what, shown, name) < 0)
        error[0] = '\0';
    return -EINVAL;
}

/* The option called by the len characters of name, or ARGS_COUNT. */
static enum args_option find(const char *name, size_t len)
{
    enum args_option o = 0;

    while (o < ARGS_COUNT && (strlen(specs[o].name) != len || memcmp(specs[o].name, name, len) != 0))
        o++;
    return o;
}

static int unknown(char error[ARGS_ERROR_SIZE], const char *name, size_t len)
{
    static const char *const secrets[] = {"password", "code", "token", "secret"};

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strlen(secrets[i]) == len && memcmp(secrets[i], name, len) == 0)
            return fail(error, "secrets are never arguments (use the terminal or stdin): no option", name, len);
    return fail(error, "unknown option", name, len);
}

/* Takes the option that argument is; *i moves on if its value is the next argument. */
static int take_option(int argc, char *const argv[], int *i, struct args *a, char error[ARGS_ERROR_SIZE])
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    enum args_option o = find(name, len);

    if (o == ARGS_COUNT)
        return unknown(error, name, len);
    if (args_has(a, o))
        return fail(error, "given twice:", name, len);
    if (specs[o].value == NULL && name[len] == '=')
        return fail(error, "no value is taken by", name, len);
    if (specs[o].value != NULL && name[len] == '=')
        a->values[o] = name + len + 1;
    else if (specs[o].value != NULL && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0)
        a->values[o] = argv[++*i];
    else if (specs[o].value != NULL)
        return fail(error, "a value is missing after", name, len);
    a->given |= ARGS_BIT(o);
    return 0;
}

static int take_word(const char *word, struct args *a, char error[ARGS_ERROR_SIZE])
{
    if (a->n_words == ARGS_WORDS_MAX)
        return text_copy(error, ARGS_ERROR_SIZE, "too many words") < 0 ? -EMSGSIZE : -EINVAL;
    a->words[a->n_words++] = word;
    return 0;
}

int args_parse(int argc, char *const argv[], struct args *ret, char error[ARGS_ERROR_SIZE])
{
    struct args a = {0};
    bool options = true;

    for (int i = 1; i < argc; i++) {
        int r = 0;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && strncmp(argv[i], "--", 2) == 0)
            r = take_option(argc, argv, &i, &a, error);
        else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
            r = text_copy(error, ARGS_ERROR_SIZE, "there are no short options; try --help") < 0 ? -EMSGSIZE : -EINVAL;
        else
            r = take_word(argv[i], &a, error);
        if (r < 0)
            return r;
    }
    *ret = a;
    return 0;
}
