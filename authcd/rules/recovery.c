/* SPDX-License-Identifier: MIT
 *
 * The form of recovery codes. Sixteen letters, four bits each: without those that people take for others when they copy
 * by hand (i l o u) and those that lie elsewhere on French and German keyboards (a m q w y z), because a code may be
 * typed at a console whose layout is not one's own.
 */
#include "recovery.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const char alphabet[] = "bcdefghjknprstvx";
enum { LETTERS = sizeof alphabet - 1, GROUP = 4, SMALL = 'a' - 'A' };
_Static_assert(LETTERS == 16 && RECOVERY_SIZE == RECOVERY_LETTERS + 1, "four bits a letter");
_Static_assert(RECOVERY_TEXT_SIZE == RECOVERY_SIZE + RECOVERY_LETTERS / GROUP - 1, "'-' between groups");

void recovery_make(char out[RECOVERY_SIZE])
{
    unsigned char random[RECOVERY_LETTERS];
    randombytes_buf(random, sizeof random);
    for (size_t i = 0; i < RECOVERY_LETTERS; i++)
        out[i] = alphabet[random[i] % LETTERS]; /* 16 divides 256: no letter is likelier */
    out[RECOVERY_LETTERS] = '\0';
    sodium_memzero(random, sizeof random);
}

void recovery_text(const char code[RECOVERY_SIZE], char out[RECOVERY_TEXT_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < RECOVERY_LETTERS; i++) {
        if (i > 0 && i % GROUP == 0)
            out[n++] = '-';
        out[n++] = code[i];
    }
    out[n] = '\0';
}

/* Capitals are letters, too. */
static bool is_letter(unsigned char c)
{
    return (c | SMALL) >= 'a' && (c | SMALL) <= 'z';
}

int recovery_read(const struct secret *typed, char out[RECOVERY_SIZE])
{
    char code[RECOVERY_SIZE] = {0};
    size_t n = 0;
    bool good = true;
    for (size_t i = 0; i < typed->len && good; i++) {
        unsigned char c = typed->bytes[i];
        if (c == '-' || c == ' ')
            continue;
        good = n < RECOVERY_LETTERS && is_letter(c);
        if (good)
            code[n++] = (char)(c | SMALL);
    }
    good = good && n == RECOVERY_LETTERS;
    if (good)
        memcpy(out, code, sizeof code);
    sodium_memzero(code, sizeof code);
    return good ? 0 : -EINVAL;
}

bool recovery_is(const struct secret *typed)
{
    char code[RECOVERY_SIZE];
    bool is = recovery_read(typed, code) == 0;
    sodium_memzero(code, sizeof code);
    return is;
}

size_t recovery_tail(const struct secret *typed)
{
    enum { LEN = RECOVERY_TEXT_SIZE - 1 };
    bool good = true;
    if (typed->len <= LEN)
        return 0;
    for (size_t i = 0; i < LEN; i++) {
        unsigned char c = typed->bytes[typed->len - LEN + i];
        good &= i % (GROUP + 1) == GROUP ? c == '-' : is_letter(c);
    }
    return good ? LEN : 0;
}
