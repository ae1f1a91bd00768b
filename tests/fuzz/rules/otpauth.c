/* SPDX-License-Identifier: MIT
 *
 * One-time codes: the input is algorithm, digits, period, time, last step, then three texts that end in NUL: secret,
 * what was typed, and a name for the URI. Only exactly the digits are ever right, and a URI has no character that needs
 * escaping (O4, S8).
 */
#include "otp.h"

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
    if (otp_check(otp, typed, head->now_s, head->last_step, &step) != OTP_RIGHT) {
        if (step != -1)
            abort();
        return;
    }
    if (step <= head->last_step || otp_code(otp, step, code) < 0 || typed->len != otp->digits ||
        memcmp(code, typed->bytes, typed->len) != 0)
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
    if (strncmp(uri, "otpauth://totp/host.example.org:", 32) != 0 || plain != strlen(uri) || strchr(uri + 32, ':'))
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
    next_text(&data, &size, &otp.secret);
    next_text(&data, &size, &typed);
    next_text(&data, &size, &name);
    check_code(&otp, &typed, &head);
    check_uri(&otp, &name);
    return 0;
}
