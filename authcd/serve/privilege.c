/* SPDX-License-Identifier: MIT
 *
 * See privilege.h. Every step is checked, then checked again from the outcome: a set*id(2) that says 0 and did nothing
 * would be the worst of failures.
 */
#include "privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "refuge.h"
#include "text.h"

enum { FILES_WANTED = 8192 };

__attribute__((format(printf, 3, 4))) static int complain(char error[PRIVILEGE_ERROR_SIZE], int number,
                                                          const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(error, PRIVILEGE_ERROR_SIZE, format, ap);
    va_end(ap);
    return number;
}

static int find_user(const char *user, struct privilege *ret)
{
    FILE *passwd = fopen("/etc/passwd", "re");
    struct passwd *p;
    int found = -ENOENT;

    if (!passwd)
        return -errno;
    while (found < 0 && (p = fgetpwent(passwd)))
        if (strcmp(p->pw_name, user) == 0) {
            *ret = (struct privilege){p->pw_uid, p->pw_gid};
            found = 0;
        }
    fclose(passwd);
    return found;
}

int privilege_user(const char *user, struct privilege *ret, char error[PRIVILEGE_ERROR_SIZE])
{
    struct privilege p = {0};
    int failed = find_user(user, &p);
    if (failed < 0)
        return complain(error, failed,
                        "/etc/passwd has no user \"%s\": make it (useradd --system --no-create-home --shell "
                        "/usr/sbin/nologin %s), or set user in [authcd]",
                        user, user);
    if (p.uid == 0 || p.gid == 0)
        return complain(error, -EPERM,
                        "user \"%s\" is root, or in root's group: authcd runs without privileges, name another", user);
    *ret = p;
    return 0;
}

int privilege_find(const char *user, struct privilege *ret, char error[PRIVILEGE_ERROR_SIZE])
{
    if (geteuid() == 0)
        return privilege_user(user, ret, error);
    *ret = (struct privilege){geteuid(), getegid()};
    return 0;
}

int privilege_check_state_dir(const struct privilege *p, const char *state_dir, char error[PRIVILEGE_ERROR_SIZE])
{
    struct stat st;

    if (lstat(state_dir, &st) < 0)
        return complain(error, -errno, "%s: %s", state_dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return complain(error, -ENOTDIR, "%s: not a directory", state_dir);
    if (st.st_uid != p->uid)
        return complain(error, -EPERM, "%s: owned by uid %u, not by uid %u, who authcd runs as", state_dir, st.st_uid,
                        p->uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return complain(error, -EPERM, "%s: others may write it: chmod go-w %s", state_dir, state_dir);
    return 0;
}

static int make_dir(const struct privilege *p, const char *path, mode_t mode, char error[PRIVILEGE_ERROR_SIZE])
{
    if (mkdir(path, 0700) < 0)
        return errno == EEXIST ? 0 : complain(error, -errno, "%s: cannot make it: %s", path, strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int failed = 0;
    if (fd < 0 || fchown(fd, p->uid, p->gid) < 0 || fchmod(fd, mode) < 0)
        failed = complain(error, -errno, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return failed;
}

int privilege_state_dir(const struct privilege *p, const char *state_dir, char error[PRIVILEGE_ERROR_SIZE])
{
    return make_dir(p, state_dir, 0711, error);
}

int privilege_refuge_dir(const struct privilege *p, const char *run_dir, char error[PRIVILEGE_ERROR_SIZE])
{
    char path[PATH_MAX];
    int failed = text_format(path, sizeof path, "%s/" REFUGE_DIR, run_dir);
    return failed < 0 ? complain(error, failed, "%s: path too long", run_dir) : make_dir(p, path, 0700, error);
}

/* Up to the hard limit, or past it where that is allowed. */
static void raise_limits(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, files = {0};

    if (geteuid() == 0)
        setrlimit(RLIMIT_MEMLOCK, &all); /* refused in some containers: then memory is not locked, and status says so */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_WANTED) {
        if (geteuid() == 0 && files.rlim_max < FILES_WANTED)
            files.rlim_max = FILES_WANTED;
        files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
        setrlimit(RLIMIT_NOFILE, &files); /* turn asks what came of it */
    }
}

static bool has_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

    if (syscall(SYS_capget, &header, data) < 0)
        return true;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (data[i].effective || data[i].permitted)
            return true;
    return false;
}

static bool is_only(const struct privilege *p)
{
    uid_t ru, eu, su;
    gid_t rg, eg, sg;

    return getresuid(&ru, &eu, &su) == 0 && getresgid(&rg, &eg, &sg) == 0 && ru == p->uid && eu == p->uid &&
           su == p->uid && rg == p->gid && eg == p->gid && sg == p->gid && getgroups(0, NULL) == 0;
}

int privilege_drop(const struct privilege *p, char error[PRIVILEGE_ERROR_SIZE])
{
    raise_limits();
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(p->gid, p->gid, p->gid) < 0 || setresuid(p->uid, p->uid, p->uid) < 0)
        return complain(error, -errno, "cannot become uid %u: %s", p->uid, strerror(errno));
    if (!is_only(p) || has_capability())
        return complain(error, -EPERM, "became uid %u, but something of root is left", p->uid);
    if (setuid(0) == 0 || setgid(0) == 0)
        return complain(error, -EPERM, "became uid %u, but root can be regained", p->uid);
    return 0;
}

int privilege_harden(bool *ret_memory_locked)
{
    static const struct rlimit none = {0, 0};
    struct rlimit lock = {0, 0};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0 || prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) < 0 ||
        setrlimit(RLIMIT_CORE, &none) < 0 || getrlimit(RLIMIT_MEMLOCK, &lock) < 0)
        return -errno;
    /* With any smaller limit a hash of 64 MiB would fail later. On fault: only what is used is held in memory. */
    *ret_memory_locked = lock.rlim_cur == RLIM_INFINITY && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
    return 0;
}
