/* SPDX-License-Identifier: MIT
 *
 * The verbs that do more than ask and show, and the answers that are shown in a form of their own.
 */
#ifndef OWN_H
#define OWN_H

#include "verbs.h"

/* The host's uid of m's user, unless m has one. Says what is wrong. */
enum verbs_exit own_host_uid(struct msg_user_add *m);
/* Fills in the host's uid; sets the password as well if one was handed over. */
enum verbs_exit own_user_add(struct job *job);
/* Wants something to set. */
enum verbs_exit own_user_set(struct job *job);
/* A conversation instead of a request. */
enum verbs_exit own_passwd(struct job *job);
/* From the session that $AUTHC_SESSION names. */
enum verbs_exit own_in_session(struct job *job);
/* The token comes from stdin. */
enum verbs_exit own_token_verify(struct job *job);
/* Fails if the audit is not what it was. */
enum verbs_exit own_audit_verify(struct job *job);

void own_show_token(const struct job *job, const struct msg *row);
void own_show_whoami(const struct job *job, const struct msg *row);
void own_show_verified(const struct job *job, const struct msg *row);

/* A token from stdin, without the white space around it. Says what is wrong. */
int own_read_token(char *out, size_t cap) __attribute__((warn_unused_result));

#endif
