/* SPDX-License-Identifier: MIT
 *
 * Any command line, its arguments each ended by a NUL: what is refused is refused with a reason that repeats no value;
 * what is taken points into the arguments, and each of them was used once (C3, S8).
 */
#include "args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGUMENTS_MAX = 32 };

static void must(bool good)
{
    if (!good)
        abort();
}

/* A value must be all that follows "=", or the argument after its option. */
static void check_taken(const struct args *a, int argc)
{
    int used = (int)a->n_words, values = 0, arguments = argc > 0 ? argc - 1 : 0; /* argc 0 happens, too */
    must(a->n_words <= ARGS_WORDS_MAX);
    for (unsigned o = 0; o < ARGS_COUNT; o++) {
        bool given = args_has(a, o);
        must(given == ((a->given >> o & 1) != 0) && (a->values[o] != NULL) == (given && args_spec(o)->value != NULL));
        used += given;
        values += given && args_spec(o)->value != NULL;
    }
    must(used <= arguments && used + values + 1 >= arguments); /* one "--" may end the options */
    size_t n = 0;
    const struct verbs_verb *verb = verbs_find(a, &n);
    must(!verb || (n >= 1 && n <= a->n_words && strcmp(verb->noun, a->words[0]) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGUMENTS_MAX + 1] = {0}, error[ARGS_ERROR_SIZE];
    struct args a, before;
    int argc = 0;
    char *line = malloc(size + 1);
    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    for (size_t at = 0; at < size && argc < ARGUMENTS_MAX; at += strlen(line + at) + 1)
        argv[argc++] = line + at;
    memset(&a, 0xa5, sizeof a);
    memset(&before, 0xa5, sizeof before);
    memset(error, 'e', sizeof error);
    int r = args_parse(argc, argv, &a, error);
    if (r == 0)
        check_taken(&a, argc);
    else
        must(r == -EINVAL && memcmp(&a, &before, sizeof a) == 0 && strnlen(error, sizeof error) < sizeof error &&
             error[0] != '\0' && !strchr(error, '='));
    free(line);
    return 0;
}
