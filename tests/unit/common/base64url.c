/* SPDX-License-Identifier: MIT
 *
 * base64url: the vectors of RFC 4648 section 10 without padding, and one text for each byte string (T2).
 */
#include "base64url.h"

#include <errno.h>
#include <stdbool.h>

#include "tap.h"

static void test_vectors(void)
{
    static const struct {
        const char *bytes, *text;
    } vectors[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
                   {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char text[16];
        unsigned char bytes[16];
        size_t len = strlen(vectors[i].bytes), got = 99;
        ok(base64url_encode(text, sizeof text, (const unsigned char *)vectors[i].bytes, len) == 0 &&
               strcmp(text, vectors[i].text) == 0,
           "encodes to \"%s\"", vectors[i].text);
        ok(base64url_decode(bytes, sizeof bytes, &got, vectors[i].text, strlen(vectors[i].text)) == 0 && got == len &&
               memcmp(bytes, vectors[i].bytes, len) == 0,
           "decodes from \"%s\"", vectors[i].text);
    }
}

static int decode(const char *text, size_t cap)
{
    unsigned char out[16];
    size_t len = 77;
    int r = base64url_decode(out, cap, &len, text, strlen(text));
    return r < 0 && len != 77 ? -1000 : r;
}

static void test_refusals(void)
{
    static const char *const bad[] = {"A",     "AAAAA", "Zg==", "Zm8=", "+/+/",    "Zm 9",
                                      "Zm\n9", "Zh",    "Zm9=", "Zm9",  "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(decode(bad[i], 16), -EINVAL, "text %zu that no bytes have is refused", i);
    unsigned char out[4];
    size_t len = 77;
    is_int(base64url_decode(out, sizeof out, &len, "Zm\0v", 4), -EINVAL, "NUL is no character");
    is_int(decode("Zm9v", 2), -EMSGSIZE, "a byte too small");
    is_int(decode("Zm9v", 3), 0, "just enough");
    char text[6];
    is_int(base64url_encode(text, 5, (const unsigned char *)"foob", 4), -EMSGSIZE, "no room for the text");
    is_int(base64url_encode(text, 6, (const unsigned char *)"foob", 4), -EMSGSIZE, "no room for the NUL");
    is_int(base64url_encode(text, SIZE_MAX, (const unsigned char *)"", SIZE_MAX / 2), -EMSGSIZE,
           "lengths that overflow");
}

/* Every text of four or fewer characters from a sample of bytes: what decodes, encodes to itself. */
static void test_canonical(void)
{
    static const char sample[] = "AQgwBZz09-_+/= \n\x7f";
    bool all = true;
    for (size_t n = 1; n <= 4; n++)
        for (size_t i = 0; i < 65536; i++) {
            char text[5] = {0}, back[8];
            for (size_t j = 0; j < n; j++)
                text[j] = sample[i >> (4 * j) & 15];
            unsigned char bytes[4];
            size_t len;
            if (base64url_decode(bytes, sizeof bytes, &len, text, n) == 0)
                all = all && base64url_encode(back, sizeof back, bytes, len) == 0 && strcmp(back, text) == 0;
        }
    ok(all, "what decodes encodes to the same text");
    for (size_t len = 0; len < 64; len++) {
        unsigned char in[64], out[64];
        char text[90];
        size_t got;
        for (size_t i = 0; i < len; i++)
            in[i] = (unsigned char)(i * 37 + len);
        all = all && base64url_encode(text, (len * 4 + 2) / 3 + 1, in, len) == 0 &&
              base64url_decode(out, len, &got, text, strlen(text)) == 0 && got == len && memcmp(in, out, len) == 0;
    }
    ok(all, "lengths 0 to 63 come back, in the room that the header promises");
}

int main(void)
{
    test_vectors();
    test_refusals();
    test_canonical();
    return tap_done();
}
