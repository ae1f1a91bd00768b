/* SPDX-License-Identifier: MIT
 *
 * Passwords that authcd makes, for one login: of an account that is new, or of one whose own was forgotten.
 */
#ifndef INVITE_H
#define INVITE_H

#include "verbs.h"

/* Adds the account, and has the password made. */
enum verbs_exit invite_user(struct job *job);
/* Has the password made. */
enum verbs_exit invite_reset(struct job *job);

/* The password, and what to tell the person. */
void invite_show(const struct job *job, const struct msg *row);

#endif
