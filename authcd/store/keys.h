/* SPDX-License-Identifier: MIT
 *
 * Signing keys at rest: for each algorithm in use one `active`, which signs, and one `next`, which is published beside
 * it so that applications know it before it signs. Nothing here rotates them: `retired`, for keys that are published
 * for the tokens they signed and sign no more, is only ever read. Works inside the caller's transaction.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdint.h>

#include "db.h"
#include "jws.h"

enum key_state { KEY_NEXT = 1, KEY_ACTIVE = 2, KEY_RETIRED = 3 };

struct key {
    int64_t id;
    char kid[JWS_KID_SIZE];
    char alg[JWS_ALG_SIZE];
    enum key_state state;
    int64_t created_at;
    int64_t max_exp; /* latest exp of a token signed with it */
};

int keys_add(struct db *db, const struct jws_key *key, enum key_state state, int64_t now_s)
    __attribute__((warn_unused_result));
/* All published keys in order of id: the one after id `after`; -ENOENT at the end. *ret_key (may be NULL) is the
 * caller's to free. -EBADMSG: does not open. */
int keys_next(struct db *db, int64_t after, struct key *ret, struct jws_key **ret_key)
    __attribute__((warn_unused_result));
int keys_active(struct db *db, const char *alg, struct key *ret, struct jws_key **ret_key)
    __attribute__((warn_unused_result));
int keys_by_kid(struct db *db, const char *kid, struct key *ret, struct jws_key **ret_key)
    __attribute__((warn_unused_result));
/* Notes that a token with this exp was signed. */
int keys_note_exp(struct db *db, int64_t id, int64_t exp) __attribute__((warn_unused_result));

#endif
