/* SPDX-License-Identifier: MIT
 *
 * Which session a peer acts in: for whoami and for tokens.
 */
#ifndef SESSION_H
#define SESSION_H

#include "handler.h"
#include "sessions.h"

/* The live session of that name, or of the peer's audit session if name is "", provided that it is account a's, of this
 * boot, and of the peer's uid and audit session; -ENOENT otherwise: whose it is instead is not told. */
int session_of_peer(struct handler *h, const struct account *a, const char *name, struct session *ret)
    __attribute__((warn_unused_result));

#endif
