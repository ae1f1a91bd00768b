/* SPDX-License-Identifier: MIT
 *
 * A connection to authcd, for the PAM module and for authctl: finds the socket, makes sure that what listens there is
 * authcd, exchanges one message at a time, all within one budget of time. Sets no signal handler, changes nothing of
 * the process, raises no SIGPIPE; errors are returned, never printed. One connection serves one login.
 */
#ifndef LINK_H
#define LINK_H

#include <stdint.h>
#include <sys/types.h>

#include "msg.h"

struct link {
    int fd;            /* -1: not connected */
    int64_t budget_ms; /* what is left; time outside link_* calls (a person typing) is not charged */
};

#define LINK_AUTO __attribute__((cleanup(link_close)))

/* Connects to the socket at path (absolute). Every component must be owned by uid 0, not writable by group or others (a
 * sticky directory excepted) and no symlink; server_uid, if not 0, may also own the last directory, the socket and the
 * peer.
 *   0           connected, and the peer is authcd
 *   -ENOENT     nobody is there: no such path, or connection refused, on a path that passed the checks
 *   -EPERM      the path or the peer is not to be trusted; not a byte was sent
 *   -ETIMEDOUT  the budget ran out (full backlog)
 *   other       as connect(2) */
int link_open(struct link *l, const char *path, uid_t server_uid, int64_t budget_ms)
    __attribute__((warn_unused_result));

/* Sends m with explicit credentials (pid, effective uid and gid). Errors as msg_encode's, -EPIPE, -ETIMEDOUT. */
int link_send(struct link *l, const struct msg *m) __attribute__((warn_unused_result));

/* Receives one message, wiping the raw packet. -ECONNRESET: the peer hung up; -EPROTO: not a message of ours, or cut
 * (MSG_TRUNC), or not a REPLY; -EPROTONOSUPPORT: another version; -ETIMEDOUT: the budget ran out. File descriptors
 * that came along are closed and make the packet -EPROTO. */
int link_receive(struct link *l, struct msg *ret) __attribute__((warn_unused_result));

/* Closes; safe to repeat. */
void link_close(struct link *l);

#endif
