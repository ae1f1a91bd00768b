/* SPDX-License-Identifier: MIT
 *
 * What phases leave each other in the PAM handle (M14), with a libpam of this test's own that can run out of memory at
 * any of its calls: a failure there is BUF_ERR, never success, and never IGNORE (M1, M2).
 */
#include "handover.h"

#include "tap.h"

static struct {
    char env[4][128]; /* "" or NAME=VALUE */
    const void *mark;
    char authtok[64], oldauthtok[64];
    int calls, fail_at; /* the fail_at-th call that allocates fails; 0: none */
} pam;

static pam_handle_t *const pamh = (pam_handle_t *)&pam; /* any address: nobody looks into it */

static int allocates(void)
{
    return ++pam.calls == pam.fail_at ? PAM_BUF_ERR : PAM_SUCCESS;
}

static char *find_env(const char *name, size_t len)
{
    for (int i = 0; i < 4; i++)
        if (strncmp(pam.env[i], name, len) == 0 && pam.env[i][len] == '=')
            return pam.env[i];
    return NULL;
}

const char *pam_getenv(pam_handle_t *handle, const char *name)
{
    (void)handle;
    const char *found = find_env(name, strlen(name));
    return found == NULL ? NULL : found + strlen(name) + 1;
}

int pam_putenv(pam_handle_t *handle, const char *setting)
{
    (void)handle;
    size_t len = strcspn(setting, "=");
    char *place = find_env(setting, len);
    int code = allocates();
    if (code != PAM_SUCCESS)
        return code;
    if (setting[len] == '\0') {
        ok(place != NULL, "only what is there is removed");
        if (place != NULL)
            place[0] = '\0';
        return PAM_SUCCESS;
    }
    for (int i = 0; place == NULL && i < 4; i++)
        place = pam.env[i][0] == '\0' ? pam.env[i] : NULL;
    snprintf(place, sizeof pam.env[0], "%s", setting);
    return PAM_SUCCESS;
}

int pam_set_data(pam_handle_t *handle, const char *name, void *data, void (*cleanup)(pam_handle_t *, void *, int))
{
    (void)handle;
    (void)name;
    ok(cleanup == NULL, "no cleanup that a forked copy could run");
    int code = allocates();
    if (code == PAM_SUCCESS)
        pam.mark = data;
    return code;
}

int pam_get_data(const pam_handle_t *handle, const char *name, const void **data)
{
    (void)handle;
    (void)name;
    *data = pam.mark;
    return pam.mark == NULL ? PAM_NO_MODULE_DATA : PAM_SUCCESS;
}

int pam_set_item(pam_handle_t *handle, int type, const void *item)
{
    (void)handle;
    char *place = type == PAM_AUTHTOK ? pam.authtok : pam.oldauthtok;
    int code = allocates();
    if (code == PAM_SUCCESS)
        snprintf(place, sizeof pam.authtok, "%s", (const char *)item);
    return code;
}

static struct exchange_result granted(void)
{
    struct exchange_result r = {.verdict = VERDICT_GRANTED, .handle = "HANDLE7", .password.asked = true};
    is_int(secret_set(&r.password.secret, "hunter2", 7), 0, "a password");
    return r;
}

static void test_proved(void)
{
    struct exchange_result r = granted();
    char handle[65];
    memset(&pam, 0, sizeof pam);
    is_int(handover_was_proved(pamh), PAM_IGNORE, "nothing was proved yet");
    is_int(handover_forget(pamh), PAM_SUCCESS, "nothing to forget");
    is_int(pam.calls, 0, "... touches nothing");
    is_int(handover_proved(pamh, &r), PAM_SUCCESS, "proved");
    is_str(pam.authtok, "hunter2", "PAM_AUTHTOK is the password");
    is_int(handover_was_proved(pamh), PAM_SUCCESS, "setcred knows");
    ok(pam_getenv(pamh, "AUTHC_AUTH") == NULL, "... and cleans up");
    is_int(handover_was_proved(pamh), PAM_SUCCESS, "... and remembers");
    is_int(handover_take_handle(pamh, handle, sizeof handle), PAM_SUCCESS, "open");
    is_str(handle, "HANDLE7", "gets the handle");
    ok(pam_getenv(pamh, "AUTHC_HANDLE") == NULL, "... once");
    is_int(handover_forget(pamh), PAM_SUCCESS, "forgotten");
    is_int(handover_was_proved(pamh), PAM_IGNORE, "... for setcred");
}

