/* SPDX-License-Identifier: MIT
 *
 * One-time codes. liboath computes a code; which codes count is decided here: the whole window is generated whatever
 * matches, each is compared in constant time, and time and parameters are bounded first, because liboath takes an empty
 * secret and a negative time as they come. Rate limits and the memory of accepted steps are the caller's.
 */
#include "otp.h"

#include <errno.h>
#include <liboath/oath.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

#define TIME_MAX INT64_C(253402300799) /* the end of 9999: a clock after this is not set either */
#define STEP_MAX (TIME_MAX / 30 + OTP_WINDOW)

static const struct algorithm {
    enum otp_algorithm algorithm;
    const char *name;
    int flags;
    size_t secret_len; /* RFC 6238 section 1.2 R6: as long as the hash */
} algorithms[] = {
    {OTP_SHA1, "SHA1", 0, 20},
    {OTP_SHA256, "SHA256", OATH_TOTP_HMAC_SHA256, 32},
    {OTP_SHA512, "SHA512", OATH_TOTP_HMAC_SHA512, 64},
};
enum { N_ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

static const struct algorithm *find(enum otp_algorithm algorithm)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++) {
        if (algorithms[i].algorithm == algorithm)
            return &algorithms[i];
    }
    return NULL;
}

const char *otp_algorithm_name(enum otp_algorithm algorithm)
{
    const struct algorithm *a = find(algorithm);
    return a ? a->name : NULL;
}

enum otp_algorithm otp_algorithm_from(const char *name)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return algorithms[i].algorithm;
    }
    return 0;
}

static const char *const kinds[] = {[OTP_TOTP] = "totp", [OTP_HOTP] = "hotp"};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

const char *otp_kind_name(enum otp_kind kind)
{
    return (size_t)kind < N_KINDS ? kinds[kind] : NULL;
}

int otp_kind_from(const char *name, enum otp_kind *ret)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i], name) == 0) {
            *ret = (enum otp_kind)i;
            return 0;
        }
    }
    return -EINVAL;
}

static bool period_ok(const struct otp *otp)
{
    switch (otp->kind) {
    case OTP_TOTP:
        return otp->period_s == 30 || otp->period_s == 60;
    case OTP_HOTP:
        return otp->period_s == 0;
    }
    return false;
}

bool otp_usable(const struct otp *otp)
{
    return find(otp->algorithm) && (otp->digits == 6 || otp->digits == 8) && period_ok(otp) &&
           otp->secret.len >= OTP_SECRET_MIN && otp->secret.len <= OTP_SECRET_MAX;
}

/* liboath's HOTP knows SHA-1 only; its TOTP, told of a period of one second, makes the same of any counter. */
int otp_code(const struct otp *otp, int64_t step, char out[OTP_CODE_SIZE])
{
    const struct algorithm *a = find(otp->algorithm);
    if (!a || !otp_usable(otp) || step < 0 || step > STEP_MAX)
        return -EINVAL;
    char code[OTP_CODE_SIZE] = {0};
    int e = oath_totp_generate2((const char *)otp->secret.bytes, otp->secret.len, (time_t)step, 1, 0, otp->digits,
                                a->flags, code);
    if (e == OATH_OK)
        memcpy(out, code, sizeof code);
    sodium_memzero(code, sizeof code);
    return e == OATH_OK ? 0 : -EINVAL;
}

bool otp_is_code(const struct otp *otp, const struct secret *typed)
{
    bool good = typed->len == otp->digits;
    for (size_t i = 0; i < typed->len; i++)
        good &= typed->bytes[i] >= '0' && typed->bytes[i] <= '9';
    return good;
}

/* The latest first, so that of several with the same code the earliest that still counts is taken. As much work and
 * the same comparisons wherever the match is, and if there is none. */
