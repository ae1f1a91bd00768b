/* SPDX-License-Identifier: MIT
 *
 * One connection to authcd. The path is walked component by component with O_NOFOLLOW and each step is looked at by its
 * descriptor; because nobody but uid 0 (or server_uid) can change a step that passed, connecting by name afterwards
 * reaches what was checked. Waiting is done by poll, charged to the budget, and survives any number of EINTR. Leaves
 * out: retries, more than one connection, and everything that a message means.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

/* The longest packet that messages.def allows, exactly: what is longer is cut by the kernel, which says so. */
/* clang-format off */
union longest {
#define MESSAGE(name, number, direction, who) char name[3
#define U8(f) + 1
#define U32(f) + 4
#define I64(f) + 8
#define FLAG(f) + 1
#define FIXED(f, n) + (n)
#define TEXT(f, max) + 2 + (max)
#define SECRET(f) + 2 + SECRET_MAX
#define END(name) ];
#include "messages.def"
#include "msg_fields_undef.h"
};
/* clang-format on */
_Static_assert(sizeof(union longest) <= PROTOCOL_PACKET_MAX, "every message fits a packet");

struct packet {
    size_t len;
    unsigned char bytes[sizeof(union longest)];
};

static void packet_wipe(struct packet *p)
{
    explicit_bzero(p, sizeof *p);
}

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* ---- the budget ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void charge(struct link *l, int64_t since_ms)
{
    int64_t left = l->budget_ms - (now_ms() - since_ms);
    l->budget_ms = left > 0 ? left : 0;
}

/* Waits for events once, for what is left of the budget since since_ms. -EINTR and -EAGAIN: try again. */
static int wait_for(const struct link *l, short events, int64_t since_ms)
{
    int64_t left = since_ms + l->budget_ms - now_ms();
    if (left <= 0)
        return -ETIMEDOUT;
    struct pollfd p = {.fd = l->fd, .events = events};
    int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
    if (n < 0)
        return -errno;
    return n == 0 ? -EAGAIN : 0;
}

/* ---- is it authcd? ---- */

static bool trusted_owner(uid_t uid, uid_t server_uid, bool theirs)
{
    return uid == 0 || (theirs && server_uid != 0 && uid == server_uid);
}

/* theirs: this is the last directory, or the socket, which server_uid may own too. */
static int check_directory(int fd, uid_t server_uid, bool theirs)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    bool closed = (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st.st_mode & S_ISVTX) != 0;
    return S_ISDIR(st.st_mode) && closed && trusted_owner(st.st_uid, server_uid, theirs) ? 0 : -EPERM;
}

static int check_socket(int fd, uid_t server_uid)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISSOCK(st.st_mode) && trusted_owner(st.st_uid, server_uid, true) ? 0 : -EPERM;
}

/* Copies the component that *at begins with, and moves *at behind it and its slashes. */
static int next_component(const char **at, char name[NAME_MAX + 1])
{
    size_t len = strcspn(*at, "/");
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, *at, len);
    name[len] = '\0';
    *at += len + strspn(*at + len, "/");
    return 0;
}

static int open_component(int directory, const char *name)
{
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int check_path(const char *path, uid_t server_uid)
{
    if (path[0] != '/')
        return -EPERM;
    const char *at = path + strspn(path, "/");
    __attribute__((cleanup(fd_close))) int fd = open_component(AT_FDCWD, "/");
    while (fd >= 0) {
        bool last_directory = strchr(at, '/') == NULL;
        int r = *at == '\0' ? check_socket(fd, server_uid) : check_directory(fd, server_uid, last_directory);
        if (r < 0 || *at == '\0')
            return r;
        char name[NAME_MAX + 1];
        r = next_component(&at, name);
        int next = r < 0 ? r : open_component(fd, name);
        close(fd);
        fd = next;
    }
    return fd;
}

static int check_peer(int fd, uid_t server_uid)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return -errno;
    return len == sizeof peer && trusted_owner(peer.uid, server_uid, true) ? 0 : -EPERM;
}

