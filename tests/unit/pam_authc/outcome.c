/* SPDX-License-Identifier: MIT
 *
 * Verdicts and phases become PAM codes: the table that the manual page prints, and what must hold whatever the table
 * says (M2, M3, M14): success for GRANTED alone, auth never ignores, numbers that are no verdicts deny.
 */
#include "outcome.h"

#include <security/_pam_types.h>

#include "tap.h"

static const uint32_t verdicts[] = {
#define VERDICT(name, value, text) value,
#include "verdict.def"
#undef VERDICT
};

static void test_rules(void)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        uint32_t v = verdicts[i];
        ok(outcome_code(PHASE_AUTH, v) != PAM_IGNORE, "auth never ignores: %s", verdict_text(v));
        ok(outcome_code(PHASE_ACCT, v) != PAM_IGNORE, "acct never ignores: %s", verdict_text(v));
        for (enum phase phase = PHASE_AUTH; phase <= PHASE_CLOSE; phase++)
            ok((outcome_code(phase, v) == PAM_SUCCESS) == (v == VERDICT_GRANTED), "phase %d: success is granted: %s",
               (int)phase, verdict_text(v));
    }
}

/* Each bit of each verdict flipped, and what a careless peer could mean by yes. */
static void test_no_verdict(void)
{
    static const uint32_t numbers[] = {0, 1, 2, 7, 0xff, 0x33333334, UINT32_MAX, INT32_MAX};
    for (enum phase phase = PHASE_AUTH; phase <= PHASE_CLOSE; phase++) {
        int denied = outcome_code(phase, VERDICT_DENIED);
        int wrong = 0;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            wrong += outcome_code(phase, numbers[i]) != denied;
        for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
            for (int bit = 0; bit < 32; bit++)
                wrong += outcome_code(phase, verdicts[i] ^ UINT32_C(1) << bit) != denied;
        is_int(wrong, 0, "phase %d: what is no verdict denies", (int)phase);
    }
    is_int(outcome_code(PHASE_STEPUP, VERDICT_GRANTED), PAM_SYSTEM_ERR, "stepup is no phase of PAM");
    is_int(outcome_code((enum phase)0, VERDICT_GRANTED), PAM_SYSTEM_ERR, "0 is no phase");
}

static void test_codes(void)
{
    is_int(outcome_code(PHASE_AUTH, VERDICT_DENIED), PAM_AUTH_ERR, "auth, denied");
    is_int(outcome_code(PHASE_AUTH, VERDICT_UNKNOWN), PAM_USER_UNKNOWN, "auth, unknown (and said so by policy)");
    is_int(outcome_code(PHASE_AUTH, VERDICT_UNAVAILABLE), PAM_AUTHINFO_UNAVAIL, "auth, unavailable");
    is_int(outcome_code(PHASE_AUTH, VERDICT_BUSY), PAM_AUTH_ERR, "auth, busy opens no fallback");
    is_int(outcome_code(PHASE_AUTH, VERDICT_FORBIDDEN), PAM_AUTH_ERR, "auth, forbidden looks like denied");
    is_int(outcome_code(PHASE_AUTH, VERDICT_EXPIRED), PAM_AUTH_ERR, "auth, expired looks like denied");
    is_int(outcome_code(PHASE_AUTH, VERDICT_MUST_CHANGE), PAM_AUTH_ERR, "auth, a verdict of acct denies");
    is_int(outcome_code(PHASE_AUTH, VERDICT_NO_SESSION), PAM_AUTH_ERR, "auth, a verdict of open denies");
    is_int(outcome_code(PHASE_ACCT, VERDICT_UNKNOWN), PAM_USER_UNKNOWN, "acct, unknown");
    is_int(outcome_code(PHASE_ACCT, VERDICT_FORBIDDEN), PAM_PERM_DENIED, "acct, forbidden");
    is_int(outcome_code(PHASE_ACCT, VERDICT_EXPIRED), PAM_ACCT_EXPIRED, "acct, expired");
    is_int(outcome_code(PHASE_ACCT, VERDICT_MUST_CHANGE), PAM_NEW_AUTHTOK_REQD, "acct, must change");
    is_int(outcome_code(PHASE_ACCT, VERDICT_UNAVAILABLE), PAM_AUTHINFO_UNAVAIL, "acct, unavailable");
    is_int(outcome_code(PHASE_CHAUTHTOK, VERDICT_UNKNOWN), PAM_IGNORE, "chauthtok, unknown");
    is_int(outcome_code(PHASE_CHAUTHTOK, VERDICT_UNCHANGED), PAM_AUTHTOK_ERR, "chauthtok, unchanged");
    is_int(outcome_code(PHASE_OPEN, VERDICT_NO_SESSION), PAM_IGNORE, "open, no session");
    is_int(outcome_code(PHASE_OPEN, VERDICT_DENIED), PAM_SESSION_ERR, "open, denied");
    is_int(outcome_code(PHASE_CLOSE, VERDICT_NO_SESSION), PAM_IGNORE, "close, no session");
}

int main(void)
{
    test_rules();
    test_no_verdict();
    test_codes();
    return tap_done();
}
