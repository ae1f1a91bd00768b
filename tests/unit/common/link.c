/* SPDX-License-Identifier: MIT
 *
 * What link makes of paths, peers and packets: only authcd's socket on a path that nobody else can change is spoken to
 * (M13), the budget holds (M8), fds that come along never become ours (W5), and signals do not disturb it (M9). The
 * other end is a socket of this process; root may change owners, others skip those rows.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hunt.h"
#include "tap.h"

static char directory[64], path[108];
static uid_t server_uid; /* 0 for root, else our own */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static const char *in_directory(const char *name)
{
    static char text[160];
    snprintf(text, sizeof text, "%s/%s", directory, name);
    return text;
}

static int listen_at(const char *where, int backlog)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", where);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(where);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, backlog) < 0) {
        perror(where);
        exit(1);
    }
    return fd;
}

static int open_code(const char *where, int64_t budget_ms)
{
    LINK_AUTO struct link l = {.fd = -1};
    int r = link_open(&l, where, server_uid, budget_ms);
    if (r < 0 && l.fd != -1)
        return 1000; /* a failed link must not be open */
    return r;
}

/* ---- paths ---- */

static void own(const char *what, uid_t uid)
{
    if (chown(what, uid, (gid_t)-1) < 0)
        perror(what);
}

static void test_paths(void)
{
    char text[300];
    is_int(open_code(path, 1000), 0, "a socket of ours on a path of ours");
    is_int(open_code(in_directory("none.sock"), 1000), -ENOENT, "no socket there");
    is_int(open_code("/nonexistent/authc/system.sock", 1000), -ENOENT, "no directory there");
    is_int(open_code("system.sock", 1000), -EPERM, "a relative path");
    is_int(open_code("", 1000), -EPERM, "no path");
    is_int(open_code("/", 1000), -EPERM, "the root directory");
    is_int(open_code(directory, 1000), -EPERM, "a directory");
    is_int(open_code("/etc/passwd", 1000), -EPERM, "a file");
    is_int(open_code("/etc/passwd/system.sock", 1000), -EPERM, "below a file");
    snprintf(text, sizeof text, "/%0200d", 1);
    is_int(open_code(text, 1000), -ENAMETOOLONG, "a path that no address can hold");
    snprintf(text, sizeof text, "//%s/./%s", directory + 1, "a.sock");
    is_int(open_code(text, 1000), 0, "the same path, written differently");

    ok(symlink("a.sock", in_directory("link.sock")) == 0, "a symlink");
    is_int(open_code(in_directory("link.sock"), 1000), -EPERM, "a symlink to the socket");
    ok(symlink(directory, in_directory("dir")) == 0, "another");
    is_int(open_code(in_directory("dir/a.sock"), 1000), -EPERM, "a symlink to its directory");
    unlink(in_directory("link.sock"));
    unlink(in_directory("dir"));

    int refused = listen_at(in_directory("refused.sock"), 1);
    close(refused);
    is_int(open_code(in_directory("refused.sock"), 1000), -ENOENT, "nobody listens any more");
}

