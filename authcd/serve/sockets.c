/* SPDX-License-Identifier: MIT
 *
 * See sockets.h. A socket's file has its mode from the moment it is there, and nothing but a dead socket is ever
 * removed. Does not accept: that is turn's.
 */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "protocol.h"
#include "text.h"

enum { BACKLOG = 4096 };

#if !defined SO_PASSRIGHTS && SO_PASSCRED == 16 /* the numbers that most architectures have */
#define SO_PASSRIGHTS 83
#endif

static const struct {
    const char *name; /* FileDescriptorName= */
    const char *file;
    mode_t mode;
} sockets_table[SOCKETS_COUNT] = {
    [SOCKETS_SYSTEM] = {"system", PROTOCOL_SYSTEM_SOCKET, 0600},
    [SOCKETS_USER] = {"user", PROTOCOL_USER_SOCKET, 0666},
};

__attribute__((format(printf, 3, 4))) static int complain(char error[SOCKETS_ERROR_SIZE], int number,
                                                          const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(error, SOCKETS_ERROR_SIZE, format, ap);
    va_end(ap);
    return number;
}

void sockets_close(struct sockets *s)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        if (s->fds[i] >= 0)
            close(s->fds[i]);
        s->fds[i] = -1;
    }
}

/* Senders' credentials come with each packet only where this is set; accepted sockets inherit it. Kernels from 6.16 on
 * then also carry no descriptors to us; where one does, closer knows what to do with them. */
static int prepare(int fd)
{
    static const int on = 1;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        return -errno;
#ifdef SO_PASSRIGHTS
    static const int off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
#endif
    return 0;
}

static int take_one(struct sockets *s, int fd, const char *name, char error[SOCKETS_ERROR_SIZE])
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        if (strcmp(name, sockets_table[i].name) != 0)
            continue;
        if (s->fds[i] >= 0 || sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) <= 0)
            return complain(error, -EINVAL,
                            "socket \"%s\" was handed over twice, or listens for no packets: "
                            "use ListenSequentialPacket=",
                            name);
        int failed = prepare(fd);
        if (failed < 0)
            return complain(error, failed, "socket \"%s\": %s", name, strerror(-failed));
        s->fds[i] = fd;
        return 0;
    }
    return complain(error, -EINVAL, "a socket \"%s\" was handed over: only \"system\" and \"user\" mean anything",
                    name);
}

int sockets_take(struct sockets *ret, char error[SOCKETS_ERROR_SIZE])
{
    struct sockets s = SOCKETS_NONE;
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    int failed = n < 0 ? complain(error, n, "LISTEN_FDS: %s", strerror(-n)) : 0;

    for (int i = 0; i < n && failed == 0; i++)
        failed = take_one(&s, SD_LISTEN_FDS_START + i, names && names[i] ? names[i] : "", error);
    for (int i = 0; i < n && names; i++)
        free(names[i]);
    free(names);
    if (failed < 0) {
        sockets_close(&s);
        return failed;
    }
    s.handed = n > 0;
    *ret = s;
    return 0;
}

static int judge_run_dir(int fd, bool made, const char *run_dir, char error[SOCKETS_ERROR_SIZE])
{
    struct stat st;

    if ((made && fchmod(fd, 0755) < 0) || fstat(fd, &st) < 0) /* whatever the umask was */
        return complain(error, -errno, "%s: %s", run_dir, strerror(errno));
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return complain(error, -EPERM, "%s: owned by uid %u: clients would not trust it", run_dir, st.st_uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return complain(error, -EPERM, "%s: others may write it: chmod go-w %s", run_dir, run_dir);
    return 0;
}

static int check_run_dir(const char *run_dir, char error[SOCKETS_ERROR_SIZE])
{
    bool made = mkdir(run_dir, 0755) == 0;

    if (!made && errno != EEXIST)
        return complain(error, -errno, "%s: cannot make it: %s", run_dir, strerror(errno));
    int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return complain(error, -errno, "%s: %s", run_dir, strerror(errno));
    int failed = judge_run_dir(fd, made, run_dir, error);
    close(fd);
    return failed;
}

static int address(const char *run_dir, size_t which, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    return text_format(ret->sun_path, sizeof ret->sun_path, "%s/%s", run_dir, sockets_table[which].file);
}

/* Is somebody listening there? */
static bool answers(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return true; /* cannot tell: leave it alone */
    bool refused = connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static int clear_way(const struct sockaddr_un *a, char error[SOCKETS_ERROR_SIZE])
{
    struct stat st;

    if (lstat(a->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : complain(error, -errno, "%s: %s", a->sun_path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return complain(error, -EEXIST, "%s is in the way and no socket: remove it", a->sun_path);
    if (answers(a))
        return complain(error, -EADDRINUSE, "%s: another authcd answers there", a->sun_path);
    if (unlink(a->sun_path) < 0)
        return complain(error, -errno, "%s: %s", a->sun_path, strerror(errno));
    return 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *a, mode_t mode)
{
    int failed = prepare(fd);

    if (failed < 0)
        return failed;
    /* bind(2) makes the file with the mode that the socket has, less the umask: right from its first moment. */
    mode_t old = umask(0);
    if (fchmod(fd, mode) < 0 || bind(fd, (const struct sockaddr *)a, sizeof *a) < 0 || listen(fd, BACKLOG) < 0)
        failed = -errno;
    umask(old);
    return failed;
}

static int make_one(struct sockets *s, size_t which, const char *run_dir, char error[SOCKETS_ERROR_SIZE])
{
    struct sockaddr_un a;
    int failed = address(run_dir, which, &a);

    if (failed < 0)
        return complain(error, failed, "%s: too long for a socket's path", run_dir);
    if ((failed = clear_way(&a, error)) < 0)
        return failed;
    s->fds[which] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fds[which] < 0)
        return complain(error, -errno, "socket: %s", strerror(errno));
    failed = bind_and_listen(s->fds[which], &a, sockets_table[which].mode);
    return failed < 0 ? complain(error, failed, "%s: %s", a.sun_path, strerror(-failed)) : 0;
}

int sockets_make(struct sockets *ret, const char *run_dir, char error[SOCKETS_ERROR_SIZE])
{
    struct sockets s = SOCKETS_NONE;
    int failed = check_run_dir(run_dir, error);

    for (size_t i = 0; i < SOCKETS_COUNT && failed == 0; i++)
        failed = make_one(&s, i, run_dir, error);
    if (failed < 0) {
        sockets_close(&s);
        return failed;
    }
    *ret = s;
    return 0;
}
