/* SPDX-License-Identifier: MIT
 *
 * Recovery codes: 80 bits that no one-time code is mistaken for, read as people copy them (the rule's part of O6).
 */
#include "recovery.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static struct secret typed(const char *text)
{
    struct secret s = {0};
    if (secret_set(&s, text, strlen(text)) < 0)
        abort();
    return s;
}

static int reads(const char *text, char out[RECOVERY_SIZE])
{
    struct secret s = typed(text);
    int error = recovery_read(&s, out);
    if (recovery_is(&s) != (error == 0))
        printf("# recovery_is disagrees on \"%s\"\n", text);
    return recovery_is(&s) == (error == 0) ? error : -EIO;
}

static void test_make(void)
{
    enum { N = 500 };
    static char codes[N][RECOVERY_SIZE];
    size_t seen[128] = {0}, letters = 0, twice = 0;
    bool odd = false, even = true;
    for (size_t i = 0; i < N; i++) {
        recovery_make(codes[i]);
        odd = odd || strlen(codes[i]) != RECOVERY_LETTERS || strcspn(codes[i], "ilouamqwyz") != RECOVERY_LETTERS;
        for (size_t k = 0; k < RECOVERY_LETTERS; k++)
            seen[codes[i][k] & 127]++;
        for (size_t k = 0; k < i; k++)
            twice += strcmp(codes[i], codes[k]) == 0;
    }
    for (size_t c = 0; c < 128; c++) {
        letters += seen[c] > 0 && islower((int)c);
        odd = odd || (seen[c] > 0 && !islower((int)c));
        even = even && (seen[c] == 0 || (seen[c] > 450 && seen[c] < 800)); /* of 10,000 in 16: 625, and 7 deviations */
    }
    ok(!odd, "letters only, none that is taken for another");
    ok(letters == 16 && even && RECOVERY_LETTERS * 4 >= 80, "20 of 16 letters, all as likely: 80 bits");
    is_int(twice, 0, "never the same twice");
}

static void test_text(void)
{
    char text[RECOVERY_TEXT_SIZE], back[RECOVERY_SIZE], code[RECOVERY_SIZE];
    recovery_text("bcdefghjknprstvxbcde", text);
    is_str(text, "bcde-fghj-knpr-stvx-bcde", "printed in groups");
    bool same = true;
    for (int i = 0; i < 100; i++) {
        recovery_make(code);
        recovery_text(code, text);
        same = same && reads(text, back) == 0 && strcmp(back, code) == 0;
    }
    ok(same, "and read back");
}

static void test_read(void)
{
    static const char *const good[] = {
        "bcdefghjknprstvxbcde",
        "BCDE-FGHJ-KNPR-STVX-BCDE",
        "bcde fghj knpr stvx bcde",
        "  bcde-fghj knprstvx bCDe ",
        "b-c-d-e-f-g-h-j-k-n-p-r-s-t-v-x-b-c-d-e",
    };
    static const char *const bad[] = {
        "",
        "-",
        "bcdefghjknprstvxbcd",
        "bcdefghjknprstvxbcdef",
        "bcdefghjknprstvxbcd1",
        "12345678901234567890",
        "123456",
        "bcde_fghj_knpr_stvx_bcde",
        "bcde\tfghj knpr stvx bcde",
        "bcdefghjknprstvxbcd\xc3\xa9",
        "bcdefghjknprstvxbcd[",
        "bcdefghjknprstvxbcd@",
        "bcdefghjknprstvxbcd`",
        "bcdefghjknprstvxbcd{",
        "bcdefghjknprstvxbcd\n",
        "bcdefghjknprstvxbcde\n",
        "\b\n\r\177INCORRECT\b\n\r\177INCO",
    };
    char code[RECOVERY_SIZE] = "as it was";
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        is_int(reads(good[i], code), 0, "read: \"%s\"", good[i]);
        is_str(code, "bcdefghjknprstvxbcde", "as the same code");
    }
    strcpy(code, "as it was");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(reads(bad[i], code), -EINVAL, "no code: number %zu", i);
    is_int(reads("ilou amqw yzil ouam qwyz", code), 0, "letters that no code has are a code mistyped");
    strcpy(code, "as it was");
    struct secret s = typed("bcdefghjknprstvxbcde");
    s.bytes[7] = '\0';
    is_int(recovery_read(&s, code), -EINVAL, "no code: a NUL in it");
    memset(s.bytes, 'b', sizeof s.bytes);
    s.len = sizeof s.bytes;
    is_int(recovery_read(&s, code), -EINVAL, "no code: as long as an answer can be");
    is_str(code, "as it was", "untouched on failure");
}

static size_t tail(const char *text)
{
    struct secret s = typed(text);
    return recovery_tail(&s);
}

/* Behind a password, for clients that can answer one prompt only. */
static void test_tail(void)
{
    static const char *const none[] = {
        "",
        "bcde-fghj-knpr-stvx-bcde",
        "xbcdefghjknprstvxbcde",
        "xbcde fghj knpr stvx bcde",
        "xbcde-fghj-knpr-stvx-bcde ",
        "xbcde-fghj-knpr-stvx-bcd1",
        "xbcd1-fghj-knpr-stvx-bcde",
        "xbcdef-ghj-knpr-stvx-bcde",
        "x-cde-fghj-knpr-stvx-bcde",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        is_int(tail(none[i]), 0, "none: \"%s\"", none[i]);
    is_int(tail("xbcde-fghj-knpr-stvx-bcde"), 24, "behind a letter");
    is_int(tail("pass phrase-BCDE-fghj-KNPR-stvx-bcde"), 24, "behind a '-', in capitals or not");
    struct secret s = typed("x"), code = {0};
    memset(s.bytes, 'b', sizeof s.bytes);
    s.len = sizeof s.bytes;
    is_int(recovery_tail(&s), 0, "not in the longest answer");
    for (size_t i = 4; i < 24; i += 5)
        s.bytes[sizeof s.bytes - 24 + i] = '-';
    is_int(recovery_tail(&s), 24, "at its very end");
    ok(secret_set(&code, s.bytes + s.len - 24, 24) == 0 && recovery_is(&code), "it is one");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_make();
    test_text();
    test_read();
    test_tail();
    return tap_done();
}
