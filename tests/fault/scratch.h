/* SPDX-License-Identifier: MIT
 *
 * Directories of a test program under /tmp, that go with it; and what it was asked on its command line.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char scratch_dir[32] = "/tmp/authc-fault-XXXXXX";
static pid_t scratch_owner;

static int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void scratch_remove(void)
{
    if (getpid() == scratch_owner)
        (void)nftw(scratch_dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* A directory of its own for each name, made empty; good until its 8th successor. */
static const char *scratch(const char *name)
{
    static char paths[8][64];
    static size_t next;
    char *path = paths[next++ % 8];

    if (scratch_owner == 0) {
        if (!mkdtemp(scratch_dir)) {
            printf("Bail out! no directory under /tmp\n");
            exit(2);
        }
        scratch_owner = getpid();
        atexit(scratch_remove);
    }
    snprintf(path, sizeof paths[0], "%s/%s", scratch_dir, name);
    (void)nftw(path, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(path, 0700) < 0) {
        printf("Bail out! %s\n", path);
        exit(2);
    }
    return path;
}

/* "long" as first argument: all that there is instead of a sample. "seed=N": what to repeat. */
static bool asked_long(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "long") == 0;
}

static uint64_t asked_seed(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "seed=", 5) == 0)
            return strtoull(argv[i] + 5, NULL, 0);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000003 + (uint64_t)t.tv_nsec;
}

#endif
