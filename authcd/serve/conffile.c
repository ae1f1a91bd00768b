/* SPDX-License-Identifier: MIT
 *
 * See conffile.h. The file is opened once and judged by its descriptor, so that what was checked is what is read. Knows
 * nothing of keys and values: that is rules/config's.
 */
#include "conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

__attribute__((format(printf, 3, 4))) static int complain(char error[CONFIG_ERROR_SIZE], int number, const char *format,
                                                          ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(error, CONFIG_ERROR_SIZE, format, ap);
    va_end(ap);
    return number;
}

static int check_file(int fd, const char *path, char error[CONFIG_ERROR_SIZE])
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return complain(error, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return complain(error, -EPERM, "%s: not a regular file", path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return complain(error, -EPERM, "%s: owned by uid %u: it must belong to root", path, st.st_uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return complain(error, -EPERM, "%s: mode %04o lets others write it: chmod go-w %s", path, st.st_mode & 07777U,
                        path);
    if (st.st_size > CONFIG_FILE_MAX)
        return complain(error, -EFBIG, "%s:1: longer than %d bytes", path, CONFIG_FILE_MAX);
    return 0;
}

/* All of the file, at most one byte more than there may be. */
static int read_all(int fd, char *text, size_t *ret_len)
{
    size_t len = 0;

    while (len < CONFIG_FILE_MAX + 1) {
        ssize_t n = read(fd, text + len, CONFIG_FILE_MAX + 1 - len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    *ret_len = len;
    return len > CONFIG_FILE_MAX ? -EFBIG : 0;
}

static int read_file(int fd, const char *path, char *text, struct config *ret, char error[CONFIG_ERROR_SIZE])
{
    size_t len = 0;
    int failed = check_file(fd, path, error);

    if (failed < 0)
        return failed;
    if ((failed = read_all(fd, text, &len)) < 0)
        return complain(error, failed, "%s: %s", path, strerror(-failed));
    return config_parse(text, len, path, ret, error);
}

static int parse_file(int fd, const char *path, struct config *ret, char error[CONFIG_ERROR_SIZE])
{
    char *text = malloc(CONFIG_FILE_MAX + 1);
    int failed = text ? read_file(fd, path, text, ret, error) : complain(error, -ENOMEM, "%s: out of memory", path);

    free(text);
    return failed;
}

static int fill_issuer(struct config *c, const char *path, char error[CONFIG_ERROR_SIZE])
{
    char host[256] = "";

    if (c->authcd.issuer[0])
        return 0;
    if (gethostname(host, sizeof host - 1) < 0 || !host[0])
        return complain(error, -ENOENT, "%s: the host has no name: set issuer", path);
    if (text_format(c->authcd.issuer, sizeof c->authcd.issuer, "https://%s", host) < 0)
        return complain(error, -EMSGSIZE, "%s: the host's name is too long for an issuer: set issuer", path);
    return 0;
}

static int load(const char *path, bool may_be_missing, struct config *c, char error[CONFIG_ERROR_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int failed;

    if (fd < 0 && errno == ENOENT && may_be_missing)
        config_defaults(c);
    else if (fd < 0)
        return complain(error, -errno, "%s: %s", path, errno == ELOOP ? "a symbolic link" : strerror(errno));
    else {
        failed = parse_file(fd, path, c, error);
        close(fd);
        if (failed < 0)
            return failed;
    }
    return fill_issuer(c, path, error);
}

int conffile_load(const char *path, struct config *ret, char error[CONFIG_ERROR_SIZE])
{
    struct config *c = calloc(1, sizeof *c); /* too large for a stack */

    if (!c)
        return complain(error, -ENOMEM, "out of memory");
    int failed = load(path ? path : CONFFILE_DEFAULT, !path, c, error);
    if (failed == 0)
        *ret = *c;
    free(c);
    return failed;
}
