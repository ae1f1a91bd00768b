/* SPDX-License-Identifier: MIT
 *
 * One phase with authcd, from BEGIN to VERDICT: asks the person whatever authcd wants asked. What the verdict means to
 * PAM is outcome's, what later phases need of it is handover's.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

#include "msg.h"
#include "options.h"

struct exchange {
    pam_handle_t *pamh;
    unsigned flags; /* as PAM gave them */
    const struct options *options;
    enum phase phase;
    const char *handle; /* "": none */
};

/* A password as it was typed last, if it was asked at all. */
struct typed {
    bool asked;
    struct secret secret;
};

struct exchange_result {
    uint32_t verdict; /* DENIED unless authcd said otherwise about this user and this nonce */
    char handle[sizeof((struct msg_verdict *)0)->handle];
    char reason[sizeof((struct msg_verdict *)0)->reason];
    struct typed password;         /* auth: PROMPT_PASSWORD */
    struct typed current_password; /* chauthtok */
    struct typed new_password;
};

#define EXCHANGE_RESULT_AUTO __attribute__((cleanup(exchange_result_wipe)))

/* PAM_SUCCESS: look at ret->verdict, also where authcd could not be reached or talked nonsense (that is logged). Any
 * other code is the phase's: begin_fill's and conv_ask's. ret must be zeroed or wiped. */
int exchange_run(const struct exchange *e, struct exchange_result *ret) __attribute__((warn_unused_result));

void exchange_result_wipe(struct exchange_result *r);

#endif
