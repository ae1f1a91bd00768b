/* SPDX-License-Identifier: MIT
 *
 * See proc.h. Bounded reads, no allocation; whatever is not as proc(5) says counts as unknown.
 */
#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol.h"
#include "text.h"

enum { STARTED_FIELD = 22, FIRST_AFTER_NAME = 3 };

/* The file's text in out; "" if it cannot be read. */
static void read_file(int64_t pid, const char *name, char *out, size_t cap)
{
    char path[64];

    out[0] = '\0';
    snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    ssize_t n = read(fd, out, cap - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
}

uint32_t proc_audit_session(int64_t pid)
{
    char text[16];
    uint64_t value = PROTOCOL_NO_SESSION;

    read_file(pid, "sessionid", text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    return text_to_u64(text, UINT32_MAX, &value) == 0 ? (uint32_t)value : PROTOCOL_NO_SESSION;
}

int64_t proc_started(int64_t pid)
{
    char text[1024];
    uint64_t value = 0;

    read_file(pid, "stat", text, sizeof text);
    char *at = strrchr(text, ')'); /* the name before it may hold anything, also spaces and parentheses */
    for (int field = FIRST_AFTER_NAME - 1; at && field < STARTED_FIELD; field++)
        if ((at = strchr(at, ' ')))
            at++;
    if (!at)
        return 0;
    at[strcspn(at, " ")] = '\0';
    return text_to_u64(at, INT64_MAX, &value) == 0 ? (int64_t)value : 0;
}