static void test_modes(void)
{
    static const struct {
        mode_t mode;
        int code;
    } rows[] = {{0755, 0},      {0700, 0},      {0711, 0},  {0775, -EPERM},
                {0757, -EPERM}, {0777, -EPERM}, {01777, 0}, {01775, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        chmod(directory, rows[i].mode);
        is_int(open_code(path, 1000), rows[i].code, "a directory of mode %04o", (unsigned)rows[i].mode);
    }
    chmod(directory, 0755);
    chmod(path, 0666);
    is_int(open_code(path, 1000), 0, "a socket for everybody");
    if (geteuid() == 0)
        is_int(chown(directory, 1234, 0) == 0 ? open_code(in_directory("none"), 1000) : 0, -EPERM,
               "a stranger's directory is refused even if nothing is in it");
    own(directory, geteuid());
}

static void test_owners(void)
{
    if (geteuid() != 0) {
        ok(1, "owners # SKIP needs uid 0");
        return;
    }
    own(path, 1234);
    is_int(open_code(path, 1000), -EPERM, "a stranger's socket");
    server_uid = 1234;
    is_int(open_code(path, 1000), 0, "unless it is server_uid's");
    own(directory, 1234);
    is_int(open_code(path, 1000), 0, "so may be the last directory");
    mkdir(in_directory("sub"), 0755);
    int fd = listen_at(in_directory("sub/a.sock"), 4);
    is_int(open_code(in_directory("sub/a.sock"), 1000), -EPERM, "but none above it");
    server_uid = 4321;
    is_int(open_code(path, 1000), -EPERM, "another server_uid");
    server_uid = 0;
    own(directory, 0);
    own(path, 0);
    close(fd);
    unlink(in_directory("sub/a.sock"));
    rmdir(in_directory("sub"));
}

/* A listener takes the credentials of whoever called listen: a child that has given up uid 0. */
static void test_peer(void)
{
    if (geteuid() != 0) {
        ok(1, "peers # SKIP needs uid 0");
        return;
    }
    int fd = listen_at(in_directory("peer.sock"), 4);
    if (seteuid(1234) == 0) {
        listen(fd, 4);
        ok(seteuid(0) == 0, "uid 0 again");
    }
    is_int(open_code(in_directory("peer.sock"), 1000), -EPERM, "uid 1234 listens on uid 0's socket");
    server_uid = 1234;
    is_int(open_code(in_directory("peer.sock"), 1000), 0, "unless it is server_uid");
    server_uid = 0;
    close(fd);
    unlink(in_directory("peer.sock"));
}

/* ---- time ---- */

static void on_signal(int number)
{
    (void)number;
}

static void ring(int64_t every_us)
{
    struct itimerval t = {.it_value.tv_usec = every_us, .it_interval.tv_usec = every_us};
    setitimer(ITIMER_REAL, &t, NULL);
}

static void in_time(int64_t from_ms, int64_t least, const char *name)
{
    int64_t took = now_ms() - from_ms;
    ok(took >= least && took < least + 300, "%s: %" PRId64 " ms", name, took);
}

static void test_backlog(void)
{
    struct link filler[8];
    int fd = listen_at(in_directory("full.sock"), 0), r = 0;
    size_t n = 0;
    ring(1000); /* connect waits in the kernel, where signals find it */
    while (n < 8 && (r = link_open(&filler[n], in_directory("full.sock"), server_uid, 50)) == 0)
        n++;
    ring(0);
    is_int(r, -ETIMEDOUT, "a full backlog, under 1,000 signals a second");
    for (size_t i = 0; i < n; i++)
        link_close(&filler[i]);
    close(fd);
    unlink(in_directory("full.sock"));
}

static void test_silence(int listener)
{
    LINK_AUTO struct link l = {.fd = -1};
    struct msg m;
    ok(link_open(&l, path, server_uid, 200) == 0, "connected");
    int peer = accept(listener, NULL, NULL);
    ring(1000);
    int64_t from = now_ms();
    is_int(link_receive(&l, &m), -ETIMEDOUT, "a peer that says nothing, under 1,000 signals a second");
    ring(0);
    in_time(from, 190, "gives up in time");
    from = now_ms();
    is_int(link_receive(&l, &m), -ETIMEDOUT, "and has no more time for it");
    in_time(from, 0, "at once");
    close(peer);
}

/* ---- packets ---- */

struct pair {
    struct link link;
    int peer;
};

static struct pair connected(int listener)
{
    struct pair p = {.link = {.fd = -1}, .peer = -1};
    if (link_open(&p.link, path, server_uid, 1000) < 0 || (p.peer = accept(listener, NULL, NULL)) < 0)
        exit(1);
    return p;
}

static void end(struct pair *p)
{
    link_close(&p->link);
    close(p->peer);
}

static void reply(int peer, const void *bytes, size_t len)
{
    if (send(peer, bytes, len, MSG_NOSIGNAL) < 0)
        perror("send");
}

static void test_send(int listener)
{
    struct pair p = connected(listener);
    struct msg m = {.number = MSG_answer}, got = {0};
    int on = 1;
    setsockopt(p.peer, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    is_int(secret_set(&m.answer.secret, "hunter2", 7), 0, "a secret");
    is_int(link_send(&p.link, &m), 0, "sent");
    ok(fcntl(p.link.fd, F_GETFD) & FD_CLOEXEC, "on a socket that exec closes");

    unsigned char bytes[2048], control[256];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(p.peer, &h, 0);
    ok(n > 0 && msg_decode(bytes, (size_t)n, &got) == 0 && secret_equal(&got.answer.secret, &m.answer.secret),
       "arrives");
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    struct ucred cred = {0};
    if (c != NULL && c->cmsg_type == SCM_CREDENTIALS)
        memcpy(&cred, CMSG_DATA(c), sizeof cred);
    ok(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid(), "with the effective credentials");

    m = (struct msg){.number = MSG_begin};
    memcpy(m.begin.user, "\xff", 2);
    is_int(link_send(&p.link, &m), -EILSEQ, "what cannot be encoded is not sent");
    close(p.peer);
    p.peer = -1;
    is_int(link_send(&p.link, &(struct msg){.number = MSG_abort}), -EPIPE, "a peer that hung up, and no SIGPIPE");
    struct msg none;
    is_int(link_receive(&p.link, &none), -ECONNRESET, "to receive is no better");
    link_close(&p.link);
    link_close(&p.link);
}

static void test_receive(int listener)
{
    struct pair p = connected(listener);
    unsigned char bytes[PROTOCOL_PACKET_MAX + 1] = {0};
    struct msg m = {.number = MSG_info}, got;
    size_t len = 0;
    snprintf(m.info.text, sizeof m.info.text, "Hello.");
    ok(msg_encode(&m, bytes, sizeof bytes, &len) == 0, "a packet");
    reply(p.peer, bytes, len);
    ok(link_receive(&p.link, &got) == 0 && strcmp(got.info.text, "Hello.") == 0, "arrives");
    bytes[0] = 2;
    reply(p.peer, bytes, len);
    is_int(link_receive(&p.link, &got), -EPROTONOSUPPORT, "another version");
    bytes[0] = PROTOCOL_VERSION;
    reply(p.peer, bytes, 1);
    is_int(link_receive(&p.link, &got), -EPROTO, "one byte");
    reply(p.peer, bytes, PROTOCOL_PACKET_MAX);
    is_int(link_receive(&p.link, &got), -EPROTO, "a packet at the limit that is no message");
    reply(p.peer, bytes, PROTOCOL_PACKET_MAX + 1);
    is_int(link_receive(&p.link, &got), -EPROTO, "a packet over the limit");
    reply(p.peer, "", 0);
    is_int(link_receive(&p.link, &got), -ECONNRESET, "an empty packet is an end");
    ok(msg_encode(&(struct msg){.number = MSG_abort}, bytes, sizeof bytes, &len) == 0, "a request");
    reply(p.peer, bytes, len);
    is_int(link_receive(&p.link, &got), -EPROTO, "is no reply");
    end(&p);
}

static void test_fds(int listener)
{
    struct pair p = connected(listener);
    unsigned char bytes[64];
    struct msg m = {.number = MSG_info}, got;
    size_t len = 0;
    int fds[3] = {0, 0, 0}, before = count_fds();
    _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof fds)] = {0};
    is_int(msg_encode(&m, bytes, sizeof bytes, &len), 0, "a good packet");
    struct iovec part = {bytes, len};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(c), fds, sizeof fds);
    ok(sendmsg(p.peer, &h, 0) > 0, "with descriptors");
    is_int(link_receive(&p.link, &got), -EPROTO, "is refused");
    is_int(count_fds(), before, "and none of them is ours");
    end(&p);
}

