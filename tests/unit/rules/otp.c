/* SPDX-License-Identifier: MIT
 *
 * One-time codes: the vectors of RFC 6238 and RFC 4226 (O1), a step counts once and in order (O2, the rule's half), the
 * window and the clock (O3), exactly the digits (O4), secrets of 160 bits and more (O5, the rule's half).
 */
#include "otp.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "tap.h"
#include "text.h"

#define NOW INT64_C(2000000000)
#define SEED "1234567890123456789012345678901234567890123456789012345678901234"

/* For the names of checks, which are lines. */
static const char *shown(const char *text)
{
    static char line[512];
    text_printable(line, sizeof line, text);
    return line;
}

static struct otp factor(enum otp_algorithm algorithm, unsigned digits, int64_t period_s)
{
    static const size_t len[] = {[OTP_SHA1] = 20, [OTP_SHA256] = 32, [OTP_SHA512] = 64};
    struct otp otp = {.algorithm = algorithm, .digits = digits, .period_s = period_s};
    if (secret_set(&otp.secret, SEED, len[algorithm]) < 0)
        abort();
    return otp;
}

static enum otp_result check(const struct otp *otp, const char *typed, int64_t now_s, int64_t last, int64_t *ret_step)
{
    struct secret s = {0};
    if (secret_set(&s, typed, strlen(typed)) < 0)
        abort();
    return otp_check(otp, &s, now_s, last, ret_step);
}

/* RFC 6238 appendix B. The times before 2020 are judged as a clock that is not set, so that there only the code counts.
 */
static void test_rfc6238(void)
{
    static const struct {
        int64_t now_s;
        const char *code[4];
    } vectors[] = {
        {59, {"", "94287082", "46119246", "90693936"}},         {1111111109, {"", "07081804", "68084774", "25091201"}},
        {1111111111, {"", "14050471", "67062674", "99943326"}}, {1234567890, {"", "89005924", "91819424", "93441116"}},
        {2000000000, {"", "69279037", "90698825", "38618901"}}, {20000000000, {"", "65353130", "77737706", "47863826"}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        for (enum otp_algorithm a = OTP_SHA1; a <= OTP_SHA512; a++) {
            struct otp otp = factor(a, 8, 30);
            char code[OTP_CODE_SIZE] = "";
            int64_t step = -1, now = vectors[i].now_s;
            is_int(otp_code(&otp, now / 30, code), 0, "%s at %" PRId64, otp_algorithm_name(a), now);
            is_str(code, vectors[i].code[a], "its code");
            is_int(check(&otp, vectors[i].code[a], now, 0, &step), now < OTP_TIME_MIN ? OTP_CLOCK : OTP_RIGHT,
                   "judged");
            is_int(step, now < OTP_TIME_MIN ? -1 : now / 30, "its step");
        }
    }
}

/* RFC 4226 appendix D: the counter is the step. */
static void test_rfc4226(void)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    struct otp otp = factor(OTP_SHA1, 6, 30);
    for (size_t i = 0; i < 10; i++) {
        char code[OTP_CODE_SIZE] = "";
        is_int(otp_code(&otp, (int64_t)i, code), 0, "counter %zu", i);
        is_str(code, codes[i], "its code");
    }
}

static void test_window(int64_t period_s)
{
    struct otp otp = factor(OTP_SHA256, 6, period_s);
    for (int64_t d = -3; d <= 3; d++) {
        char code[OTP_CODE_SIZE] = "";
        int64_t step = -1, now_step = NOW / period_s;
        is_int(otp_code(&otp, now_step + d, code), 0, "code of step %+" PRId64, d);
        is_int(check(&otp, code, NOW, 0, &step), d < -1 || d > 1 ? OTP_WRONG : OTP_RIGHT, "judged");
        is_int(step, d < -1 || d > 1 ? -1 : now_step + d, "its step");
    }
    char code[OTP_CODE_SIZE] = "";
    int64_t step = -1, edge = NOW - NOW % period_s;
    is_int(otp_code(&otp, edge / period_s, code), 0, "code at the edge of a step");
    is_int(check(&otp, code, edge + 2 * period_s - 1, 0, &step), OTP_RIGHT, "good to the last second of the next");
    is_int(check(&otp, code, edge + 2 * period_s, 0, &step), OTP_WRONG, "and no longer");
    is_int(check(&otp, code, edge - period_s, 0, &step), OTP_RIGHT, "good from the first second of the one before");
    is_int(check(&otp, code, edge - period_s - 1, 0, &step), OTP_WRONG, "and no sooner");
}

