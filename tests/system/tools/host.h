/* SPDX-License-Identifier: MIT
 *
 * For applications of ours: what a module must leave as it was in the process that it is loaded into. Included by one
 * file of a program, hence static.
 */
#ifndef HOST_H
#define HOST_H

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

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

/* What of the process is another than before, or NULL. */
static const char *host_difference(const struct host *a, const struct host *b)
{
    for (int i = 1; i < NSIG; i++)
        if (a->actions[i].sa_handler != b->actions[i].sa_handler || a->actions[i].sa_flags != b->actions[i].sa_flags)
            return "signal handlers";
    if (memcmp(&a->mask, &b->mask, sizeof a->mask) != 0)
        return "signal mask";
    if (a->umask != b->umask)
        return "umask";
    if (strcmp(a->cwd, b->cwd) != 0 || strcmp(a->locale, b->locale) != 0)
        return "working directory or locale";
    return a->fds != b->fds ? "descriptors" : NULL;
}

#endif
