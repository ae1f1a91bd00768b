/* SPDX-License-Identifier: MIT
 *
 * What the programs of tests/bench share: a clock, percentiles, a directory that goes with the process. They measure
 * and print, and assert nothing: figures drift from machine to machine, ratios within one run hold. What a measurement
 * cannot go on without ends it with exit status 1. The directory is under /var/tmp, because /tmp is often memory, where
 * a sync costs nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define BENCH_SAID_EVERY_US INT64_C(2000000)

static char bench_dir[64];
static pid_t bench_owner;

__attribute__((unused)) static int64_t bench_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Takes what the project's functions return. */
__attribute__((unused)) static void bench_must(int error, const char *what)
{
    if (error >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-error));
    exit(1);
}

/* Takes what system calls return. */
__attribute__((unused)) static void bench_must_sys(int result, const char *what)
{
    bench_must(result < 0 ? -errno : 0, what);
}

static int bench_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void bench_remove(void)
{
    if (getpid() == bench_owner)
        (void)nftw(bench_dir, bench_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty directory of ours, 0700, until the process ends by exit. */
__attribute__((unused)) static const char *bench_directory(void)
{
    struct statfs fs;

    strcpy(bench_dir, "/var/tmp/authc-bench-XXXXXX");
    bench_must_sys(mkdtemp(bench_dir) ? 0 : -1, bench_dir);
    bench_owner = getpid();
    bench_must(atexit(bench_remove) == 0 ? 0 : -ENOMEM, "atexit");
    if (statfs(bench_dir, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
        puts("note: /var/tmp is memory here: a sync costs nothing, and what depends on it says nothing");
    return bench_dir;
}

/* A line on stderr at most every two seconds, so that nobody takes a slow machine for a hang. */
__attribute__((unused)) static void bench_progress(const char *name, unsigned done, unsigned all)
{
    static int64_t said_us;
    int64_t now_us = bench_us();

    if (said_us == 0)
        said_us = now_us;
    if (now_us - said_us < BENCH_SAID_EVERY_US)
        return;
    said_us = now_us;
    fprintf(stderr, "%s: %u of %u\n", name, done, all);
}

static int bench_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts the n samples; the one below which `percent` of them lie. */
__attribute__((unused)) static int64_t bench_percentile(int64_t *samples, size_t n, unsigned percent)
{
    qsort(samples, n, sizeof *samples, bench_compare);
    return samples[n * percent / 100];
}

#endif
