/* SPDX-License-Identifier: MIT
 *
 * A private authcd for a benchmark that runs as root: state, sockets, configuration and a PAM directory under
 * bench_directory(), the program from the same build as the benchmark, the user nobody. Started and ended by its own
 * pid. One to a process.
 */
#ifndef HOST_H
#define HOST_H

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "bench.h"
#include "db.h"
#include "link.h"

enum { HOST_START_MS = 10000, HOST_STOP_MS = 5000, HOST_POLL_US = 5000, HOST_PATH_SIZE = 256 };

static char host_build[HOST_PATH_SIZE]; /* <build>, of <build>/tests/bench/<this program> */
static pid_t host_pid;

static void host_find_build(void)
{
    ssize_t n = readlink("/proc/self/exe", host_build, sizeof host_build - 1);

    bench_must_sys((int)n, "/proc/self/exe");
    host_build[n] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(host_build, '/');
        bench_must(slash ? 0 : -ENOENT, "build directory");
        *slash = '\0';
    }
}

/* Writes text to bench_dir/name. */
__attribute__((format(printf, 2, 3))) static void host_write(const char *name, const char *format, ...)
{
    char path[HOST_PATH_SIZE];
    va_list ap;

    snprintf(path, sizeof path, "%s/%s", bench_dir, name);
    FILE *f = fopen(path, "we");
    bench_must_sys(f ? 0 : -1, path);
    va_start(ap, format);
    vfprintf(f, format, ap);
    va_end(ap);
    bench_must_sys(fclose(f), path);
}

static const struct passwd *host_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");

    bench_must(nobody ? 0 : -ENOENT, "user nobody");
    return nobody;
}

/* The places of everything. config follows the [authcd] section, whose hash and deny_time are as cheap as they may be.
 */
__attribute__((unused)) static void host_make(const char *config)
{
    const struct passwd *nobody = host_nobody();
    char path[HOST_PATH_SIZE];

    host_find_build();
    bench_must_sys(chmod(bench_directory(), 0711), bench_dir);
    snprintf(path, sizeof path, "%s/state", bench_dir);
    bench_must_sys(mkdir(path, 0711), path);
    bench_must_sys(chown(path, nobody->pw_uid, nobody->pw_gid), path);
    snprintf(path, sizeof path, "%s/pam.d", bench_dir);
    bench_must_sys(mkdir(path, 0700), path);
    host_write("authcd.conf",
               "[authcd]\nuser = nobody\nstate_dir = %s/state\nrun_dir = %s/run\nissuer = https://bench.example.org\n"
               "argon2_memory = 19MiB\nargon2_passes = 2\ndeny_time = 0ms\n%s",
               bench_dir, bench_dir, config);
}

/* A PAM service of one auth line. */
__attribute__((unused)) static void host_service(const char *name, const char *module, const char *options)
{
    char path[HOST_PATH_SIZE];

    snprintf(path, sizeof path, "pam.d/%s", name);
    host_write(path, "auth required %s %s\n", module, options);
}

/* work with the state open, in a process of authcd's user whose state it is; only while authcd does not run. */
__attribute__((unused)) static void host_state(void (*work)(struct db *))
{
    const struct passwd *nobody = host_nobody();
    char path[HOST_PATH_SIZE], reason[DB_REASON_SIZE] = "";
    struct db *db = NULL;
    int status = 0;

    fflush(stdout);
    pid_t pid = fork();
    bench_must_sys(pid, "fork");
    if (pid == 0) {
        bench_must_sys(setgroups(0, NULL), "setgroups");
        bench_must_sys(setresgid(nobody->pw_gid, nobody->pw_gid, nobody->pw_gid), "setresgid");
        bench_must_sys(setresuid(nobody->pw_uid, nobody->pw_uid, nobody->pw_uid), "setresuid");
        snprintf(path, sizeof path, "%s/state", bench_dir);
        int error = db_open(path, NULL, &db, reason);
        bench_must(error, reason);
        work(db);
        db_close(db);
        exit(0);
    }
    bench_must_sys(waitpid(pid, &status, 0), "waitpid");
    bench_must(status == 0 ? 0 : -ECHILD, "the process that opens the state");
}

static bool host_ended(int64_t within_ms)
{
    int64_t until_us = bench_us() + within_ms * 1000;
    pid_t pid;

    while ((pid = waitpid(host_pid, NULL, WNOHANG)) == 0 && bench_us() < until_us)
        usleep(HOST_POLL_US);
    return pid != 0;
}

__attribute__((unused)) static void host_stop(void)
{
    if (host_pid <= 0 || getpid() != bench_owner)
        return;
    kill(host_pid, SIGTERM);
    if (!host_ended(HOST_STOP_MS)) {
        kill(host_pid, SIGKILL);
        host_ended(HOST_STOP_MS);
    }
    host_pid = 0;
}

/* Who is interrupted ends authcd too; the directory stays. */
static void host_interrupted(int number)
{
    if (host_pid > 0)
        kill(host_pid, SIGTERM);
    _exit(128 + number);
}

/* Returns when it can be connected to. What it prints goes to bench_dir/log. */
__attribute__((unused)) static void host_start(void)
{
    char program[HOST_PATH_SIZE + 8], path[HOST_PATH_SIZE];
    int64_t until_us = bench_us() + HOST_START_MS * 1000;
    int error;

    snprintf(program, sizeof program, "%s/authcd", host_build);
    signal(SIGINT, host_interrupted);
    signal(SIGTERM, host_interrupted);
    bench_must(atexit(host_stop) == 0 ? 0 : -ENOMEM, "atexit"); /* after bench_remove, so that it runs before it */
    host_pid = fork();
    bench_must_sys(host_pid, "fork");
    if (host_pid == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        bool quiet = chdir(bench_dir) == 0 && freopen("log", "w", stderr) && freopen("/dev/null", "r", stdin);
        if (quiet)
            execl(program, program, "--config", "authcd.conf", (char *)NULL);
        _exit(127);
    }
    snprintf(path, sizeof path, "%s/run/" PROTOCOL_SYSTEM_SOCKET, bench_dir);
    do {
        LINK_AUTO struct link l;
        error = link_open(&l, path, 0, HOST_START_MS);
        if (error < 0)
            usleep(HOST_POLL_US);
        bench_must(error < 0 && waitpid(host_pid, NULL, WNOHANG) != 0 ? -ECHILD : 0, "authcd ended at its start");
    } while (error < 0 && bench_us() < until_us);
    bench_must(error, path);
}

#endif
