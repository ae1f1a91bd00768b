/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a name, a word and a text to show: what is taken is UTF-8 that hides nothing; what is shown has no
 * control character, says for each byte of the text what it was, and is cut at whole characters only (M4, A2, S8).
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A control character of C0, DEL, or C1 (two bytes in UTF-8), if text is UTF-8. */
static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f || ((unsigned char)*s == 0xc2 && (unsigned char)s[1] < 0xa0))
            return true;
    return false;
}

static void check_name(const char *s, size_t len)
{
    bool name = text_is_account_name(s), word = text_is_word(s, 64);
    if (name && (len == 0 || len > 256 || !text_is_utf8(s, len) || has_control(s) || strpbrk(s, "/: \t\n") ||
                 strchr("-+", s[0]) || strcmp(s, ".") == 0 || strcmp(s, "..") == 0))
        abort();
    if (word && (!name || len > 64))
        abort();
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    if (c == '\0' || !at)
        abort();
    return (int)(at - digits);
}

/* What text_printable wrote, read back: there is one reading, and it is the text. Returns how much of it was shown. */
static size_t read_back(const char *shown, const char *s)
{
    size_t n = 0;
    for (; *shown != '\0'; shown++, n++) {
        int c = (unsigned char)*shown;
        if (shown[0] == '\\' && shown[1] == '\\')
            shown++;
        else if (shown[0] == '\\') {
            if (shown[1] != 'x')
                abort();
            c = digit(shown[2]) * 16 + digit(shown[3]);
            shown += 3;
        }
        if (c != (unsigned char)s[n])
            abort();
    }
    return n;
}

static void check_shown(const char *s, size_t len, size_t cap)
{
    char *out = malloc(cap); /* of exactly that size: the sanitizer sees a byte too far */
    if (!out)
        return;
    size_t used = text_printable(out, cap, s);
    if (used >= cap || out[used] != '\0' || strlen(out) != used || !text_is_utf8(out, used) || has_control(out))
        abort();
    size_t n = read_back(out, s);
    if (n < len && used + 17 <= cap) /* nothing that stands for one character is longer */
        abort();
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t cap = (size_t)data[0] + 1;
    char *s = strndup((const char *)data + 1, size - 1);
    if (!s)
        return 0;
    size_t len = strlen(s);
    check_name(s, len);
    check_shown(s, len, cap);
    check_shown(s, len, 4 * len + 1);
    free(s);
    return 0;
}
