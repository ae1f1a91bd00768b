/* SPDX-License-Identifier: MIT
 *
 * Serving: from a trusted configuration and open sockets to the last reply. Expects to have no privileges any more and
 * signals still unblocked.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>

#include "config.h"
#include "sockets.h"

struct serve {
    const struct config *config;
    const struct sockets *sockets;
    const char *key_file; /* NULL: the one in the state directory */
    const char *broken;   /* NULL, or why there is nothing to serve from (config) */
    bool memory_locked;
};

/* Serves until SIGTERM or SIGINT. 0: ended as asked; 1: could not. Whoever was handed sockets answers on them in any
 * case, UNAVAILABLE if there is no state; otherwise a failure to start is logged and ends it. */
int serve_run(const struct serve *s) __attribute__((warn_unused_result));

#endif
