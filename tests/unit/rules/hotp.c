/* SPDX-License-Identifier: MIT
 *
 * One-time codes of a counter: the vectors of RFC 4226 through the rule (O1), a counter counts once and in order (O2,
 * the rule's half), how far ahead one may be, exactly the digits (O4), and the way back of RFC 4226 section 7.4.
 */
#include "hotp.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "tap.h"

static struct otp token(enum otp_algorithm algorithm, unsigned digits)
{
    struct otp otp = {.kind = OTP_HOTP, .algorithm = algorithm, .digits = digits};
    if (secret_set(&otp.secret, "12345678901234567890", 20) < 0)
        abort();
    return otp;
}

static struct secret typed(const char *text)
{
    struct secret s = {0};
    if (secret_set(&s, text, strlen(text)) < 0)
        abort();
    return s;
}

static struct secret code_of(const struct otp *otp, int64_t counter)
{
    char code[OTP_CODE_SIZE] = "";
    if (otp_code(otp, counter, code) < 0)
        abort();
    return typed(code);
}

static enum otp_result check(const struct otp *otp, int64_t counter, int64_t last, int64_t *ret)
{
    struct secret s = code_of(otp, counter);
    *ret = -77;
    return hotp_check(otp, &s, last, ret);
}

/* RFC 4226 appendix D, one press after the other. */
static void test_vectors(void)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    struct otp otp = token(OTP_SHA1, 6);
    int64_t last = HOTP_NONE;
    for (int i = 0; i < 10; i++) {
        struct secret s = typed(codes[i]);
        is_int(hotp_check(&otp, &s, last, &last), OTP_RIGHT, "vector %d", i);
        is_int(last, i, "its counter");
        is_int(hotp_check(&otp, &s, last, &last), OTP_REPLAYED, "once");
    }
    for (int i = 0; i < 10; i++) {
        struct secret s = typed(codes[i]);
        is_int(hotp_check(&otp, &s, last, &last), OTP_REPLAYED, "vector %d again, after all of them", i);
    }
    is_int(last, 9, "the counter stands where it stood");
}

static void test_window(enum otp_algorithm algorithm, unsigned digits)
{
    struct otp otp = token(algorithm, digits);
    static const int64_t lasts[] = {HOTP_NONE, 0, 4, 5000};
    int64_t got = 0;
    for (size_t i = 0; i < sizeof lasts / sizeof *lasts; i++) {
        int64_t last = lasts[i];
        is_int(check(&otp, last + 1, last, &got), OTP_RIGHT, "%s, after %" PRId64 ": the next code",
               otp_algorithm_name(algorithm), last);
        is_int(got, last + 1, "noted");
        is_int(check(&otp, last + 1 + HOTP_AHEAD, last, &got), OTP_RIGHT, "ten presses were for nothing");
        is_int(got, last + 1 + HOTP_AHEAD, "and are passed over");
        is_int(check(&otp, last + 2 + HOTP_AHEAD, last, &got), OTP_WRONG, "eleven are too many");
        is_int(got, -77, "nothing is noted");
        if (last > HOTP_BEHIND) {
            is_int(check(&otp, last + 1 - HOTP_BEHIND, last, &got), OTP_REPLAYED,
                   "an old one is told from a wrong one");
            is_int(check(&otp, last - HOTP_BEHIND, last, &got), OTP_WRONG, "a very old one is not");
            is_int(got, -77, "nothing is noted");
        }
    }
    is_int(check(&otp, 3, 5, &got), OTP_REPLAYED, "one that was passed over is used");
}

static void test_malformed(void)
{
    struct otp otp = token(OTP_SHA1, 6), wide = token(OTP_SHA1, 8);
    static const char *const forms[] = {"75522", "7552240", " 755224", "755224 ", "+55224", "-55224", "", "75522a"};
    int64_t got = -77;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct secret s = typed(forms[i]);
        is_int(hotp_check(&otp, &s, HOTP_NONE, &got), OTP_WRONG, "refused: \"%s\"", forms[i]);
    }
    struct secret s = typed("755224");
    is_int(hotp_check(&wide, &s, HOTP_NONE, &got), OTP_WRONG, "six digits where eight are due");
    s.bytes[5] = 0;
    is_int(hotp_check(&otp, &s, HOTP_NONE, &got), OTP_WRONG, "a NUL for a digit");
    is_int(got, -77, "nothing is noted");
}