static void test_replay(void)
{
    struct otp otp = factor(OTP_SHA1, 6, 30);
    char now[OTP_CODE_SIZE] = "", before[OTP_CODE_SIZE] = "", after[OTP_CODE_SIZE] = "";
    int64_t at = NOW / 30, step = -1;
    if (otp_code(&otp, at, now) < 0 || otp_code(&otp, at - 1, before) < 0 || otp_code(&otp, at + 1, after) < 0)
        abort();
    is_int(check(&otp, now, NOW, at - 1, &step), OTP_RIGHT, "a step after the last");
    is_int(step, at, "is noted");
    step = -1;
    is_int(check(&otp, now, NOW, at, &step), OTP_REPLAYED, "the same step again");
    is_int(check(&otp, before, NOW, at, &step), OTP_REPLAYED, "an older step after a newer");
    is_int(check(&otp, now, NOW, at + 1, &step), OTP_REPLAYED, "the present one after the next");
    is_int(step, -1, "no step is noted");
    is_int(check(&otp, after, NOW, at, &step), OTP_RIGHT, "the next step");
    is_int(check(&otp, "000000", NOW, at, &step), OTP_WRONG, "a wrong code is wrong, not replayed");
}

/* Two neighbouring steps of the vectors' secret have the same code in January 2020: found by search. */
static void test_tie(void)
{
    struct otp otp = factor(OTP_SHA1, 6, 30);
    char a[OTP_CODE_SIZE] = "", b[OTP_CODE_SIZE] = "";
    int64_t at = 52625557, step = -1;
    if (otp_code(&otp, at, a) < 0 || otp_code(&otp, at + 1, b) < 0)
        abort();
    is_str(a, b, "a tie");
    is_int(check(&otp, a, at * 30, 0, &step), OTP_RIGHT, "two steps with one code");
    is_int(step, at, "the earlier is taken");
    is_int(check(&otp, a, at * 30, at, &step), OTP_RIGHT, "if it still counts");
    is_int(step, at + 1, "else the later");
    is_int(check(&otp, a, at * 30, at + 1, &step), OTP_REPLAYED, "and then none");
}

static void test_clock(void)
{
    struct otp otp = factor(OTP_SHA1, 6, 30);
    static const int64_t unset[] = {INT64_MIN, -1, 0, 29, OTP_TIME_MIN - 1, INT64_C(253402300800), INT64_MAX};
    char code[OTP_CODE_SIZE] = "";
    int64_t step = -1, at = NOW / 30;
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
        is_int(check(&otp, "123456", unset[i], 0, &step), OTP_CLOCK, "no code at %" PRId64, unset[i]);
    if (otp_code(&otp, at, code) < 0)
        abort();
    is_int(check(&otp, code, NOW, at + 2, &step), OTP_CLOCK, "a last step past the window: the clock went back");
    is_int(check(&otp, "000000", NOW, INT64_MAX, &step), OTP_CLOCK, "whatever was typed");
    is_int(check(&otp, code, NOW, at + 1, &step), OTP_REPLAYED, "a last step at its edge is none");
    is_int(check(&otp, code, NOW, INT64_MIN, &step), OTP_RIGHT, "nor is one before all");
    if (otp_code(&otp, OTP_TIME_MIN / 30, code) < 0)
        abort();
    is_int(check(&otp, code, OTP_TIME_MIN, 0, &step), OTP_RIGHT, "2020 begins on time");
    step = -1;
    is_int(check(&otp, "12345x", INT64_C(253402300799), 0, &step), OTP_WRONG, "9999 ends on time");
    is_int(step, -1, "no step");
}

/* A last step in the future is set back so far that codes count again, and no farther: none that may have counted. */
static void test_clear(int64_t period_s)
{
    struct otp otp = factor(OTP_SHA1, 6, period_s);
    char code[OTP_CODE_SIZE] = "";
    int64_t step = -1, at = NOW / period_s;
    is_int(otp_clear(&otp, NOW, at + 1), 0, "nothing to clear: the edge of the window");
    is_int(otp_clear(&otp, NOW, 0), 0, "nothing to clear: none accepted yet");
    is_int(otp_clear(&otp, NOW, at + 2), at + 1, "just beyond it");
    is_int(otp_clear(&otp, NOW, INT64_MAX), at + 1, "far beyond it");
    is_int(otp_clear(&otp, OTP_TIME_MIN - 1, at), 0, "not by a clock that is wrong now");
    for (int64_t s = at - 1; s <= at + 1; s++) {
        if (otp_code(&otp, s, code) < 0)
            abort();
        is_int(check(&otp, code, NOW, at + 1, &step), OTP_REPLAYED, "cleared: no code of this window counts");
    }
    if (otp_code(&otp, at + 2, code) < 0)
        abort();
    is_int(check(&otp, code, NOW + period_s, at + 1, &step), OTP_RIGHT, "the next one does");
    otp.kind = OTP_HOTP;
    is_int(otp_clear(&otp, NOW, at + 2), 0, "a HOTP has no clock");
}

