/* SPDX-License-Identifier: MIT
 *
 * The two sockets: made with the right modes, taken over by name, and nothing but a dead socket is ever cleared away.
 */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/authc-sockets-XXXXXX", run_dir[64], path[96];
static char error[SOCKETS_ERROR_SIZE];

static mode_t mode_of(const char *file)
{
    struct stat st;
    char name[160];

    snprintf(name, sizeof name, "%s/%s", run_dir, file);
    return lstat(name, &st) < 0 ? 0 : st.st_mode & 0777;
}

static int connect_to(const char *file)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", run_dir, file);
    int failed = connect(fd, (const struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
    close(fd);
    return failed;
}

static void made(void)
{
    struct sockets s = SOCKETS_NONE, second = SOCKETS_NONE;
    int on = 0;
    socklen_t len = sizeof on;

    umask(077);
    is_int(sockets_make(&s, run_dir, error), 0, "made, run_dir too");
    is_int(mode_of("."), 0755, "run_dir is 0755 whatever the umask");
    is_int(mode_of("system.sock"), 0600, "system.sock is root's");
    is_int(mode_of("user.sock"), 0666, "user.sock is everybody's");
    ok(!s.handed, "nobody handed them over");
    ok(getsockopt(s.fds[0], SOL_SOCKET, SO_PASSCRED, &on, &len) == 0 && on, "credentials come with each packet");
    ok(fcntl(s.fds[1], F_GETFL) & O_NONBLOCK, "not blocking");
    is_int(connect_to("user.sock"), 0, "somebody can connect");
    is_int(sockets_make(&second, run_dir, error), -EADDRINUSE, "a second one does not take over");
    ok(strstr(error, "another authcd") != NULL, "says why: %s", error);
    is_int(connect_to("system.sock"), 0, "the first still answers");
    sockets_close(&s);
    is_int(connect_to("system.sock"), -ECONNREFUSED, "closed: a dead socket is left");
    is_int(sockets_make(&s, run_dir, error), 0, "which the next start replaces");
    sockets_close(&s);
}

static void in_the_way(void)
{
    struct sockets s = SOCKETS_NONE;

    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    is_int(sockets_make(&s, run_dir, error), -EEXIST, "a file in the way is not removed");
    is_int(access(path, F_OK), 0, "it is still there");
    unlink(path);
    chmod(run_dir, 0777);
    is_int(sockets_make(&s, run_dir, error), -EPERM, "run_dir that others may write is refused");
    chmod(run_dir, 0755);
    is_int(sockets_make(&s, "/tmp/authc-not-there/run", error), -ENOENT, "only the last directory is made");
    is_int(s.fds[0], -1, "untouched on failure");
}

static void handed(void)
{
    struct sockets s = SOCKETS_NONE, given = SOCKETS_NONE;
    char pid[24];

    is_int(sockets_take(&given, error), 0, "nothing was handed over");
    ok(!given.handed, "and that is no error");
    if (sockets_make(&s, run_dir, error) < 0)
        abort();
    /* The order in which they come says nothing: names do. */
    dup2(s.fds[SOCKETS_USER], 13);
    dup2(s.fds[SOCKETS_SYSTEM], 14);
    dup2(13, 3);
    dup2(14, 4);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "user:system", 1);
    is_int(sockets_take(&given, error), 0, "taken over");
    ok(given.handed && given.fds[SOCKETS_USER] == 3 && given.fds[SOCKETS_SYSTEM] == 4, "by name");
    dup2(1, 3);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "system", 1);
    is_int(sockets_take(&given, error), -EINVAL, "what is no listening packet socket is refused");
    dup2(13, 3);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "other", 1);
    is_int(sockets_take(&given, error), -EINVAL, "another name too");
    ok(strstr(error, "\"other\"") != NULL, "and is told: %s", error);
}

int main(void)
{
    char rm[128];

    if (!mkdtemp(dir))
        return 1;
    chmod(dir, 0755);
    snprintf(run_dir, sizeof run_dir, "%s/run", dir);
    snprintf(path, sizeof path, "%s/user.sock", run_dir);
    made();
    in_the_way();
    handed();
    unlink(path);
    snprintf(rm, sizeof rm, "%s/system.sock", run_dir);
    unlink(rm);
    rmdir(run_dir);
    rmdir(dir);
    return tap_done();
}
