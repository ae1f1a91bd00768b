/* SPDX-License-Identifier: MIT
 *
 * The command line is read strictly, and takes no secret (C3).
 */
#include "args.h"

#include <errno.h>

#include "tap.h"

static struct args a;
static char error[ARGS_ERROR_SIZE];

static int parse(const char *one, const char *two, const char *three, const char *four)
{
    char name[] = "authctl", copies[4][64];
    const char *given[] = {one, two, three, four};
    char *argv[6] = {name};
    int argc = 1;

    for (int i = 0; i < 4 && given[i] != NULL; i++) {
        snprintf(copies[i], sizeof copies[i], "%s", given[i]);
        argv[argc++] = copies[i];
    }
    error[0] = '\0';
    return args_parse(argc, argv, &a, error);
}

static void test_taken(void)
{
    is_int(parse("user", "add", "ada", "--uid=1001"), 0, "--opt=value");
    is_int(a.n_words, 3, "three words");
    is_str(args_spec(ARGS_UID)->name, "uid", "the table is in the enum's order");
    ok(args_has(&a, ARGS_UID) && !args_has(&a, ARGS_ROLE), "uid is there and role is not");
    is_int(parse("--json", "user", "list", NULL), 0, "an option before the noun");
    ok(args_has(&a, ARGS_JSON) && a.n_words == 2, "is an option all the same");
    is_int(parse("token", "--aud", "", NULL), 0, "an empty value is a value");
    is_int(parse("token", "verify", "-", NULL), 0, "a dash is a word");
    is_int(a.n_words, 3, "and counted as one");
    is_int(parse("user", "show", "--", "--json"), 0, "-- ends the options");
    ok(!args_has(&a, ARGS_JSON) && a.n_words == 3, "what follows it is a word");
    is_int(parse(NULL, NULL, NULL, NULL), 0, "no arguments are no error here");
    is_int(a.n_words, 0, "and no words");
    is_int(args_parse(0, NULL, &a, error), 0, "nor is argc 0");
}

static void test_refused(void)
{
    is_int(parse("--frob", NULL, NULL, NULL), -EINVAL, "an unknown option");
    is_str(error, "unknown option --frob", "is named");
    is_int(parse("--us", "ada", NULL, NULL), -EINVAL, "no abbreviations");
    is_int(parse("--user", NULL, NULL, NULL), -EINVAL, "a value is missing at the end");
    is_int(parse("--user", "--json", NULL, NULL), -EINVAL, "a value is missing before the next option");
    is_int(parse("--json=1", NULL, NULL, NULL), -EINVAL, "a value where none is taken");
    is_int(parse("--user", "a", "--user", "a"), -EINVAL, "an option twice");
    is_int(parse("-j", NULL, NULL, NULL), -EINVAL, "short options");
    is_int(parse("--=x", NULL, NULL, NULL), -EINVAL, "an option without a name");

    char *many[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    char word[] = "x";
    for (size_t i = 0; i < 7; i++)
        many[i] = word;
    is_int(args_parse(7, many, &a, error), -EINVAL, "too many words");
}

static void test_secrets(void)
{
    static const char *const names[] = {"--password=hunter2", "--code=hunter2",           "--token=hunter2",
                                        "--secret=hunter2",   "--password-stdin=hunter2", "--passwd=hunter2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        is_int(parse("passwd", names[i], NULL, NULL), -EINVAL, "%s is refused", names[i]);
        ok(strstr(error, "hunter2") == NULL, "and its value is not repeated: %s", error);
    }
    is_int(parse("passwd", "--password", "x", NULL), -EINVAL, "--password with a value beside it is refused");
}

int main(void)
{
    test_taken();
    test_refused();
    test_secrets();
    return tap_done();
}
