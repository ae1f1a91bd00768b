/* SPDX-License-Identifier: MIT
 *
 * One-time codes, their secrets in base32, their addresses. The input is algorithm, digits, period (0: a HOTP), time,
 * last step, then three texts that end in NUL: secret, what was typed, and a name for the URI. Only exactly the digits
 * are ever right, a secret reads back from its base32, and a URI has no character that needs escaping (O4, S8).
 */
#include "hotp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct head {
    uint8_t algorithm, digits, period;
    int64_t now_s, last_step;
} __attribute__((packed));

static void next_text(const uint8_t **data, size_t *size, struct secret *ret)
{
    const uint8_t *end = memchr(*data, '\0', *size);
    size_t len = end ? (size_t)(end - *data) : *size;
    if (secret_set(ret, *data, len) < 0)
        ret->len = 0;
    *data += len + (end != NULL);
    *size -= len + (end != NULL);
}

static void check_code(const struct otp *otp, const struct secret *typed, const struct head *head)
{
    int64_t step = -1;
    char code[OTP_CODE_SIZE] = "";
    enum otp_result result = otp->kind == OTP_HOTP ? hotp_check(otp, typed, head->last_step, &step)
                                                   : otp_check(otp, typed, head->now_s, head->last_step, &step);
    if (result != OTP_RIGHT) {
        if (step != -1)
            abort();
        return;
    }
    if (step <= head->last_step || otp_code(otp, step, code) < 0 || typed->len != otp->digits ||
        memcmp(code, typed->bytes, typed->len) != 0)
        abort();
}

/* Two codes in a row, both of them in one text: right are only those that are. */
static void check_resync(const struct otp *otp, const struct secret *typed, const struct head *head)
{
    int64_t counter = -1;
    char code[OTP_CODE_SIZE] = "", next[OTP_CODE_SIZE] = "";
    struct secret a = {0}, b = {0};
    size_t half = typed->len / 2;
    if (secret_set(&a, typed->bytes, half) < 0 || secret_set(&b, typed->bytes + half, typed->len - half) < 0 ||
        hotp_resync(otp, &a, &b, head->last_step, &counter) != OTP_RIGHT)
        return;
    if (counter <= head->last_step + 1 || otp_code(otp, counter - 1, code) < 0 || otp_code(otp, counter, next) < 0 ||
        a.len != otp->digits || b.len != otp->digits || memcmp(code, a.bytes, a.len) != 0 ||
        memcmp(next, b.bytes, b.len) != 0)
        abort();
}

/* Read back by hand: RFC 4648 section 6, without padding, and no bit is left over that is not zero. */
static void check_base32(const struct otp *otp)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char text[OTP_BASE32_SIZE];
    size_t n = 0, bits = 0, value = 0;
    if (otp_base32(otp, text) < 0) {
        if (otp->secret.len <= OTP_SECRET_MAX)
            abort();
        return;
    }
    for (const char *c = text; *c != '\0'; c++) {
        const char *digit = strchr(digits, *c);
        if (!digit)
            abort();
        value = (value << 5 | (size_t)(digit - digits)) & 0xffff;
        bits += 5;
        if (bits >= 8 && (n == otp->secret.len || otp->secret.bytes[n++] != (value >> (bits -= 8) & 0xff)))
            abort();
    }
    if (n != otp->secret.len || (value & ((1u << bits) - 1)) != 0)
        abort();
}

static void check_uri(const struct otp *otp, const struct secret *name)
{
    char text[SECRET_MAX + 1], uri[OTP_URI_SIZE];
    memcpy(text, name->bytes, name->len);
    text[name->len] = '\0';
    if (otp_uri(otp, "host.example.org", text, uri) < 0)
        return;
    size_t plain = strspn(uri, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?=&%");
    const char *begin = otp->kind == OTP_HOTP ? "otpauth://hotp/host.example.org:" : "otpauth://totp/host.example.org:";
    if (strncmp(uri, begin, 32) != 0 || plain != strlen(uri) || strchr(uri + 32, ':'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head head;
    struct secret typed = {0}, name = {0};
    struct otp otp = {.algorithm = OTP_SHA1};
    if (size < sizeof head)
        return 0;
    memcpy(&head, data, sizeof head);
    data += sizeof head;
    size -= sizeof head;
    otp.algorithm = head.algorithm;
    otp.digits = head.digits;
    otp.period_s = head.period;
    otp.kind = head.period == 0 ? OTP_HOTP : OTP_TOTP;
    next_text(&data, &size, &otp.secret);
    next_text(&data, &size, &typed);
    next_text(&data, &size, &name);
    check_code(&otp, &typed, &head);
    if (head.algorithm == OTP_SHA1) /* a thousand hashes: the others are no different, only slower */
        check_resync(&otp, &typed, &head);
    check_base32(&otp);
    check_uri(&otp, &name);
    return 0;
}