enum otp_result otp_search(const struct otp *otp, const struct secret *typed, int64_t first, int64_t last, int64_t used,
                           int64_t *ret_step)
{
    bool right = false, fresh = false;
    int64_t step = 0;
    char code[OTP_CODE_SIZE] = {0};
    if (!otp_is_code(otp, typed))
        return OTP_WRONG;
    for (int64_t s = last; s >= first; s--) {
        if (otp_code(otp, s, code) < 0)
            return OTP_UNUSABLE;
        bool match = sodium_memcmp(code, typed->bytes, otp->digits) == 0;
        bool counts = match & (s > used);
        right |= match;
        fresh |= counts;
        step = counts ? s : step;
    }
    sodium_memzero(code, sizeof code);
    if (fresh)
        *ret_step = step;
    return fresh ? OTP_RIGHT : right ? OTP_REPLAYED : OTP_WRONG;
}

static bool clock_ok(int64_t now_s)
{
    return now_s >= OTP_TIME_MIN && now_s <= TIME_MAX;
}

enum otp_result otp_check(const struct otp *otp, const struct secret *typed, int64_t now_s, int64_t last_step,
                          int64_t *ret_step)
{
    if (otp->kind != OTP_TOTP || !otp_usable(otp))
        return OTP_UNUSABLE;
    if (!clock_ok(now_s))
        return OTP_CLOCK;
    int64_t now_step = now_s / otp->period_s;
    if (last_step > now_step + OTP_WINDOW)
        return OTP_CLOCK;
    return otp_search(otp, typed, now_step - OTP_WINDOW, now_step + OTP_WINDOW, last_step, ret_step);
}

int64_t otp_clear(const struct otp *otp, int64_t now_s, int64_t last_step)
{
    if (otp->kind != OTP_TOTP || !otp_usable(otp) || !clock_ok(now_s))
        return 0;
    int64_t edge = now_s / otp->period_s + OTP_WINDOW;
    return last_step > edge ? edge : 0;
}

void otp_secret_make(struct otp *otp)
{
    const struct algorithm *a = find(otp->algorithm);
    secret_wipe(&otp->secret);
    otp->secret.len = a ? a->secret_len : OTP_SECRET_MIN;
    randombytes_buf(otp->secret.bytes, otp->secret.len);
}

/* Our own, because liboath's returns a plain malloc that it does not wipe. */
int otp_base32(const struct otp *otp, char out[OTP_BASE32_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    if (otp->secret.len > OTP_SECRET_MAX)
        return -EINVAL;
    for (size_t i = 0; i < otp->secret.len; i++) {
        bits = bits << 8 | otp->secret.bytes[i];
        for (have += 8; have >= 5; have -= 5)
            out[n++] = alphabet[bits >> (have - 5) & 31];
    }
    if (have > 0)
        out[n++] = alphabet[bits << (5 - have) & 31];
    out[n] = '\0';
    return 0;
}

/* Everything but RFC 3986's unreserved characters becomes %XX: also the colon, which parts issuer and user. */
static int percent_encode(const char *s, char *out, size_t cap)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (cap - n < 4)
            return -EMSGSIZE;
        if (strchr(plain, *s)) {
            out[n++] = *s;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    out[n] = '\0';
    return 0;
}

int otp_uri(const struct otp *otp, const char *issuer_host, const char *user, char out[OTP_URI_SIZE])
{
    char issuer[OTP_URI_SIZE], name[OTP_URI_SIZE], secret[OTP_BASE32_SIZE] = {0}, moving[32] = "counter=0";
    if (!otp_usable(otp))
        return -EINVAL;
    int e = percent_encode(issuer_host, issuer, sizeof issuer);
    if (e == 0)
        e = percent_encode(user, name, sizeof name);
    if (e == 0)
        e = otp_base32(otp, secret);
    if (e == 0 && otp->kind == OTP_TOTP)
        e = text_format(moving, sizeof moving, "period=%u", (unsigned)otp->period_s);
    if (e == 0)
        e = text_format(out, OTP_URI_SIZE, "otpauth://%s/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%u&%s",
                        otp_kind_name(otp->kind), issuer, name, secret, issuer, otp_algorithm_name(otp->algorithm),
                        otp->digits, moving);
    sodium_memzero(secret, sizeof secret);
    return e;
}