static void test_unusable(void)
{
    static const int64_t lasts[] = {-2, INT64_MIN, INT64_MAX, INT64_MAX - HOTP_RESYNC, INT64_C(1) << 40};
    struct otp otp = token(OTP_SHA1, 6);
    struct secret s = typed("755224"), next = typed("287082");
    int64_t got = -77;
    for (size_t i = 0; i < sizeof lasts / sizeof *lasts; i++) {
        is_int(hotp_check(&otp, &s, lasts[i], &got), OTP_UNUSABLE, "no counter: %" PRId64, lasts[i]);
        is_int(hotp_resync(&otp, &s, &next, lasts[i], &got), OTP_UNUSABLE, "nor a way back to one");
    }
    otp.period_s = 30;
    is_int(hotp_check(&otp, &s, HOTP_NONE, &got), OTP_UNUSABLE, "a period");
    otp.kind = OTP_TOTP;
    is_int(hotp_check(&otp, &s, HOTP_NONE, &got), OTP_UNUSABLE, "a TOTP");
    is_int(hotp_resync(&otp, &s, &next, HOTP_NONE, &got), OTP_UNUSABLE, "has no way back");
    otp = token(OTP_SHA1, 6);
    is_int(otp_check(&otp, &s, OTP_TIME_MIN, 0, &got), OTP_UNUSABLE, "nor is a HOTP a TOTP");
    otp.secret.len = OTP_SECRET_MIN - 1;
    is_int(hotp_check(&otp, &s, HOTP_NONE, &got), OTP_UNUSABLE, "a short secret");
    is_int(got, -77, "nothing is noted");
}

static enum otp_result resync(const struct otp *otp, int64_t first, int64_t second, int64_t last, int64_t *ret)
{
    struct secret a = code_of(otp, first), b = code_of(otp, second);
    *ret = -77;
    return hotp_resync(otp, &a, &b, last, ret);
}

static void test_resync(void)
{
    struct otp otp = token(OTP_SHA1, 8);
    int64_t got = 0;
    is_int(resync(&otp, 500, 501, 3, &got), OTP_RIGHT, "two in a row, far ahead");
    is_int(got, 501, "the second is the last accepted");
    is_int(resync(&otp, 4, 5, 3, &got), OTP_RIGHT, "the very next two");
    is_int(got, 5, "as well");
    is_int(resync(&otp, 4 + HOTP_RESYNC, 5 + HOTP_RESYNC, 3, &got), OTP_RIGHT, "a thousand ahead");
    is_int(resync(&otp, 5 + HOTP_RESYNC, 6 + HOTP_RESYNC, 3, &got), OTP_WRONG, "no farther");
    is_int(resync(&otp, 3, 4, 3, &got), OTP_WRONG, "the last one and the next");
    is_int(resync(&otp, 500, 502, 3, &got), OTP_WRONG, "two that do not follow each other");
    is_int(resync(&otp, 501, 500, 3, &got), OTP_WRONG, "the wrong way round");
    is_int(resync(&otp, 500, 500, 3, &got), OTP_WRONG, "one code twice");
    is_int(got, -77, "nothing is noted");
    struct secret a = code_of(&otp, 500), b = code_of(&otp, 501);
    a.len--;
    is_int(hotp_resync(&otp, &a, &b, 3, &got), OTP_WRONG, "not all its digits");
    a.len++;
    b.bytes[7] = 'x';
    is_int(hotp_resync(&otp, &a, &b, 3, &got), OTP_WRONG, "no digit");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_vectors();
    test_window(OTP_SHA1, 6);
    test_window(OTP_SHA256, 8);
    test_window(OTP_SHA512, 8);
    test_malformed();
    test_unusable();
    test_resync();
    return tap_done();
}
