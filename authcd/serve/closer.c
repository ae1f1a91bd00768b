/* SPDX-License-Identifier: MIT
 *
 * See closer.h. Packets are looked at by MSG_PEEK, because whoever takes one out of the queue has to close what came
 * with it. One thread a socket: most peers never make one necessary, and one that is stuck must not hold up others.
 */
#include "closer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024 };

static atomic_uint closer_n; /* threads outlive what they were made for, also the turn */

/* Reads away what is harmless. After shutdown(2) nothing more can come. */
static bool holds_descriptors(int fd)
{
    shutdown(fd, SHUT_RDWR);
    for (;;) {
        union closer_control control = {0};
        struct msghdr m = {.msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_PEEK);
        if (n < 0 && (errno == EINTR || errno == ECONNRESET))
            continue; /* a reset is told once, before what was sent ahead of it */
        if (n < 0 || m.msg_controllen == 0)
            return false;
        if (m.msg_flags & MSG_CTRUNC)
            return true;
        if (recv(fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EINTR)
            return true; /* cannot be: it was there a moment ago */
    }
}

static void *wait_for_close(void *fd)
{
    close((int)(intptr_t)fd);
    closer_n--;
    return NULL;
}

static int close_beside(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    closer_n++;
    int error = pthread_create(&thread, &attributes, wait_for_close, (void *)(intptr_t)fd);
    if (error != 0)
        closer_n--;
    pthread_attr_destroy(&attributes);
    return -error;
}

void closer_close(int fd)
{
    if (!holds_descriptors(fd) || close_beside(fd) < 0)
        close(fd);
}

unsigned closer_busy(void)
{
    return closer_n;
}
