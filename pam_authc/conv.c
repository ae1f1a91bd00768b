/* SPDX-License-Identifier: MIT
 *
 * One message, one response. libpam's own pam_prompt is not used: it formats, cuts, and does not tell end of file from
 * an empty line. A response that comes with an error is freed too, as libpam does it.
 */
#include "conv.h"

#include <stdlib.h>
#include <string.h>

#include "protocol.h"

int conv_code(int code)
{
    switch (code) {
    case PAM_SUCCESS:
    case PAM_BUF_ERR:
        return code;
    case PAM_CONV_AGAIN:
    case PAM_INCOMPLETE:
        return PAM_INCOMPLETE;
    default:
        return PAM_CONV_ERR;
    }
}

static void response_wipe(struct pam_response **response)
{
    if (*response == NULL)
        return;
    if ((*response)->resp != NULL) {
        explicit_bzero((*response)->resp, strlen((*response)->resp));
        free((*response)->resp);
    }
    free(*response);
    *response = NULL;
}

static int converse(pam_handle_t *pamh, int style, const char *text, struct pam_response **response)
{
    const void *item = NULL;
    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
        return PAM_CONV_ERR;
    const struct pam_conv *application = item;
    if (application->conv == NULL)
        return PAM_CONV_ERR;
    const struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *messages[] = {&message};
    return conv_code(application->conv(1, messages, response, application->appdata_ptr));
}

int conv_ask(pam_handle_t *pamh, bool echo, const char *text, struct secret *ret)
{
    __attribute__((cleanup(response_wipe))) struct pam_response *response = NULL;
    int code = converse(pamh, echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF, text, &response);
    if (code != PAM_SUCCESS)
        return code;
    if (response == NULL || response->resp == NULL)
        return PAM_CONV_ERR;
    size_t len = strlen(response->resp);
    if (len > PROTOCOL_PACKET_MAX) /* nobody typed this: the application is broken */
        return PAM_CONV_ERR;
    return secret_set(ret, response->resp, len) < 0 ? PAM_AUTH_ERR : PAM_SUCCESS;
}

int conv_tell(pam_handle_t *pamh, int style, const char *text)
{
    __attribute__((cleanup(response_wipe))) struct pam_response *response = NULL;
    return converse(pamh, style, text, &response);
}
