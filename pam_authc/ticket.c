/* SPDX-License-Identifier: MIT
 *
 * See ticket.h. A record is read, never written. Its age is not looked at: how long grace lasts is authcd's to say, by
 * its own clock. What sudo was told is read from its command line, as the one who called it wrote it: who hides a -k
 * there hides it from themselves.
 */
#include "ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum { RECORDS_MAX = 8192, COMMAND_MAX = 4096, VERSION = 2, TYPE_TTY = 2, DISABLED = 1 };

/* As sudo 1.8.31 to 1.9 writes it, in the order of the machine's bytes. */
struct record {
    uint16_t version, size, type, flags;
    uint32_t auth_uid;
    int32_t sid;
    int64_t times[4];
    uint64_t tty;
};

static size_t read_all(int fd, unsigned char *out, size_t cap)
{
    size_t len = 0;
    ssize_t n = 1;
    while (len < cap && (n > 0 || (n < 0 && errno == EINTR))) {
        n = read(fd, out + len, cap - len);
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

static bool is_ours(const struct record *r, size_t size)
{
    return size >= sizeof *r && r->version == VERSION && r->type == TYPE_TTY && !(r->flags & DISABLED) &&
           r->auth_uid == getuid() && r->sid == getsid(0);
}

static bool has_record(const unsigned char *bytes, size_t len)
{
    struct record r = {0};
    size_t head = offsetof(struct record, type);
    for (size_t at = 0; len - at >= head; at += r.size) {
        size_t rest = len - at;
        memcpy(&r, bytes + at, rest < sizeof r ? rest : sizeof r);
        if (r.size < head || r.size > rest)
            return false;
        if (is_ours(&r, r.size))
            return true;
    }
    return false;
}

/* Only root writes there, and sudo believes it for the same reason. */
static bool is_sudos(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && (st.st_mode & 077) == 0;
}

static bool file_stands(const char *name)
{
    unsigned char bytes[RECORDS_MAX];
    char path[300];
    if (text_format(path, sizeof path, "/run/sudo/ts/%s", name) < 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool stands = is_sudos(fd) && has_record(bytes, read_all(fd, bytes, sizeof bytes));
    close(fd);
    return stands;
}

/* ---- what sudo was told ---- */

/* One word of short options: is k among them, and is the next word the value of the last of them? */
static bool has_k(const char *word, bool *ret_value_follows)
{
    for (word++; *word != '\0'; word++) {
        if (*word == 'k' || *word == 'K')
            return true;
        if (strchr("aCcDghpRrTtUu", *word) != NULL) {
            *ret_value_follows = word[1] == '\0';
            return false;
        }
    }
    return false;
}

/* --reset-timestamp and --remove-timestamp, which may be cut short. Whether another long option takes the next word for
 * its value is not known here, so the search goes on behind it: where that was the command, its own options are taken
 * for sudo's, and at worst a code is asked. */
static bool long_says_forget(const char *word, bool *ret_value_follows)
{
    *ret_value_follows = strchr(word, '=') == NULL;
    return strncmp(word, "--re", 4) == 0;
}

/* NAME=value, which may stand between options. */
static bool is_setting(const char *word)
{
    return word[0] != '-' && strchr(word, '=') != NULL;
}

static bool says_forget(const char *words, size_t len)
{
    bool value = true; /* of the program's own name */
    for (const char *w = words; w < words + len; w += strlen(w) + 1) {
        bool follows = false;
        if (!value && is_setting(w))
            continue;
        if (!value && (w[0] != '-' || strcmp(w, "--") == 0))
            return false;
        if (!value && (w[1] == '-' ? long_says_forget(w, &follows) : has_k(w, &follows)))
            return true;
        value = follows;
    }
    return false;
}

static bool was_told_to_forget(void)
{
    unsigned char words[COMMAND_MAX + 1];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    size_t len = read_all(fd, words, COMMAND_MAX);
    close(fd);
    words[len] = '\0';
    return len == 0 || says_forget((const char *)words, len);
}

bool ticket_stands(const char *service, const char *user)
{
    char uid[16];
    if (strcmp(service, "sudo") != 0 && strcmp(service, "sudo-i") != 0)
        return false;
    if (geteuid() != 0 || was_told_to_forget() || text_format(uid, sizeof uid, "%u", getuid()) < 0)
        return false;
    return file_stands(user) || file_stands(uid); /* by name until sudo 1.9.14, by uid from then on */
}