/* Nothing of a secret stays in memory once it was sent, or could not be; here it is written backwards only. */
static void test_wiping(int listener)
{
    static const char reversed[] = "yranac-1174-rehsifgnik";
    size_t len = sizeof reversed - 1;
    struct pair p = connected(listener);
    for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
        struct msg m = {.number = MSG_answer, .answer.secret.len = len};
        for (size_t i = 0; i < len; i++)
            m.answer.secret.bytes[i] = (unsigned char)reversed[len - 1 - i];
        if (hangs_up) {
            close(p.peer);
            p.peer = -1;
        }
        is_int(link_send(&p.link, &m), hangs_up ? -EPIPE : 0, "a secret, %s", hangs_up ? "to nobody" : "sent");
        msg_wipe(&m);
        is_int((int64_t)hunt_count(reversed), 0, "... is nowhere in memory");
    }
    link_close(&p.link);
}

/* A host that closed 0, 1 and 2: our socket must not become its stdout. */
static void test_low_fds(int listener)
{
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    close(STDIN_FILENO);
    struct pair p = connected(listener);
    int fd = p.link.fd, peer = p.peer, cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
    link_close(&p.link);
    close(peer);
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
    ok(fd > STDERR_FILENO, "the socket is not one of the first three descriptors");
    ok(cloexec, "and is closed by exec");
}

int main(void)
{
    snprintf(directory, sizeof directory, "/tmp/authc-link-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    chmod(directory, 0755);
    snprintf(path, sizeof path, "%s/a.sock", directory);
    server_uid = geteuid();
    signal(SIGALRM, on_signal);
    int before = count_fds(), listener = listen_at(path, 128);
    test_paths();
    test_modes();
    test_owners();
    test_peer();
    test_backlog();
    close(listener); /* drops what the tests above left in its backlog */
    listener = listen_at(path, 8);
    test_silence(listener);
    test_send(listener);
    test_receive(listener);
    test_fds(listener);
    test_wiping(listener);
    test_low_fds(listener);
    close(listener);
    is_int(count_fds(), before, "no descriptor is left");
    unlink(path);
    unlink(in_directory("refused.sock"));
    rmdir(directory);
    return tap_done();
}
