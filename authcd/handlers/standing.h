/* SPDX-License-Identifier: MIT
 *
 * How an account stands with the guess limits, for administrators: what is held against whom, and why. Whoever may not
 * know must not be told any of it, because it tells a guesser how far others have come; that is the callers' to see to.
 */
#ifndef STANDING_H
#define STANDING_H

#include "buckets.h"
#include "handler.h"

struct standing_codes {
    uint32_t wrong;  /* settled wrong codes */
    int64_t wait_ms; /* 0: none; INT64_MAX: until a recovery code or an administrator */
};

struct standing {
    bool everybody; /* the presets cis and stig hold failures against everybody, not only against strangers */
    uint32_t failures, sources;
    uint32_t consecutive;
    int64_t wait_ms; /* as above: until a known source or an administrator */
    int64_t failed_at;
    char source[BUCKETS_SOURCE_SIZE]; /* of the last failure */
    uint32_t known;                   /* sources */
    struct standing_codes strangers_codes, known_codes;
};

int standing_of(struct handler *h, int64_t account_id, struct standing *ret) __attribute__((warn_unused_result));

enum { STANDING_TEXT_SIZE = 192 };

/* All that is held against it, also what known sources have of their own, for the audit: "7 failures from 3 sources, 4
 * wrong codes"; "nothing". */
int standing_text(struct handler *h, int64_t account_id, char out[STANDING_TEXT_SIZE])
    __attribute__((warn_unused_result));

#endif
