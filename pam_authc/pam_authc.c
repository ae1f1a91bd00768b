/* SPDX-License-Identifier: MIT
 *
 * The six entry points of the PAM module, each as the sequence of its steps and nothing else: what is asked and sent is
 * in exchange, what a verdict means in outcome, what phases leave each other in handover.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "conv.h"
#include "exchange.h"
#include "handover.h"
#include "options.h"
#include "outcome.h"

static int read_options(pam_handle_t *pamh, int argc, const char **argv, struct options *ret)
{
    const char *bad = NULL;
    if (options_parse(ret, argc, argv, &bad) == 0)
        return PAM_SUCCESS;
    pam_syslog(pamh, LOG_ERR, "option not understood: %s", bad);
    return PAM_SERVICE_ERR;
}

/* Text for the person; if it cannot be shown, the answer stays what it is. */
static void show_reason(const struct exchange *e, int code, const struct exchange_result *r)
{
    if (r->reason[0] == '\0' || code == PAM_IGNORE || (e->flags & PAM_SILENT) != 0)
        return;
    if (conv_tell(e->pamh, code == PAM_SUCCESS ? PAM_TEXT_INFO : PAM_ERROR_MSG, r->reason) != PAM_SUCCESS)
        pam_syslog(e->pamh, LOG_NOTICE, "the reason could not be shown");
}

static int run(const struct exchange *e, struct exchange_result *ret)
{
    int code = exchange_run(e, ret);
    if (code != PAM_SUCCESS)
        return code;
    code = outcome_code(e->phase, ret->verdict);
    show_reason(e, code, ret);
    return code;
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    EXCHANGE_RESULT_AUTO struct exchange_result result = {0};
    struct options options = {0};
    struct exchange e = {
        .pamh = pamh, .flags = (unsigned)flags, .options = &options, .phase = PHASE_AUTH, .handle = ""};
    int code = read_options(pamh, argc, argv, &options);
    if (code == PAM_SUCCESS)
        code = handover_forget(pamh);
    if (code == PAM_SUCCESS)
        code = run(&e, &result);
    return code == PAM_SUCCESS ? handover_proved(pamh, &result) : code;
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options = {0};
    (void)flags;
    int code = read_options(pamh, argc, argv, &options);
    return code == PAM_SUCCESS ? handover_was_proved(pamh) : code;
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    EXCHANGE_RESULT_AUTO struct exchange_result result = {0};
    struct options options = {0};
    struct exchange e = {
        .pamh = pamh, .flags = (unsigned)flags, .options = &options, .phase = PHASE_ACCT, .handle = ""};
    int code = read_options(pamh, argc, argv, &options);
    return code == PAM_SUCCESS ? run(&e, &result) : code;
}

int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    EXCHANGE_RESULT_AUTO struct exchange_result result = {0};
    struct options options = {0};
    struct exchange e = {
        .pamh = pamh, .flags = (unsigned)flags, .options = &options, .phase = PHASE_CHAUTHTOK, .handle = ""};
    int code = read_options(pamh, argc, argv, &options);
    if (code == PAM_SUCCESS)
        code = run(&e, &result);
    return code == PAM_SUCCESS ? handover_changed(pamh, &result) : code;
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    EXCHANGE_RESULT_AUTO struct exchange_result result = {0};
    char handle[sizeof result.handle] = "";
    struct options options = {0};
    struct exchange e = {
        .pamh = pamh, .flags = (unsigned)flags, .options = &options, .phase = PHASE_OPEN, .handle = handle};
    int code = read_options(pamh, argc, argv, &options);
    if (code == PAM_SUCCESS)
        code = handover_take_handle(pamh, handle, sizeof handle);
    if (code == PAM_SUCCESS)
        code = run(&e, &result);
    explicit_bzero(handle, sizeof handle);
    return code == PAM_SUCCESS ? handover_set_session(pamh, result.handle) : code;
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    EXCHANGE_RESULT_AUTO struct exchange_result result = {0};
    struct options options = {0};
    struct exchange e = {.pamh = pamh, .flags = (unsigned)flags, .options = &options, .phase = PHASE_CLOSE};
    int code = read_options(pamh, argc, argv, &options);
    if (code == PAM_SUCCESS)
        code = handover_session(pamh, &e.handle);
    if (code == PAM_SUCCESS)
        code = run(&e, &result);
    return code == PAM_SUCCESS ? handover_set_session(pamh, "") : code;
}