static void test_kinds(void)
{
    enum otp_kind kind = OTP_TOTP;
    is_int(otp_kind_from("hotp", &kind), 0, "hotp");
    is_int(kind, OTP_HOTP, "is one");
    is_int(otp_kind_from("sms", &kind), -EINVAL, "sms");
    is_int(kind, OTP_HOTP, "is none: untouched");
    is_int(otp_kind_from(otp_kind_name(OTP_TOTP), &kind), 0, "the name");
    is_int(kind, OTP_TOTP, "leads back");
    ok(!otp_kind_name((enum otp_kind)2), "there is no third");
}

static void test_malformed(void)
{
    struct otp otp = factor(OTP_SHA1, 6, 30);
    char code[OTP_CODE_SIZE] = "", typed[32];
    int64_t step = -1, at = NOW / 30;
    if (otp_code(&otp, at, code) < 0)
        abort();
    is_int(check(&otp, code, NOW, 0, &step), OTP_RIGHT, "the digits themselves");
    step = -1;
    static const char *const forms[] = {" %s", "%s ",       "%s\n", "%s\r\n", "+%s",  "-%s",        "0%s",
                                        "%s0", "%.3s %.0s", "0x%s", "%.5s",   "%.0s", "\xd9\xa1%s", "%sx"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
        snprintf(typed, sizeof typed, forms[i], code, code);
#pragma GCC diagnostic pop
        is_int(check(&otp, typed, NOW, 0, &step), OTP_WRONG, "refused: \"%s\"", shown(typed));
    }
    struct secret s = {0};
    memcpy(s.bytes, code, 6);
    for (size_t i = 0; i < 6; i++) {
        static const unsigned char others[] = {0, ' ', '/', ':', 'O', 0xb2, 0xff};
        unsigned char good = s.bytes[i];
        s.len = 6;
        for (size_t k = 0; k < sizeof others; k++) {
            s.bytes[i] = others[k];
            is_int(otp_check(&otp, &s, NOW, 0, &step), OTP_WRONG, "refused: byte 0x%02x at %zu", others[k], i);
        }
        s.bytes[i] = good;
    }
    s.len = 7;
    is_int(otp_check(&otp, &s, NOW, 0, &step), OTP_WRONG, "refused: the digits and a NUL");
    s.len = 6;
    is_int(otp_check(&otp, &s, NOW, 0, &step), OTP_RIGHT, "the digits again");

    otp.digits = 8;
    is_int(check(&otp, code, NOW, 0, &step), OTP_WRONG, "six digits where eight are due");
}

