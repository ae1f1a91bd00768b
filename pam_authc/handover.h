/* SPDX-License-Identifier: MIT
 *
 * What one phase leaves in the PAM handle for another: that our auth succeeded, the handle that open redeems, the
 * session's name, the passwords. Auth may have run in a forked child (sshd), whose module data is lost while its PAM
 * environment is carried over: so the environment is the messenger, and is cleared as soon as it was read.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "exchange.h"

/* Forgets an earlier auth on this handle. Call before the next one. */
int handover_forget(pam_handle_t *pamh) __attribute__((warn_unused_result));

/* After a granted auth: remembers it and its handle, and sets PAM_AUTHTOK to the verified password. */
int handover_proved(pam_handle_t *pamh, const struct exchange_result *r) __attribute__((warn_unused_result));

/* For setcred: PAM_SUCCESS after our own auth, else PAM_IGNORE. Takes the mark out of the environment. */
int handover_was_proved(pam_handle_t *pamh) __attribute__((warn_unused_result));

/* For open: takes the handle out of the environment into ret; "" if there is none. PAM_AUTH_ERR: it does not fit. */
int handover_take_handle(pam_handle_t *pamh, char *ret, size_t cap) __attribute__((warn_unused_result));

/* For close: AUTHC_SESSION, owned by pamh. PAM_IGNORE: no session was opened. */
int handover_session(pam_handle_t *pamh, const char **ret) __attribute__((warn_unused_result));

/* Sets AUTHC_SESSION; "" removes it. */
int handover_set_session(pam_handle_t *pamh, const char *name) __attribute__((warn_unused_result));

/* After a password was changed: PAM_AUTHTOK, and PAM_OLDAUTHTOK if the current one was asked. */
int handover_changed(pam_handle_t *pamh, const struct exchange_result *r) __attribute__((warn_unused_result));

#endif
