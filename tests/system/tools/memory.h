/* SPDX-License-Identifier: MIT
 *
 * For pamtry: an allocator that fails on demand, and what grows. Included by one program, whose allocator it becomes.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Sanitizers bring an allocator of their own, look for leaks themselves, and map as they like. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
#define OWN_ALLOCATOR 0
#else
#define OWN_ALLOCATOR 1
#endif

/* Counts down to the allocation that fails, in the phases only. */
static _Thread_local int fail_alloc;

#if OWN_ALLOCATOR
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

struct memory {
    size_t heap;  /* bytes in use */
    int mappings; /* a module that was not unloaded would add to them */
};

static void look_at_memory(struct memory *m)
{
    char line[512];
    FILE *maps = OWN_ALLOCATOR ? fopen("/proc/self/maps", "re") : NULL;
    *m = (struct memory){0};
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        m->mappings++;
    if (maps != NULL)
        fclose(maps);
    struct mallinfo2 now = mallinfo2();
    m->heap = now.uordblks + now.hblkhd;
}

#endif
