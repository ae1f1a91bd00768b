/* SPDX-License-Identifier: MIT
 *
 * Help at every level, from the table of verbs and the table of options.
 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "verbs.h"

/* All verbs; those of one noun; one verb with its options. */
void help_all(FILE *out);
void help_noun(FILE *out, const char *noun);
void help_verb(FILE *out, const struct verbs_verb *v);

bool help_is_noun(const char *word);

#endif
