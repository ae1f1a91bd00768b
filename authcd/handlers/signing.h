/* SPDX-License-Identifier: MIT
 *
 * The keys that sign tokens, as their consumers see them: that there are some, and what is published of them. Works
 * inside the caller's transaction.
 */
#ifndef SIGNING_H
#define SIGNING_H

#include "clock.h"
#include "db.h"

#define SIGNING_ALG "ES256"            /* the one algorithm that audiences have today */
#define SIGNING_JWKS_PATH "/jwks.json" /* behind the issuer: where discovery says that the keys are */

/* Makes sure that there are an active key and a next one, so that consumers know the next before it signs. Each new key
 * is one audit row. */
int signing_ensure(struct db *db, const struct clock *now) __attribute__((warn_unused_result));

/* The JWK set of all published keys (RFC 7517 section 5), malloc'd. */
int signing_jwks(struct db *db, char **ret_json) __attribute__((warn_unused_result));

/* The discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2) of an issuer without endpoints of
 * its own, malloc'd. */
int signing_discovery(const char *issuer, char **ret_json) __attribute__((warn_unused_result));

#endif
