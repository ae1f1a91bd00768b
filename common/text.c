/* SPDX-License-Identifier: MIT
 *
 * Text from outside. UTF-8 is read by hand: iswprint and mbrtowc would answer by the locale of whatever process we are
 * loaded into. No normalisation: two spellings of a name are two names, and only one of them has an account.
 */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Length of the character at s (RFC 3629), 0 if there is none; its code point in *ret. */
static size_t character(const unsigned char *s, size_t len, uint32_t *ret)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    size_t n = 0;
    while (n < 4 && (len == 0 || (s[0] & forms[n].mask) != forms[n].lead))
        n++;
    if (n == 4 || n + 1 > len)
        return 0;
    uint32_t c = s[0] & (unsigned char)~forms[n].mask;
    for (size_t i = 1; i <= n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n + 1;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Characters that show nothing themselves and change how others are shown: what is printed would not be what is there.
 */
static bool is_invisible(uint32_t c)
{
    return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/* Unicode's White_Space, without the controls. */
static bool is_space(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

bool text_is_utf8(const char *s, size_t len)
{
    const unsigned char *at = (const unsigned char *)s;
    for (size_t n; len > 0; at += n, len -= n) {
        uint32_t c;
        n = character(at, len, &c);
        if (n == 0 || c == 0)
            return false;
    }
    return true;
}

bool text_is_account_name(const char *s)
{
    const unsigned char *at = (const unsigned char *)s;
    size_t len = strnlen(s, 257);
    if (len == 0 || len > 256 || strcmp(s, ".") == 0 || strcmp(s, "..") == 0 || s[0] == '-' || s[0] == '+')
        return false;
    for (size_t n; len > 0; at += n, len -= n) {
        uint32_t c;
        n = character(at, len, &c);
        if (n == 0 || is_control(c) || is_invisible(c) || is_space(c) || c == '/' || c == ':')
            return false;
    }
    return true;
}

bool text_is_word(const char *s, size_t max)
{
    size_t len = strnlen(s, max + 1);
    if (len == 0 || len > max || s[0] == '-' || s[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return true;
}

/* One character of s, or one bad byte, as it may be shown; returns how many bytes of s that was. */
static size_t show(char shown[32], const unsigned char *s, size_t len, size_t *ret_shown)
{
    uint32_t c = 0;
    size_t n = character(s, len, &c), used = 0;
    if (n > 0 && !is_control(c) && !is_invisible(c)) {
        if (c == '\\')
            shown[used++] = '\\';
        memcpy(shown + used, s, n);
        *ret_shown = used + n;
        return n;
    }
    if (n == 0)
        n = 1;
    for (size_t i = 0; i < n; i++, used += 4) {
        memcpy(shown + used, "\\x", 2);
        text_hex(shown + used + 2, s + i, 1);
    }
    *ret_shown = used;
    return n;
}

size_t text_printable(char *out, size_t cap, const char *s)
{
    const unsigned char *at = (const unsigned char *)s;
    size_t len = strlen(s), used = 0;
    if (cap == 0)
        return 0;
    while (len > 0) {
        char shown[32];
        size_t n_shown, n = show(shown, at, len, &n_shown);
        if (n_shown > cap - 1 - used)
            break;
        memcpy(out + used, shown, n_shown);
        used += n_shown;
        at += n;
        len -= n;
    }
    out[used] = '\0';
    return used;
}

int text_format(char *out, size_t cap, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(out, cap, format, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < cap)
        return 0;
    if (cap > 0)
        out[0] = '\0';
    return -EMSGSIZE;
}

void text_cut(char *out, size_t cap, const char *format, va_list ap)
{
    out[0] = '\0';
    int n = vsnprintf(out, cap, format, ap);
    if (n < 0 || (size_t)n < cap)
        return;
    size_t last = cap - 1; /* where the last character begins */
    while (last > 0 && ((unsigned char)out[--last] & 0xc0) == 0x80)
        ;
    if (!text_is_utf8(out + last, cap - 1 - last))
        out[last] = '\0';
}

__attribute__((format(printf, 3, 4))) static size_t cut_copy(char *out, size_t cap, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_cut(out, cap, format, ap);
    va_end(ap);
    return strlen(out);
}

void text_append(char *out, size_t cap, const char *separator, const char *format, ...)
{
    size_t len = strnlen(out, cap - 1);
    va_list ap;
    if (len > 0)
        len += cut_copy(out + len, cap - len, "%s", separator);
    va_start(ap, format);
    text_cut(out + len, cap - len, format, ap);
    va_end(ap);
}

int text_copy(char *out, size_t cap, const char *s)
{
    size_t len = strlen(s);
    if (len < cap) {
        memcpy(out, s, len + 1);
        return 0;
    }
    if (cap > 0)
        out[0] = '\0';
    return -EMSGSIZE;
}

int text_to_u64(const char *s, uint64_t max, uint64_t *ret)
{
    if (s[0] == '\0' || (s[0] == '0' && s[1] != '\0'))
        return -EINVAL;
    uint64_t v = 0;
    bool over = false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return -EINVAL;
        uint64_t d = (uint64_t)(*s - '0');
        over = over || v > (UINT64_MAX - d) / 10;
        v = v * 10 + d;
    }
    if (over || v > max)
        return -ERANGE;
    *ret = v;
    return 0;
}

void text_hex(char *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
