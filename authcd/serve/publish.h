/* SPDX-License-Identifier: MIT
 *
 * What the world may read: state_dir/public with the JWKS, the OpenID discovery document and a PEM for each published
 * key, as static files for whatever web server is there. Replaced atomically, and only when they changed.
 */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "config.h"
#include "db.h"

/* Makes the files what the database says, in a transaction of its own that only reads. Old PEMs go. */
int publish_run(struct db *db, const struct config_authcd *config) __attribute__((warn_unused_result));

#endif
