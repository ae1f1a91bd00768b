/* SPDX-License-Identifier: MIT
 *
 * Randomness from the kernel by libsodium, and the two spellings of it that others need. Secrets are made where they
 * are kept (password, otp, jws); this is for what may be shown. sodium_init() is main's duty.
 */
#include "random.h"

#include <sodium.h>

#include "text.h"

enum { UUID_BYTES = 16, NAME_CHARS_MAX = RANDOM_NAME_SIZE - 1 };

void random_bytes(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void random_uuid(char out[RANDOM_UUID_SIZE])
{
    unsigned char b[UUID_BYTES] = {0};
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)(0x40 | (b[6] & 0x0f)); /* version 4 */
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f)); /* variant 10 */

    char hex[2 * UUID_BYTES + 1];
    text_hex(hex, b, sizeof b);
    const char *from = hex;
    for (size_t i = 0; i < RANDOM_UUID_SIZE - 1; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23)
            out[i] = '-';
        else
            out[i] = *from++;
    out[RANDOM_UUID_SIZE - 1] = '\0';
}

void random_name(char out[RANDOM_NAME_SIZE], size_t chars)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char b[NAME_CHARS_MAX] = {0};
    randombytes_buf(b, sizeof b);

    size_t n = chars < NAME_CHARS_MAX ? chars : NAME_CHARS_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[b[i] & 31]; /* 32 divides 256: no character is likelier */
    out[n] = '\0';
}
