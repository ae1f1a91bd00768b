/* SPDX-License-Identifier: MIT
 *
 * The claims of an access token (RFC 9068 profile of RFC 7519): written in one order, read strictly, checked against
 * what a consumer must check. Pure: the time is passed in.
 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <stddef.h>
#include <stdint.h>

#define CLAIMS_TYP "at+jwt"
enum { CLAIMS_SIZE = 4096 };

struct claims {
    char iss[257];
    char sub[37]; /* the account's UUID */
    char aud[65]; /* exactly one */
    int64_t exp, iat, nbf;
    char jti[37];
    char sid[33];
    int64_t auth_time;
    char amr[33]; /* space separated here, an array in JSON (RFC 8176) */
    char acr[9];
    char scope[129];
    char preferred_username[257];
    char role[33];
};

/* -EMSGSIZE. */
int claims_write(const struct claims *c, char out[CLAIMS_SIZE]) __attribute__((warn_unused_result));

/* -EBADMSG: a missing, repeated or mistyped member, a negative or fractional time, nesting, more than fits. Unknown
 * members are ignored if well formed. */
int claims_read(const char *json, size_t len, struct claims *ret) __attribute__((warn_unused_result));

/* NULL if good at now_s (exp > now, nbf <= now, no leeway: issuer and clock are the same host), else a short reason.
 * aud empty: any. */
const char *claims_objection(const struct claims *c, const char *iss, const char *aud, int64_t now_s);

#endif
