/* SPDX-License-Identifier: MIT
 *
 * See handover.h. The module data is a mark only: libpam wants some pointer that is not NULL, so it gets the handle's
 * own, which is never followed. There is nothing to free, so no cleanup callback is given, which pam_end would also run
 * in forked copies of the process.
 */
#include "handover.h"

#include <string.h>

#include "text.h"

#define MARK "authc_proved"       /* module data */
#define ENV_MARK "AUTHC_AUTH"     /* PAM environment, between auth and setcred */
#define ENV_HANDLE "AUTHC_HANDLE" /* between auth and open_session */
#define ENV_SESSION "AUTHC_SESSION"

/* libpam logs an error if there is nothing to remove. */
static int remove_env(pam_handle_t *pamh, const char *name)
{
    return pam_getenv(pamh, name) == NULL ? PAM_SUCCESS : pam_putenv(pamh, name);
}

static int set_env(pam_handle_t *pamh, const char *name, const char *value)
{
    char setting[128];
    if (value[0] == '\0')
        return remove_env(pamh, name);
    if (text_format(setting, sizeof setting, "%s=%s", name, value) < 0)
        return PAM_SYSTEM_ERR;
    int code = pam_putenv(pamh, setting);
    explicit_bzero(setting, sizeof setting);
    return code;
}

static int set_mark(pam_handle_t *pamh, bool proved)
{
    return pam_set_data(pamh, MARK, proved ? pamh : NULL, NULL);
}

static bool has_mark(pam_handle_t *pamh)
{
    const void *data = NULL;
    return pam_get_data(pamh, MARK, &data) == PAM_SUCCESS && data != NULL;
}

/* libpam copies and later wipes it. */
static int set_password(pam_handle_t *pamh, int item, const struct typed *t)
{
    char text[SECRET_MAX + 1] = "";
    if (!t->asked)
        return PAM_SUCCESS;
    memcpy(text, t->secret.bytes, t->secret.len);
    int code = pam_set_item(pamh, item, text);
    explicit_bzero(text, sizeof text);
    return code;
}

int handover_forget(pam_handle_t *pamh)
{
    int code = has_mark(pamh) ? set_mark(pamh, false) : PAM_SUCCESS;
    if (code == PAM_SUCCESS)
        code = remove_env(pamh, ENV_MARK);
    return code == PAM_SUCCESS ? remove_env(pamh, ENV_HANDLE) : code;
}

int handover_proved(pam_handle_t *pamh, const struct exchange_result *r)
{
    int code = set_password(pamh, PAM_AUTHTOK, &r->password);
    if (code == PAM_SUCCESS)
        code = set_env(pamh, ENV_HANDLE, r->handle);
    if (code == PAM_SUCCESS)
        code = set_env(pamh, ENV_MARK, "1");
    return code == PAM_SUCCESS ? set_mark(pamh, true) : code;
}

int handover_was_proved(pam_handle_t *pamh)
{
    if (pam_getenv(pamh, ENV_MARK) != NULL) {
        int code = set_mark(pamh, true);
        if (code == PAM_SUCCESS)
            code = remove_env(pamh, ENV_MARK);
        if (code != PAM_SUCCESS)
            return code;
    }
    return has_mark(pamh) ? PAM_SUCCESS : PAM_IGNORE;
}

int handover_take_handle(pam_handle_t *pamh, char *ret, size_t cap)
{
    const char *handle = pam_getenv(pamh, ENV_HANDLE);
    int r = text_copy(ret, cap, handle == NULL ? "" : handle);
    int code = remove_env(pamh, ENV_HANDLE);
    return r < 0 ? PAM_AUTH_ERR : code;
}

int handover_session(pam_handle_t *pamh, const char **ret)
{
    const char *name = pam_getenv(pamh, ENV_SESSION);
    if (name == NULL || name[0] == '\0')
        return PAM_IGNORE;
    *ret = name;
    return PAM_SUCCESS;
}

int handover_set_session(pam_handle_t *pamh, const char *name)
{
    return set_env(pamh, ENV_SESSION, name);
}

int handover_changed(pam_handle_t *pamh, const struct exchange_result *r)
{
    int code = set_password(pamh, PAM_OLDAUTHTOK, &r->current_password);
    return code == PAM_SUCCESS ? set_password(pamh, PAM_AUTHTOK, &r->new_password) : code;
}
