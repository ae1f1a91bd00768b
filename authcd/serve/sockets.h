/* SPDX-License-Identifier: MIT
 *
 * The two sockets: handed over by name ($LISTEN_FDS: "system", "user"), or made here. Whoever calls listen(2) is whom
 * clients see as the peer, so it is called while still root.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

enum { SOCKETS_SYSTEM, SOCKETS_USER, SOCKETS_COUNT };
enum { SOCKETS_ERROR_SIZE = 512 };

struct sockets {
    int fds[SOCKETS_COUNT]; /* -1: none */
    bool handed;            /* by whoever started us: they are not ours to give up */
};

#define SOCKETS_NONE ((struct sockets){.fds = {-1, -1}})

/* Takes what was handed over. 0 with handed = false if nothing was; -EINVAL and error if something else was. */
int sockets_take(struct sockets *ret, char error[SOCKETS_ERROR_SIZE]) __attribute__((warn_unused_result));

/* Makes both under run_dir (made 0755 if only it is missing). A socket that is in the way goes only if nobody answers
 * on it; -EADDRINUSE: somebody does. */
int sockets_make(struct sockets *ret, const char *run_dir, char error[SOCKETS_ERROR_SIZE])
    __attribute__((warn_unused_result));

void sockets_close(struct sockets *s);

#endif
