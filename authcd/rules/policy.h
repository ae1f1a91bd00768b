/* SPDX-License-Identifier: MIT
 *
 * Who proves what, where: from what the configuration says of a service and a role, and from what an account has, to
 * what is asked, and whether it may. One place, pure, so that it can be explained and tested row by row.
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
    bool password_expired; /* it was for one login, which did not come in time */
    bool has_code;         /* a confirmed code factor; recovery codes stand in for it, and go with the last one */
    bool must_change;      /* the password, before anything else */
};

/* All that a decision depends on. What is left zero never makes it a more lenient one, but for sessions. */
struct policy_case {
    const struct config_service *service; /* as config_service gave it */
    const struct config_role *role;       /* as config_role gave it; NULL: no section */
    bool any_role;                        /* stepup: roles have no say, whatever the two above hold */
    struct policy_account account;
    bool key_verified;   /* sshd verified a public key of theirs on this connection */
    bool has_proof;      /* a code of theirs was proved here before: what `here` takes is the caller's to know, */
    int64_t proof_age_s; /* so long ago; below 0: the clock is no help, and there is no grace */
    uint64_t sessions;   /* that they have open in this service */
};

/* What becomes of the code that factors want. */
enum policy_code {
    POLICY_CODE_ASKED,
    POLICY_CODE_NOT_WANTED, /* is not among factors */
    POLICY_CODE_SKIPPED,    /* unenrolled = skip, and there is none */
    POLICY_CODE_GRACE,      /* one was proved not long ago */
    POLICY_CODE_ENROL,      /* unenrolled = enrol, and there is none: it is enrolled once the password was right */
};

/* Why nobody gets in as that account, whatever is answered. */
enum policy_bar {
    POLICY_BAR_UNKNOWN,     /* no such account */
    POLICY_BAR_INACTIVE,    /* pending, disabled, deleted */
    POLICY_BAR_ROLE,        /* not let in here */
    POLICY_BAR_FACTORS,     /* nothing is asked, or what is not known here */
    POLICY_BAR_NO_PASSWORD, /* one is asked, and there is none */
    POLICY_BAR_EXPIRED,     /* likewise, and it is good no more; phase acct: whatever was asked */
    POLICY_BAR_NO_CODE,     /* likewise */
    POLICY_BAR_ENROL,       /* not before a code is enrolled, which follows the questions */
    POLICY_BAR_SESSIONS,    /* phase acct: as many are open as may be */
    POLICY_BAR_NONE,
};

/* Why unenrolled = enrol came to mean deny. */
enum policy_enrol { POLICY_ENROL_WORKS, POLICY_ENROL_SERVICE, POLICY_ENROL_COMBINED, POLICY_ENROL_PASSWORD };

struct policy_plan {
    size_t n;                                   /* 0: only in a time of grace, where the code was all that is asked */
    enum prompt_kind kinds[CONFIG_FACTORS_MAX]; /* what is asked, in order */
    enum policy_code code;
    bool code_skipped; /* POLICY_CODE_SKIPPED: the password alone is a full proof */
    bool only_code;    /* the service asks for a code alone: nothing takes its place */
    bool key_replaced; /* the key stands in for the password */
    bool enrols;       /* right answers are not enough, enrolment follows them: POLICY_BAR_ENROL */
    bool can_succeed;  /* right answers are enough; false and no `enrols`: ask all the same, and deny at the end */
    enum policy_bar bar;

    enum verdict acct; /* VERDICT_GRANTED, or why phase acct refuses (UNKNOWN, EXPIRED, FORBIDDEN, MUST_CHANGE) */
    enum policy_bar acct_bar;

    /* What holds for service and role together, and for which keys (CONFIG_BIT of CONFIG_SERVICE_*) that is so because
     * the role is the stricter one. */
    uint64_t by_role;
    struct config_factors factors;
    enum config_unenrolled unenrolled;
    enum policy_enrol no_enrol;
    uint64_t max_sessions; /* 0: no bound */
    int64_t grace_s;
};

/* Decides everything. What is asked depends on the account by its role, of which more may be asked, and in three cases
 * that make it less: unenrolled = skip and = enrol where there is no code, which tells so (authcd.conf(5) says it), and
 * grace, which is the asker's own. An unknown name, and one that may not come in here anyway, is asked like one of whom
 * all is asked. */
void policy_explain(const struct policy_case *in, struct policy_plan *ret);

/* Is the account's role allowed in this service? */
bool policy_role_allowed(const struct config_service *service, const char *role);

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
 * password, or what ends in a recovery code is split there; else all is the password. -EINVAL if too short. */
int policy_split_combined(const struct secret *typed, bool has_code, unsigned digits, struct secret *ret_password,
                          struct secret *ret_code) __attribute__((warn_unused_result));

#endif
