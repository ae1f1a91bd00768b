/* SPDX-License-Identifier: MIT
 *
 * What needs more than one value to judge: values that contradict each other, that leave too little to prove, or that
 * could do nothing. Of roles there is nothing to check: they only ask for more.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config.h"

enum { CONFIG_CHECK_ROWS_MAX = 64, CONFIG_CHECK_TEXT_SIZE = 320 };

/* The lines where a section and its keys stand; 0: nowhere. */
struct config_check_lines {
    unsigned header;
    unsigned keys[CONFIG_CHECK_ROWS_MAX];
};

struct config_check {
    const struct config *config;
    const struct config_check_lines *authcd;
    const struct config_check_lines *services; /* of each of config->services */
    unsigned line;                             /* of what is wrong */
    char text[CONFIG_CHECK_TEXT_SIZE];         /* what is wrong, and what would be right */
};

/* -EINVAL for the first thing that is wrong, with line and text. */
int config_check(struct config_check *c) __attribute__((warn_unused_result));

#endif
