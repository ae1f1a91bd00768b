/* SPDX-License-Identifier: MIT
 *
 * An authcd in a child process, for faults in the module: asks for a password and a code, and grants to whoever types
 * "hunter2" and "123456"; phases that ask nothing are granted if PAM_RUSER is "granted". Keeps count of what it
 * granted in memory that both share, so that no success can be made up.
 */
#ifndef SERVER_H
#define SERVER_H

#include <sys/types.h>

struct server {
    pid_t pid;
    volatile unsigned *granted; /* verdicts GRANTED sent; a preliminary check's does not count */
};

/* Listens at path from here on. Ends with server_end, or with this process. */
struct server server_start(const char *path);

void server_end(struct server *s);

#endif
