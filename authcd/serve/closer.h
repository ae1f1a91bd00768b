/* SPDX-License-Identifier: MIT
 *
 * The end of a peer's socket. What a peer sent and nobody read is closed with it, and if descriptors are among that,
 * closing takes as long as their sender likes: a TCP socket that lingers, for one. Then a thread of its own waits for
 * it, never the loop.
 */
#ifndef CLOSER_H
#define CLOSER_H

#include <sys/socket.h>

/* Room for a sender's credentials and for nothing else: descriptors that come along stay with their packet, never
 * become ours, and show as MSG_CTRUNC. */
union closer_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

/* Closes a connected socket, at once or in a while; in any case the peer is hung up on now. */
void closer_close(int fd);

/* How many sockets are not closed yet. */
unsigned closer_busy(void);

#endif
