/* SPDX-License-Identifier: MIT
 *
 * Help from the tables, so that it cannot say what authctl does not do. One line a verb and one line an option, which
 * is also what the test of page and completions reads.
 */
#include "help.h"

#include <string.h>

static void line(FILE *out, const struct verbs_verb *v)
{
    char name[32];

    snprintf(name, sizeof name, "%s%s%s", v->noun, v->verb != NULL ? " " : "", v->verb != NULL ? v->verb : "");
    fprintf(out, "  %-18s%s\n", name, v->help);
}

/* noun NULL: of all. but: one that is left out, or NULL. */
static void verbs(FILE *out, const char *noun, const struct verbs_verb *but, const char *title)
{
    size_t n, shown = 0;
    const struct verbs_verb *all = verbs_all(&n);

    for (size_t i = 0; i < n; i++) {
        if ((noun != NULL && strcmp(noun, all[i].noun) != 0) || &all[i] == but)
            continue;
        if (shown++ == 0)
            fputs(title, out);
        line(out, &all[i]);
    }
}

static void options(FILE *out, uint32_t which)
{
    char name[32];

    for (enum args_option o = 0; o < ARGS_COUNT; o++) {
        const struct args_spec *spec = args_spec(o);
        if ((which & ARGS_BIT(o)) == 0)
            continue;
        snprintf(name, sizeof name, "--%s%s%s", spec->name, spec->value != NULL ? " " : "",
                 spec->value != NULL ? spec->value : "");
        fprintf(out, "  %-18s%s\n", name, spec->help);
    }
}

bool help_is_noun(const char *word)
{
    size_t n;
    const struct verbs_verb *all = verbs_all(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(word, all[i].noun) == 0)
            return true;
    return false;
}

void help_all(FILE *out)
{
    fputs("usage: authctl [OPTION...] NOUN [VERB] [...]\n\n", out);
    verbs(out, NULL, NULL, "");
    fputs("\nOptions of every verb:\n", out);
    options(out, ARGS_EVERYWHERE);
    fputs("\nMore: authctl NOUN VERB --help, authctl(1)\n", out);
}

void help_noun(FILE *out, const char *noun)
{
    fprintf(out, "usage: authctl %s VERB [...]\n\n", noun);
    verbs(out, noun, NULL, "");
    fprintf(out, "\nMore: authctl %s VERB --help, authctl(1)\n", noun);
}

void help_verb(FILE *out, const struct verbs_verb *v)
{
    fprintf(out, "usage: authctl %s%s%s%s%s\n\n%s\n\nOptions:\n", v->noun, v->verb != NULL ? " " : "",
            v->verb != NULL ? v->verb : "", v->synopsis[0] != '\0' ? " " : "", v->synopsis, v->help);
    options(out, v->options);
    options(out, ARGS_EVERYWHERE);
    if (v->verb == NULL)
        verbs(out, v->noun, v, "\nAlso:\n");
}
