/* SPDX-License-Identifier: MIT
 *
 * The table. In auth, whatever could tell a guesser why is one code. "authcd cannot answer" is a code of its own in
 * every phase, so that an administrator can let pam.d go on without it; "authcd is overloaded" is not, because load is
 * something that strangers can make.
 */
#include "outcome.h"

#include <security/_pam_types.h>
#include <stddef.h>

/* clang-format off */
static const struct {
    uint32_t verdict;
    int code[PHASE_CLOSE]; /* by phase - 1 */
} rows[] = {
    /*                     auth                  acct                  chauthtok             open                  close */
    {VERDICT_DENIED,      {PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_GRANTED,     {PAM_SUCCESS,          PAM_SUCCESS,          PAM_SUCCESS,          PAM_SUCCESS,          PAM_SUCCESS}},
    {VERDICT_UNKNOWN,     {PAM_USER_UNKNOWN,     PAM_USER_UNKNOWN,     PAM_IGNORE,           PAM_IGNORE,           PAM_IGNORE}},
    {VERDICT_UNAVAILABLE, {PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL}},
    {VERDICT_BUSY,        {PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_FORBIDDEN,   {PAM_AUTH_ERR,         PAM_PERM_DENIED,      PAM_PERM_DENIED,      PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_EXPIRED,     {PAM_AUTH_ERR,         PAM_ACCT_EXPIRED,     PAM_PERM_DENIED,      PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_MUST_CHANGE, {PAM_AUTH_ERR,         PAM_NEW_AUTHTOK_REQD, PAM_AUTH_ERR,         PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_UNCHANGED,   {PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_AUTHTOK_ERR,      PAM_SESSION_ERR,      PAM_SESSION_ERR}},
    {VERDICT_NO_SESSION,  {PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_AUTH_ERR,         PAM_IGNORE,           PAM_IGNORE}},
};
/* clang-format on */

int outcome_code(enum phase phase, uint32_t verdict)
{
    if (phase < PHASE_AUTH || phase > PHASE_CLOSE)
        return PAM_SYSTEM_ERR;
    size_t row = 0; /* DENIED */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].verdict == verdict)
            row = i;
    return rows[row].code[phase - 1];
}
