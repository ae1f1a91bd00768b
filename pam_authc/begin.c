/* SPDX-License-Identifier: MIT
 *
 * What authcd is told about an attempt. None of it is a claim that authcd has to believe: the peer's identity is the
 * kernel's. SSH_AUTH_INFO_0 is passed on only where sshd itself writes it, because elsewhere in a stack anybody could
 * have put it into the PAM environment.
 */
#include "begin.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "conv.h"
#include "own.h"
#include "text.h"
#include "ticket.h"

static int put(char *out, size_t cap, const char *s)
{
    if (s == NULL)
        s = "";
    return text_copy(out, cap, s) == 0 && text_is_utf8(out, strlen(out)) ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int put_item(pam_handle_t *pamh, int type, char *out, size_t cap)
{
    const void *item = NULL;
    return pam_get_item(pamh, type, &item) == PAM_SUCCESS ? put(out, cap, item) : PAM_AUTH_ERR;
}

static int put_user(pam_handle_t *pamh, char *out, size_t cap)
{
    const char *user = NULL;
    int code = conv_code(pam_get_user(pamh, &user, NULL));
    if (code != PAM_SUCCESS)
        return code;
    return user != NULL && text_is_account_name(user) ? put(out, cap, user) : PAM_AUTH_ERR;
}

static int put_target_uid(pam_handle_t *pamh, const char *user, uint32_t *ret)
{
    errno = 0;
    const struct passwd *entry = pam_modutil_getpwnam(pamh, user);
    if (entry == NULL && errno == ENOMEM)
        return PAM_BUF_ERR;
    *ret = entry == NULL ? PROTOCOL_NO_UID : entry->pw_uid;
    return PAM_SUCCESS;
}

static int put_nonce(uint8_t nonce[PROTOCOL_NONCE_SIZE])
{
    ssize_t n;
    do
        n = getrandom(nonce, PROTOCOL_NONCE_SIZE, 0);
    while (n < 0 && errno == EINTR);
    return n == PROTOCOL_NONCE_SIZE ? PAM_SUCCESS : PAM_AUTH_ERR;
}

/* The kernel's number of the login that this process belongs to. */
static uint32_t audit_session(void)
{
    char text[16] = "";
    int fd = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return PROTOCOL_NO_SESSION;
    ssize_t n;
    do
        n = read(fd, text, sizeof text - 1);
    while (n < 0 && errno == EINTR);
    close(fd);
    text[strcspn(text, "\n")] = '\0';
    uint64_t session = PROTOCOL_NO_SESSION;
    if (text_to_u64(text, PROTOCOL_NO_SESSION, &session) < 0)
        return PROTOCOL_NO_SESSION;
    return (uint32_t)session;
}

/* "publickey ALG KEY", each of them present, nothing after it. */
static bool is_key_line(const char *line, size_t len)
{
    static const char method[] = "publickey ";
    size_t at = sizeof method - 1;
    if (len < at || memcmp(line, method, at) != 0)
        return false;
    const char *space = memchr(line + at, ' ', len - at);
    if (space == NULL || space == line + at)
        return false;
    size_t key = (size_t)(space - line) + 1;
    return key < len && strcspn(line + key, " \t\r\n") >= len - key;
}

static bool is_key_lines(const char *info)
{
    if (*info == '\0')
        return false;
    while (*info != '\0') {
        size_t len = strcspn(info, "\n");
        if (!is_key_line(info, len))
            return false;
        info += len + (info[len] == '\n');
    }
    return true;
}

/* What sshd verified before. Not usable means not sent: it could only have helped. */
static void put_auth_info(pam_handle_t *pamh, struct msg_begin *b)
{
    const char *info = strcmp(b->service, "sshd") == 0 ? pam_getenv(pamh, "SSH_AUTH_INFO_0") : NULL;
    if (info == NULL || !is_key_lines(info) || put(b->auth_info, sizeof b->auth_info, info) != PAM_SUCCESS)
        b->auth_info[0] = '\0';
}

static uint32_t begin_flags(unsigned flags, const char *rhost)
{
    uint32_t f = own_address(rhost) ? BEGIN_OWN_ADDRESS : 0;
    if (flags & PAM_SILENT)
        f |= BEGIN_SILENT;
    if (flags & PAM_PRELIM_CHECK)
        f |= BEGIN_PRELIM;
    if (flags & PAM_CHANGE_EXPIRED_AUTHTOK)
        f |= BEGIN_ONLY_EXPIRED;
    return f;
}

int begin_fill(pam_handle_t *pamh, unsigned flags, enum phase phase, const char *handle, struct msg_begin *ret)
{
    int code = put_user(pamh, ret->user, sizeof ret->user);
    if (code == PAM_SUCCESS)
        code = put_item(pamh, PAM_SERVICE, ret->service, sizeof ret->service);
    if (code == PAM_SUCCESS)
        code = put_item(pamh, PAM_TTY, ret->tty, sizeof ret->tty);
    if (code == PAM_SUCCESS)
        code = put_item(pamh, PAM_RHOST, ret->rhost, sizeof ret->rhost);
    if (code == PAM_SUCCESS)
        code = put_item(pamh, PAM_RUSER, ret->ruser, sizeof ret->ruser);
    if (code == PAM_SUCCESS)
        code = put(ret->handle, sizeof ret->handle, handle);
    if (code == PAM_SUCCESS)
        code = put_target_uid(pamh, ret->user, &ret->target_uid);
    if (code == PAM_SUCCESS)
        code = put_nonce(ret->nonce);
    if (code != PAM_SUCCESS)
        return code;
    put_auth_info(pamh, ret);
    ret->phase = (uint8_t)phase;
    ret->caller_uid = getuid();
    ret->flags = begin_flags(flags, ret->rhost);
    if (phase == PHASE_AUTH && ticket_stands(ret->service, ret->user))
        ret->flags |= BEGIN_TICKET;
    ret->audit_session = audit_session();
    return PAM_SUCCESS;
}
