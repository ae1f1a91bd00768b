/* SPDX-License-Identifier: MIT
 *
 * The application's side of PAM, one message a call, because applications differ in what they do with two. Everything
 * that an application can get wrong ends here: nothing it returns is used before it was looked at, and what was typed
 * is wiped on every path.
 */
#ifndef CONV_H
#define CONV_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "secret.h"

/* Asks; *ret gets what was typed, which may be empty. PAM_SUCCESS, or
 *   PAM_CONV_ERR    no conversation, none that works, no answer (end of file), an answer that no packet could hold
 *   PAM_INCOMPLETE  the application says PAM_CONV_AGAIN
 *   PAM_BUF_ERR     it is out of memory
 *   PAM_AUTH_ERR    an answer over SECRET_MAX bytes: it is not cut, it is no answer */
int conv_ask(pam_handle_t *pamh, bool echo, const char *text, struct secret *ret) __attribute__((warn_unused_result));

/* Shows text; style is PAM_TEXT_INFO or PAM_ERROR_MSG. The first three errors of conv_ask. */
int conv_tell(pam_handle_t *pamh, int style, const char *text) __attribute__((warn_unused_result));

/* What the module returns for a code that a conversation returned. */
int conv_code(int code);

#endif
