/* SPDX-License-Identifier: MIT
 *
 * See clocks.h. Waits count on CLOCK_BOOTTIME because nobody can set it; the boot id says which boot it counts from.
 * Our own work is measured without the time that the machine slept.
 */
#include "clocks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int clocks_open(struct clock *ret)
{
    struct clock c = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -EIO;
    ssize_t n = read(fd, c.boot_id, sizeof c.boot_id);
    close(fd);
    if (n != (ssize_t)sizeof c.boot_id || c.boot_id[n - 1] != '\n')
        return -EIO;
    c.boot_id[n - 1] = '\0';
    clocks_read(&c);
    *ret = c;
    return 0;
}

void clocks_read(struct clock *c)
{
    struct timespec wall = {0}, boot = {0};

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    c->wall_s = wall.tv_sec;
    c->boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
}

int64_t clocks_monotonic_us(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