/* Auth ran in a child: module data is lost, the environment arrives. */
static void test_forked(void)
{
    struct exchange_result r = granted();
    memset(&pam, 0, sizeof pam);
    is_int(handover_proved(pamh, &r), PAM_SUCCESS, "proved in a child");
    pam.mark = NULL;
    is_int(handover_was_proved(pamh), PAM_SUCCESS, "setcred in the parent knows");
}

static void test_sessions(void)
{
    const char *name = NULL;
    char handle[65];
    memset(&pam, 0, sizeof pam);
    is_int(handover_session(pamh, &name), PAM_IGNORE, "no session");
    is_int(handover_set_session(pamh, "abc"), PAM_SUCCESS, "a session");
    ok(handover_session(pamh, &name) == PAM_SUCCESS && strcmp(name, "abc") == 0, "... is found");
    is_int(handover_set_session(pamh, ""), PAM_SUCCESS, "... and ended");
    is_int(handover_session(pamh, &name), PAM_IGNORE, "... and gone");
    is_int(handover_take_handle(pamh, handle, sizeof handle), PAM_SUCCESS, "no handle is no error");
    is_str(handle, "", "... and empty");
    is_int(pam_putenv(pamh, "AUTHC_HANDLE=0123456789"), PAM_SUCCESS, "a handle");
    is_int(handover_take_handle(pamh, handle, 5), PAM_AUTH_ERR, "that does not fit is refused");
    ok(pam_getenv(pamh, "AUTHC_HANDLE") == NULL, "... and gone all the same");
}

static void test_changed(void)
{
    struct exchange_result r = {.verdict = VERDICT_GRANTED, .new_password.asked = true};
    memset(&pam, 0, sizeof pam);
    is_int(secret_set(&r.new_password.secret, "newer", 5), 0, "a new password");
    is_int(secret_set(&r.current_password.secret, "older", 5), 0, "the current one");
    is_int(handover_changed(pamh, &r), PAM_SUCCESS, "changed, the current one not asked");
    ok(strcmp(pam.authtok, "newer") == 0 && pam.oldauthtok[0] == '\0', "PAM_AUTHTOK only");
    r.current_password.asked = true;
    is_int(handover_changed(pamh, &r), PAM_SUCCESS, "changed");
    ok(strcmp(pam.authtok, "newer") == 0 && strcmp(pam.oldauthtok, "older") == 0, "both");
}

static void test_out_of_memory(void)
{
    struct exchange_result r = granted();
    int n = 0, code;
    do {
        memset(&pam, 0, sizeof pam);
        pam.fail_at = ++n;
        code = handover_proved(pamh, &r);
        if (n <= pam.calls)
            is_int(code, PAM_BUF_ERR, "proved, call %d fails", n);
    } while (n <= pam.calls);
    is_int(n - 1, 4, "four calls that can fail");
    is_int(code, PAM_SUCCESS, "and none does");
    for (n = 1; n <= 2; n++) {
        memset(&pam, 0, sizeof pam);
        is_int(pam_putenv(pamh, "AUTHC_AUTH=1"), PAM_SUCCESS, "from a child");
        pam.calls = 0;
        pam.fail_at = n;
        is_int(handover_was_proved(pamh), PAM_BUF_ERR, "setcred, call %d fails", n);
    }
}

int main(void)
{
    test_proved();
    test_forked();
    test_sessions();
    test_changed();
    test_out_of_memory();
    return tap_done();
}