static void test_unusable(void)
{
    static const struct {
        enum otp_algorithm algorithm;
        unsigned digits;
        int64_t period_s;
        size_t len;
    } bad[] = {
        {OTP_SHA1, 6, 30, 0},
        {OTP_SHA1, 6, 30, OTP_SECRET_MIN - 1},
        {OTP_SHA1, 6, 30, OTP_SECRET_MAX + 1},
        {OTP_SHA1, 6, 0, 20},
        {OTP_SHA1, 6, -30, 20},
        {OTP_SHA1, 6, 1, 20},
        {OTP_SHA1, 7, 30, 20},
        {OTP_SHA1, 0, 30, 20},
        {OTP_SHA1, 1000000, 30, 20},
        {0, 6, 30, 20},
        {4, 6, 30, 20},
        {OTP_SHA1, 6, 30, SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct otp otp = factor(OTP_SHA1, 6, 30);
        int64_t step = -1;
        char code[OTP_CODE_SIZE] = "", uri[OTP_URI_SIZE] = "";
        otp.algorithm = bad[i].algorithm;
        otp.digits = bad[i].digits;
        otp.period_s = bad[i].period_s;
        otp.secret.len = bad[i].len;
        is_int(check(&otp, "123456", NOW, 0, &step), OTP_UNUSABLE, "unusable: row %zu", i);
        is_int(otp_code(&otp, NOW / 30, code), -EINVAL, "has no code");
        is_int(otp_uri(&otp, "h", "u", uri), -EINVAL, "and no URI");
    }
    struct otp otp = factor(OTP_SHA1, 6, 30);
    char code[OTP_CODE_SIZE] = "";
    is_int(otp_code(&otp, -1, code), -EINVAL, "no code before 1970");
    is_int(otp_code(&otp, INT64_MAX, code), -EINVAL, "nor after all time");
}

static void test_secret(void)
{
    static const size_t len[] = {[OTP_SHA1] = 20, [OTP_SHA256] = 32, [OTP_SHA512] = 64};
    for (enum otp_algorithm a = OTP_SHA1; a <= OTP_SHA512; a++) {
        struct otp x = {.algorithm = a}, y = {.algorithm = a};
        otp_secret_make(&x);
        otp_secret_make(&y);
        is_int(x.secret.len, len[a], "a secret for %s", otp_algorithm_name(a));
        ok(memcmp(x.secret.bytes, y.secret.bytes, len[a]) != 0, "another one each time");
        ok(otp_algorithm_from(otp_algorithm_name(a)) == a, "the name leads back");
    }
    ok(!otp_algorithm_name(0) && !otp_algorithm_name(4), "no other algorithm has a name");
    ok(otp_algorithm_from("sha1") == 0 && otp_algorithm_from("") == 0 && otp_algorithm_from("MD5") == 0,
       "nor is any found");
}

static void test_base32(void)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "MY"},
                                             {"fo", "MZXQ"},
                                             {"foo", "MZXW6"},
                                             {"foob", "MZXW6YQ"},
                                             {"fooba", "MZXW6YTB"},
                                             {"foobar", "MZXW6YTBOI"},
                                             {"12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}};
    char out[OTP_BASE32_SIZE];
    struct otp otp = {.algorithm = OTP_SHA1};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        if (secret_set(&otp.secret, vectors[i][0], strlen(vectors[i][0])) < 0)
            abort();
        is_int(otp_base32(&otp, out), 0, "base32 of \"%s\"", vectors[i][0]);
        is_str(out, vectors[i][1], "as in RFC 4648");
    }
    otp.secret.len = OTP_SECRET_MAX;
    is_int(otp_base32(&otp, out), 0, "the longest secret");
    is_int(strlen(out), 103, "fits");
    otp.secret.len++;
    is_int(otp_base32(&otp, out), -EINVAL, "a longer one does not");
}

static void test_uri(void)
{
    struct otp otp = factor(OTP_SHA1, 6, 30);
    char uri[OTP_URI_SIZE] = "";
    is_int(otp_uri(&otp, "host.example.org", "ada", uri), 0, "URI");
    is_str(uri,
           "otpauth://totp/host.example.org:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
           "&issuer=host.example.org&algorithm=SHA1&digits=6&period=30",
           "as phones read it");
    otp = factor(OTP_SHA256, 8, 60);
    is_int(otp_uri(&otp, "b\xc3\xbcro & co", "a:d/a?b#%", uri), 0, "with odd names");
    is_str(uri,
           "otpauth://totp/b%C3%BCro%20%26%20co:a%3Ad%2Fa%3Fb%23%25?secret="
           "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
           "&issuer=b%C3%BCro%20%26%20co&algorithm=SHA256&digits=8&period=60",
           "nothing of them gets out of its place");
    otp = factor(OTP_SHA1, 6, 30);
    otp.kind = OTP_HOTP;
    is_int(otp_uri(&otp, "h", "ada", uri), -EINVAL, "no counter has a period");
    otp.period_s = 0;
    is_int(otp_uri(&otp, "h", "ada", uri), 0, "of a counter");
    is_str(uri,
           "otpauth://hotp/h:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
           "&issuer=h&algorithm=SHA1&digits=6&counter=0",
           "which begins at 0");
    char name[1100];
    memset(name, 0xc3, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    is_int(otp_uri(&otp, "h", name, uri), -EMSGSIZE, "names without end are refused");
    name[320] = '\0';
    is_int(otp_uri(&otp, "h", name, uri), -EMSGSIZE, "also when only the whole is too long");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_rfc6238();
    test_rfc4226();
    test_window(30);
    test_window(60);
    test_replay();
    test_tie();
    test_clock();
    test_clear(30);
    test_clear(60);
    test_kinds();
    test_malformed();
    test_unusable();
    test_secret();
    test_base32();
    test_uri();
    return tap_done();
}
