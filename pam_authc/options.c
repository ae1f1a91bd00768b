/* SPDX-License-Identifier: MIT
 *
 * One row for each option. A repeated option is refused like an unknown one: which of the two the administrator meant
 * cannot be told. Whether the socket is there, and whose it is, is link's business.
 */
#include "options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "protocol.h"
#include "text.h"

enum { TIMEOUT_DEFAULT_S = 60, TIMEOUT_MAX_S = 300, UID_UNMAPPED = 65534 };

static bool set_socket(struct options *o, const char *value)
{
    o->socket = value;
    return value[0] == '/';
}

static bool set_timeout(struct options *o, const char *value)
{
    uint64_t n;
    if (text_to_u64(value, TIMEOUT_MAX_S, &n) < 0 || n == 0)
        return false;
    o->timeout_s = (int64_t)n;
    return true;
}

/* 65534 is what every uid looks like that a container does not map. */
static bool set_server_uid(struct options *o, const char *value)
{
    uint64_t n;
    if (text_to_u64(value, PROTOCOL_NO_UID - 1, &n) < 0 || n == UID_UNMAPPED)
        return false;
    o->server_uid = (uid_t)n;
    return true;
}

static bool set_use_first_pass(struct options *o, const char *value)
{
    o->use_first_pass = true;
    return value[0] == '\0';
}

static bool set_try_first_pass(struct options *o, const char *value)
{
    o->try_first_pass = true;
    return value[0] == '\0';
}

static const struct {
    const char *name; /* up to and with its '=' */
    bool (*set)(struct options *o, const char *value);
} rows[] = {
    {"socket=", set_socket},
    {"timeout=", set_timeout},
    {"server_uid=", set_server_uid},
    {"use_first_pass", set_use_first_pass},
    {"try_first_pass", set_try_first_pass},
};

static bool parse_one(struct options *o, const char *arg, unsigned *seen)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].name);
        if (strncmp(arg, rows[i].name, len) != 0)
            continue;
        bool repeated = (*seen & 1U << i) != 0;
        *seen |= 1U << i;
        return !repeated && rows[i].set(o, arg + len);
    }
    return false;
}

int options_parse(struct options *ret, int argc, const char **argv, const char **ret_bad)
{
    struct options o = {.timeout_s = TIMEOUT_DEFAULT_S};
    unsigned seen = 0;
    for (int i = 0; i < argc; i++)
        if (!parse_one(&o, argv[i], &seen)) {
            *ret_bad = argv[i];
            return -EINVAL;
        }
    *ret = o;
    return 0;
}

const char *options_socket(const struct options *o)
{
    if (o->socket != NULL)
        return o->socket;
    return geteuid() == 0 ? PROTOCOL_RUN_DIR "/" PROTOCOL_SYSTEM_SOCKET : PROTOCOL_RUN_DIR "/" PROTOCOL_USER_SOCKET;
}
