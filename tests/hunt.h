/* SPDX-License-Identifier: MIT
 *
 * A search of all memory that this process can write, for what should have been wiped. Finds nothing under sanitizers,
 * whose memory is not for reading.
 */
#ifndef HUNT_H
#define HUNT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
#define HUNT_POSSIBLE 0
#else
#define HUNT_POSSIBLE 1
#endif

/* How often `reversed`, read backwards, lies there: the caller must not hold it forwards itself. */
__attribute__((unused)) static size_t hunt_count(const char *reversed)
{
    size_t len = strlen(reversed), found = 0;
    char line[512];
    unsigned long from, to;
    char mode[5];
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return SIZE_MAX;
    while (HUNT_POSSIBLE && fgets(line, sizeof line, maps) != NULL) {
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
