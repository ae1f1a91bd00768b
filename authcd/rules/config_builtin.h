/* SPDX-License-Identifier: MIT
 *
 * What is built in for services of well-known names, as people would expect of them: where work begins, and so a
 * session; what only goes on within one; where nobody could be shown a secret. A file may say otherwise, except for
 * what cannot work.
 */
#ifndef CONFIG_BUILTIN_H
#define CONFIG_BUILTIN_H

#include <stdbool.h>

struct config_builtin {
    const char *names;    /* with spaces between; a * at the end stands for any rest */
    bool sessions;        /* the built-in value of that key */
    const char *roles;    /* likewise; NULL: none is built in */
    const char *no_enrol; /* why no code can be enrolled during a login there; NULL: one can */
};

/* NULL: nothing is built in for a service of that name. */
const struct config_builtin *config_builtin(const char *service);

#endif
