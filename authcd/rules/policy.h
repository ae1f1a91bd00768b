/* SPDX-License-Identifier: MIT
 *
 * Who proves what, where: from a service's row of the configuration and what the account has to what is asked, and
 * from who the account is to whether it may. One place, pure, so that it can be explained and tested row by row.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "protocol.h"
#include "secret.h"

/* What policy needs to know of an account; all zero for an unknown name. */
struct policy_account {
    bool exists;
    bool active;      /* not pending, not disabled, not deleted */
    const char *role; /* "" if unknown */
    bool has_password;
    bool has_code; /* a confirmed code factor */
};

/* What is asked, in order, and what must be proved in the end. */
struct policy_questions {
    size_t n;
    enum prompt_kind kinds[CONFIG_FACTORS_MAX];
    bool code_skipped; /* unenrolled = skip, and there is no code: the password alone is a full proof */
    bool can_succeed;  /* false: ask all the same, deny at the end (unenrolled = deny, no password, ...) */
};

/* The questions of phase auth. Never depends on anything but the service, save for unenrolled = skip; an unknown name
 * is asked like an enrolled one. */
void policy_questions(const struct config_service *service, const struct policy_account *account,
                      struct policy_questions *ret);

/* Is the account's role allowed in this service? */
bool policy_role_allowed(const struct config_service *service, const char *role);

/* VERDICT_GRANTED, or why phase acct refuses (UNKNOWN, EXPIRED, FORBIDDEN, MUST_CHANGE). */
enum verdict policy_acct(const struct config_service *service, const struct policy_account *account, bool must_change);

enum policy_acr_verdict {
    POLICY_ACR_REACHED,
    POLICY_ACR_TOO_LOW,  /* the session proved less than is wanted */
    POLICY_ACR_NO_LEVEL, /* wish is none */
    POLICY_ACR_NOBODY,   /* what the audience wants is none: nobody reaches it */
};

struct policy_acr {
    enum policy_acr_verdict verdict;
    const char *wanted;              /* of the two that were passed in */
    bool lacks_password, lacks_code; /* TOO_LOW: what to log in with as well */
};

/* Does a session of this level, reached by these methods (RFC 8176, with spaces between), have what the audience wants
 * and the wish, "" for none, whichever is higher? Levels: aal1, aal2. */
struct policy_acr policy_acr(const char *wish, const char *audience, const char *session, const char *amr);

/* Splits what was typed for PROMPT_COMBINED: if has_code, the last digits characters are the code and the rest the
 * password; else all is the password. -EINVAL if too short. */
int policy_split_combined(const struct secret *typed, bool has_code, unsigned digits, struct secret *ret_password,
                          struct secret *ret_code) __attribute__((warn_unused_result));

#endif
