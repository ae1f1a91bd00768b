/* SPDX-License-Identifier: MIT
 *
 * Giving up root: to whom, for good, and with what is left (S5).
 */
#include "privilege.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/authc-privilege-XXXXXX", error[PRIVILEGE_ERROR_SIZE];

static void finds(void)
{
    struct privilege p = {0};

    is_int(privilege_user("no-such-user", &p, error), -ENOENT, "a user that is not there");
    ok(strstr(error, "useradd") != NULL, "what to do is said: %s", error);
    is_int(privilege_user("root", &p, error), -EPERM, "root is nobody to become");
    is_int(privilege_user("nobody", &p, error), 0, "nobody is");
    ok(p.uid != 0 && p.gid != 0, "with a uid and a gid of their own");
}

static void state_dir(const struct privilege *p)
{
    char path[96], deep[128];
    struct stat st;

    snprintf(path, sizeof path, "%s/state", dir);
    snprintf(deep, sizeof deep, "%s/no/state", dir);
    is_int(privilege_check_state_dir(p, path, error), -ENOENT, "not there yet");
    is_int(privilege_state_dir(p, deep, error), -ENOENT, "only the last directory is made");
    umask(077);
    is_int(privilege_state_dir(p, path, error), 0, "made");
    ok(stat(path, &st) == 0 && st.st_uid == p->uid && (st.st_mode & 0777) == 0711, "theirs, and 0711");
    is_int(privilege_check_state_dir(p, path, error), 0, "is good");
    chmod(path, 0733);
    is_int(privilege_check_state_dir(p, path, error), -EPERM, "open to others");
    is_int(privilege_state_dir(p, path, error), 0, "what is there is left as it is");
    chmod(path, 0711);
    struct privilege other = {p->uid + 1, p->gid};
    is_int(privilege_check_state_dir(&other, path, error), -EPERM, "another's");
    rmdir(path);
    ok(symlink("/tmp", path) == 0, "a symbolic link");
    is_int(privilege_check_state_dir(p, path, error), -ENOTDIR, "is no directory");
    unlink(path);
}

/* In a child, because there is no way back; its exit status is the first thing that was wrong. */
static int dropped(const struct privilege *p)
{
    struct rlimit core;
    bool locked = false;

    if (privilege_drop(p, error) < 0)
        return 1;
    if (geteuid() != p->uid || getuid() != p->uid || getegid() != p->gid || getgroups(0, NULL) != 0)
        return 2;
    if (seteuid(0) == 0 || setuid(0) == 0 || setgid(0) == 0)
        return 3;
    if (privilege_harden(&locked) < 0)
        return 4;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) != 1 || prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0)
        return 5;
    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        return 6;
    void *large = malloc(64 * 1024 * 1024); /* locked memory must not be what a hash fails for */
    if (!large)
        return 7;
    memset(large, 1, 64 * 1024 * 1024);
    free(large);
    return privilege_drop(p, error) < 0 ? 8 : 0; /* nothing left to drop */
}

int main(void)
{
    struct privilege nobody = {0};
    int status = 0;

    if (geteuid() != 0) {
        printf("1..0 # SKIP needs root\n");
        return 0;
    }
    if (!mkdtemp(dir) || privilege_user("nobody", &nobody, error) < 0)
        return 1;
    finds();
    state_dir(&nobody);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(dropped(&nobody));
    ok(waitpid(child, &status, 0) == child && WIFEXITED(status), "a child drops root");
    is_int(WEXITSTATUS(status), 0, "for good, and nothing is left");
    rmdir(dir);
    return tap_done();
}