/* ---- connecting ---- */

/* A socket whose descriptor is not 0, 1 or 2 even in a process that has closed those: somebody may print to them. */
static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || fd > STDERR_FILENO)
        return fd < 0 ? -errno : fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = -errno;
    close(fd);
    return higher < 0 ? error : higher;
}

/* connect(2) of a UNIX socket waits for room in the backlog for as long as SO_SNDTIMEO says, and then says EAGAIN. */
static int connect_in_time(const struct link *l, const struct sockaddr_un *address, int64_t since_ms)
{
    for (;;) {
        int64_t left = since_ms + l->budget_ms - now_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        struct timeval t = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
        if (setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) < 0)
            return -errno;
        if (connect(l->fd, (const struct sockaddr *)address, sizeof *address) == 0)
            return 0;
        if (errno != EINTR && errno != EAGAIN)
            return errno == ECONNREFUSED ? -ENOENT : -errno;
    }
}

int link_open(struct link *l, const char *path, uid_t server_uid, int64_t budget_ms)
{
    int64_t since_ms = now_ms();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *l = (struct link){.fd = -1, .budget_ms = budget_ms};
    if (text_copy(address.sun_path, sizeof address.sun_path, path) < 0)
        return -ENAMETOOLONG;
    int r = check_path(path, server_uid);
    if (r == 0)
        r = l->fd = new_socket();
    if (r >= 0)
        r = connect_in_time(l, &address, since_ms);
    if (r == 0)
        r = check_peer(l->fd, server_uid);
    if (r < 0)
        link_close(l);
    charge(l, since_ms);
    return r;
}

void link_close(struct link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* ---- one message ---- */

/* Explicit credentials, because the implicit ones of a setuid program carry its real uid. */
static int send_packet(const struct link *l, const struct packet *p)
{
    struct ucred self = {.pid = getpid(), .uid = geteuid(), .gid = getegid()};
    _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof self)] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)p->bytes, .iov_len = p->len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof self);
    memcpy(CMSG_DATA(c), &self, sizeof self);
    return sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int link_send(struct link *l, const struct msg *m)
{
    __attribute__((cleanup(packet_wipe))) struct packet p = {0};
    int64_t since_ms = now_ms();
    int r = msg_encode(m, p.bytes, sizeof p.bytes, &p.len);
    if (r < 0)
        return r;
    do {
        r = wait_for(l, POLLOUT, since_ms);
        if (r == 0)
            r = send_packet(l, &p);
    } while (r == -EINTR || r == -EAGAIN);
    charge(l, since_ms);
    return r == -ECONNRESET ? -EPIPE : r;
}

/* No room is offered for control data: the kernel drops descriptors that came along before they become ours, and says
 * MSG_CTRUNC. That holds also in a process that has none left. */
static int receive_packet(const struct link *l, struct packet *p)
{
    struct iovec part = {.iov_base = p->bytes, .iov_len = sizeof p->bytes};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ECONNRESET;
    p->len = (size_t)n;
    return (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? -EPROTO : 0;
}

static int decode_reply(const struct packet *p, struct msg *ret)
{
    int r = msg_decode(p->bytes, p->len, ret);
    if (r < 0)
        return r == -EPROTONOSUPPORT ? r : -EPROTO;
    const struct msg_type *type = msg_type(ret->number);
    if (type != NULL && type->direction == MSG_REPLY)
        return 0;
    msg_wipe(ret);
    return -EPROTO;
}

int link_receive(struct link *l, struct msg *ret)
{
    __attribute__((cleanup(packet_wipe))) struct packet p = {0};
    int64_t since_ms = now_ms();
    int r;
    do {
        r = wait_for(l, POLLIN, since_ms);
        if (r == 0)
            r = receive_packet(l, &p);
    } while (r == -EINTR || r == -EAGAIN);
    charge(l, since_ms);
    return r < 0 ? r : decode_reply(&p, ret);
}
