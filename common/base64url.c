/* SPDX-License-Identifier: MIT
 *
 * base64url without padding. Decoding is strict so that one byte string has one text: a token whose last character was
 * changed in its unused bits must not pass for the same token. Alphabet by comparison, not by table.
 */
#include "base64url.h"

#include <errno.h>
#include <stdint.h>

static char digit(uint32_t v)
{
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[v & 63];
}

static int value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64url_encode(char *out, size_t cap, const unsigned char *bytes, size_t len)
{
    if (len > (SIZE_MAX - 2) / 4 || cap < (len * 4 + 2) / 3 + 1)
        return -EMSGSIZE;
    uint32_t bits = 0; /* the lowest n_bits are still to be written */
    unsigned n_bits = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        n_bits += 8;
        for (; n_bits >= 6; n_bits -= 6)
            *out++ = digit(bits >> (n_bits - 6));
    }
    if (n_bits > 0)
        *out++ = digit(bits << (6 - n_bits));
    *out = '\0';
    return 0;
}

int base64url_decode(unsigned char *out, size_t cap, size_t *ret_len, const char *text, size_t len)
{
    if (len % 4 == 1)
        return -EINVAL;
    for (size_t i = 0; i < len; i++)
        if (value(text[i]) < 0)
            return -EINVAL;
    size_t needed = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
    if (cap < needed)
        return -EMSGSIZE;
    unsigned spare = len % 4 == 2 ? 0xf : len % 4 == 3 ? 0x3 : 0; /* bits of the last character that carry nothing */
    if (len > 0 && ((unsigned)value(text[len - 1]) & spare) != 0)
        return -EINVAL;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 6 | (uint32_t)value(text[i]);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            *out++ = (unsigned char)(bits >> n_bits);
        }
    }
    *ret_len = needed;
    return 0;
}
