/* SPDX-License-Identifier: MIT
 *
 * Argon2id (RFC 9106) by libsodium. Knows how to hash, how to compare, and how far a stored string may be trusted: its
 * parameters are bounded before they are obeyed. Slow on purpose: only hashing threads call password_job_run.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secret.h"

enum {
    PASSWORD_BYTES_MAX = 512,   /* longer ones are refused, never cut */
    PASSWORD_STORED_SIZE = 129, /* crypto_pwhash_STRBYTES and a NUL */
    PASSWORD_WHY_SIZE = 80,
};
#define PASSWORD_MEMORY_MIN (19u * 1024 * 1024) /* with 2 passes: the least OWASP and RFC 9106 users accept */
#define PASSWORD_MEMORY_MAX (UINT64_C(2048) * 1024 * 1024)
enum { PASSWORD_PASSES_MIN = 2, PASSWORD_PASSES_MAX = 16 };

struct password_params {
    uint64_t memory; /* bytes, whole KiB */
    uint64_t passes;
};

enum password_job_kind {
    PASSWORD_VERIFY,  /* compare password with stored; if it matches and stored is weaker than params, hash anew too */
    PASSWORD_MAKE,    /* hash password with params */
    PASSWORD_PRETEND, /* an unknown name: as much work as VERIFY with params, and never a match */
    PASSWORD_TURN,    /* nothing may be looked at: no work, and never a match; only what waiting for it takes */
};

/* One piece of hashing: filled by a handler, run on a hashing thread, read by on_hashed. Holds a password: free with
 * password_job_free only. */
struct password_job {
    enum password_job_kind kind;
    struct secret password;
    char stored[PASSWORD_STORED_SIZE];
    struct password_params params;
    bool priority;   /* from a known source or the console: the kept slot */
    bool watched;    /* somebody outside sees when it is done: PRETEND takes its time, whoever waits */
    char source[64]; /* whose turn it is: jobs are taken round-robin by this */

    /* Results. 0; -ENOMEM; -EINVAL: stored is not usable (foreign, truncated, out of bounds), or MAKE of a password
     * that password_length_ok refuses (VERIFY: no match, no computation). */
    int result;
    bool match;
    unsigned hashes;                 /* Argon2 computations done */
    char made[PASSWORD_STORED_SIZE]; /* new hash, or "" */
};

/* NULL if out of memory. */
struct password_job *password_job_new(enum password_job_kind kind);
void password_job_run(struct password_job *job);
void password_job_free(struct password_job *job);

/* Are these bytes fit to be hashed at all: 1 to PASSWORD_BYTES_MAX. */
bool password_length_ok(const struct secret *password);

/* Reads "$argon2id$v=19$m=..,t=..,p=1$salt$hash" strictly; -EINVAL for anything else or out of bounds.
 * Never allocates. */
int password_stored_params(const char *stored, struct password_params *ret) __attribute__((warn_unused_result));

/* Policy at change: is anything wrong with the new password? What, goes to ret_why, for the person. min is in
 * characters; old may be NULL. */
bool password_objection(const struct secret *fresh, const char *user, const struct secret *old, uint64_t min,
                        char ret_why[PASSWORD_WHY_SIZE]) __attribute__((warn_unused_result));

#endif
