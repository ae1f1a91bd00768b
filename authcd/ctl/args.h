/* SPDX-License-Identifier: MIT
 *
 * The command line as options and words. Options may stand anywhere; which ones a verb takes is verbs' to say. There is
 * no option that takes a secret, so none can be read off a list of processes.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum args_option {
    ARGS_RUN_DIR, /* the first five are for every verb */
    ARGS_SERVER_UID,
    ARGS_JSON,
    ARGS_HELP,
    ARGS_VERSION,
    ARGS_USER,
    ARGS_UID,
    ARGS_ROLE,
    ARGS_LABEL,
    ARGS_ALGORITHM,
    ARGS_DIGITS,
    ARGS_PERIOD,
    ARGS_ID,
    ARGS_AUD,
    ARGS_ACR,
    ARGS_SESSION,
    ARGS_SINCE,
    ARGS_LIMIT,
    ARGS_ALL,
    ARGS_PASSWORD_STDIN,
    ARGS_PASSWORD_FD,
    ARGS_CODE_STDIN,
    ARGS_COUNT,
};

#define ARGS_BIT(option) (1u << (option))
#define ARGS_EVERYWHERE (ARGS_BIT(ARGS_USER) - 1)

enum { ARGS_WORDS_MAX = 5, ARGS_ERROR_SIZE = 256 };

struct args_spec {
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called; NULL: it takes none */
    const char *field; /* the field of a request that it fills; NULL: none */
    const char *help;
};

struct args {
    uint32_t given; /* ARGS_BIT of each */
    const char *values[ARGS_COUNT];
    size_t n_words;
    const char *words[ARGS_WORDS_MAX];
};

const struct args_spec *args_spec(enum args_option option);

/* argv[0] is skipped; "--" ends the options. -EINVAL and error = what is wrong: unknown, given twice, without its
 * value, with a value it does not take, too many words. error never quotes what follows a "=". */
int args_parse(int argc, char *const argv[], struct args *ret, char error[ARGS_ERROR_SIZE])
    __attribute__((warn_unused_result));

bool args_has(const struct args *a, enum args_option option);

#endif
