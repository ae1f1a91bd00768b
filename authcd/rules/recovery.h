/* SPDX-License-Identifier: MIT
 *
 * Recovery codes: what opens an account whose code generator is lost, each once. Letters only, so that none can be
 * taken for a one-time code, nor the other way round. Pure; that each counts once is store/recoveries'.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "secret.h"

enum {
    RECOVERY_CODES = 10,     /* of an account */
    RECOVERY_LETTERS = 20,   /* 80 bits */
    RECOVERY_SIZE = 20 + 1,  /* as it is stored */
    RECOVERY_TEXT_SIZE = 25, /* as it is printed: bcde-fghj-knpr-stvx-bcde */
};

/* A fresh random code. */
void recovery_make(char out[RECOVERY_SIZE]);

/* In groups of four. */
void recovery_text(const char code[RECOVERY_SIZE], char out[RECOVERY_TEXT_SIZE]);

/* The code that somebody typed, in capitals or not, with '-' or spaces anywhere. -EINVAL (out untouched): these are not
 * as many letters as a code has, so it can be none. Says nothing about whether it is one. */
int recovery_read(const struct secret *typed, char out[RECOVERY_SIZE]) __attribute__((warn_unused_result));

/* Has it the form of a recovery code? */
bool recovery_is(const struct secret *typed);

/* The length of a recovery code that stands behind something else, at the very end and as it is printed, '-' and all,
 * so that no end of a password is taken for one. 0: there is none. */
size_t recovery_tail(const struct secret *typed);

#endif
