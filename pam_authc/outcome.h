/* SPDX-License-Identifier: MIT
 *
 * What the module answers to PAM: one table of verdicts and phases. What fails before there is a verdict has its code
 * elsewhere: conversations in conv, options in pam_authc.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdint.h>

#include "protocol.h"

/* The PAM code of a phase that came to this verdict. A number that is no verdict, or none of that phase, is answered
 * like DENIED. Never PAM_IGNORE in PHASE_AUTH, and PAM_SUCCESS for GRANTED only. */
int outcome_code(enum phase phase, uint32_t verdict);

#endif
