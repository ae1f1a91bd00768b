/* SPDX-License-Identifier: MIT
 *
 * For pamtry: what a module must leave as it was in the process that it is loaded into, and an allocator that fails on
 * demand. Included by one program, hence static.
 */
#ifndef HOST_H
#define HOST_H

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

/* Counts down to the allocation that fails, in the phases only. Sanitizers bring an allocator of their own. */
static int fail_alloc;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool fails(void)
{
    if (fail_alloc == 0 || --fail_alloc > 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}
#endif

struct host {
    struct sigaction actions[NSIG];
    sigset_t mask;
    mode_t umask;
    char cwd[4096], locale[256];
    int fds;
};

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void look_at_host(struct host *h)
{
    memset(h, 0, sizeof *h);
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &h->actions[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &h->mask);
    h->umask = umask(0);
    umask(h->umask);
    if (getcwd(h->cwd, sizeof h->cwd) == NULL)
        perror("getcwd");
    if (text_copy(h->locale, sizeof h->locale, setlocale(LC_ALL, NULL)) < 0)
        perror("locale");
    h->fds = count_fds();
}

static void compare_hosts(FILE *out, const struct host *a, const struct host *b)
{
    const char *what = NULL;
    for (int i = 1; i < NSIG; i++)
        if (a->actions[i].sa_handler != b->actions[i].sa_handler || a->actions[i].sa_flags != b->actions[i].sa_flags)
            what = "signal handlers";
    if (memcmp(&a->mask, &b->mask, sizeof a->mask) != 0)
        what = "signal mask";
    if (a->umask != b->umask)
        what = "umask";
    if (strcmp(a->cwd, b->cwd) != 0 || strcmp(a->locale, b->locale) != 0)
        what = "working directory or locale";
    fprintf(out, "fds %+d\n", b->fds - a->fds);
    fprintf(out, what == NULL ? "host unchanged\n" : "host changed: %s\n", what);
}

/* How often `reversed`, read backwards, lies in memory that this process can write: the caller must not hold it
 * forwards itself. */
static size_t count_in_memory(const char *reversed)
{
    size_t len = strlen(reversed), found = 0;
    char line[512];
    unsigned long from, to;
    char mode[5];
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return SIZE_MAX;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0)
            continue;
        for (const char *at = (const char *)from; at + len <= (const char *)to; at++) {
            size_t same = 0;
            while (same < len && at[same] == reversed[len - 1 - same])
                same++;
            found += same == len;
        }
    }
    fclose(maps);
    return found;
}

#endif
