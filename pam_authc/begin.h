/* SPDX-License-Identifier: MIT
 *
 * The first message of a phase, filled from what PAM and the process know. Nothing is cut to fit and nothing is
 * repaired: who cannot be named as they are is not asked about.
 */
#ifndef BEGIN_H
#define BEGIN_H

#include <security/pam_modules.h>

#include "msg.h"

/* handle: "" or what the phase carries. PAM_SUCCESS, or
 *   PAM_AUTH_ERR                  the name is no account's name; or an item is too long or no UTF-8; no randomness
 *   PAM_CONV_ERR, PAM_INCOMPLETE  PAM_USER is not set and could not be asked for
 *   PAM_BUF_ERR                   out of memory */
int begin_fill(pam_handle_t *pamh, unsigned flags, enum phase phase, const char *handle, struct msg_begin *ret)
    __attribute__((warn_unused_result));

#endif
