/* SPDX-License-Identifier: MIT
 *
 * One-time codes by liboath: of the time (RFC 6238) here, and what those of a counter (RFC 4226, hotp.h) share with
 * them. Generates the whole window and compares in constant time, because liboath's own validation stops at the first
 * match and takes the digits from what was typed. Pure: the time is passed in; that a step is accepted only once is
 * kept by the caller's transaction.
 */
#ifndef OTP_H
#define OTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secret.h"

enum {
    OTP_WINDOW = 1,      /* steps before and after now */
    OTP_SECRET_MIN = 20, /* bytes: 160 bits, RFC 4226 section 4 R6 */
    OTP_SECRET_MAX = 64,
    OTP_BASE32_SIZE = 128,
    OTP_URI_SIZE = 1024,
    OTP_CODE_SIZE = 9, /* 8 digits and a NUL */
};
#define OTP_TIME_MIN INT64_C(1577836800) /* 2020-01-01: a clock before this is not set */

enum otp_kind { OTP_TOTP, OTP_HOTP };
enum otp_algorithm { OTP_SHA1 = 1, OTP_SHA256 = 2, OTP_SHA512 = 3 };

struct otp {
    enum otp_kind kind;
    enum otp_algorithm algorithm;
    unsigned digits;  /* 6 or 8 */
    int64_t period_s; /* 30 or 60; HOTP: 0 */
    struct secret secret;
};

enum otp_result {
    OTP_WRONG,
    OTP_RIGHT,
    OTP_REPLAYED, /* right, but its step is not after last_step */
    OTP_CLOCK,    /* time before 2020, or last_step beyond now + window: no code can be judged */
    OTP_UNUSABLE, /* secret or parameters out of bounds: the stored factor is broken */
};

/* Judges typed at now_s by a TOTP. OTP_RIGHT sets *ret_step, which the caller stores in the same transaction. typed
 * must be exactly the digits: no spaces, no sign, ASCII only. */
enum otp_result otp_check(const struct otp *otp, const struct secret *typed, int64_t now_s, int64_t last_step,
                          int64_t *ret_step);

/* The step that a TOTP whose last one lies beyond now + window is set to, so that codes count again but none that could
 * have counted already: the last of the window at now_s. 0: it does not lie there, or that clock is not set either. */
int64_t otp_clear(const struct otp *otp, int64_t now_s, int64_t last_step);

/* What both kinds have in common. Secret and parameters are within bounds; typed is exactly the digits. */
bool otp_usable(const struct otp *otp);
bool otp_is_code(const struct otp *otp, const struct secret *typed);

/* Looks at the codes of all steps from first to last. OTP_RIGHT: *ret_step is the
 * earliest with that code that comes after used; OTP_REPLAYED: only others have it. otp is usable. */
enum otp_result otp_search(const struct otp *otp, const struct secret *typed, int64_t first, int64_t last, int64_t used,
                           int64_t *ret_step);

/* The code of one step (TOTP: Unix time / period; HOTP: the counter). -EINVAL: parameters out of bounds, step negative,
 * or past the year 9999 as steps of 30 s count it. */
int otp_code(const struct otp *otp, int64_t step, char out[OTP_CODE_SIZE]) __attribute__((warn_unused_result));

/* "totp", "hotp" (as otpauth URIs and the store write them); NULL, or -EINVAL for an unknown name. */
const char *otp_kind_name(enum otp_kind kind);
int otp_kind_from(const char *name, enum otp_kind *ret) __attribute__((warn_unused_result));

/* "SHA1", "SHA256", "SHA512" (as otpauth URIs write them); NULL, or 0 for an unknown name. */
const char *otp_algorithm_name(enum otp_algorithm algorithm);
enum otp_algorithm otp_algorithm_from(const char *name);

/* A fresh random secret: 20, 32 or 64 bytes to suit the algorithm. */
void otp_secret_make(struct otp *otp);

/* base32 without padding (RFC 4648). -EINVAL: longer than OTP_SECRET_MAX. */
int otp_base32(const struct otp *otp, char out[OTP_BASE32_SIZE]) __attribute__((warn_unused_result));

/* otpauth://KIND/ISSUER:USER?secret=...&issuer=ISSUER&algorithm=...&digits=... and period=..., or counter=0 for a HOTP
 * that has made no code yet; percent-encoded.
 * -EINVAL: otp is not usable; -EMSGSIZE: the names are too long. */
int otp_uri(const struct otp *otp, const char *issuer_host, const char *user, char out[OTP_URI_SIZE])
    __attribute__((warn_unused_result));

#endif
