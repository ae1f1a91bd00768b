/* SPDX-License-Identifier: MIT
 *
 * Text from outside: UTF-8 by RFC 3629, which names an account may have, and a terminal that is not obeyed (M4, A2).
 */
#include "text.h"

#include <errno.h>

#include "tap.h"

#define UTF8(literal) text_is_utf8(literal, sizeof literal - 1)

static void test_utf8(void)
{
    ok(UTF8("") && UTF8("ada") && UTF8("\x01\x7f"), "ASCII, controls too");
    ok(UTF8("\xc2\x80") && UTF8("\xdf\xbf") && UTF8("\xe0\xa0\x80") && UTF8("\xef\xbf\xbf") &&
           UTF8("\xf0\x90\x80\x80") && UTF8("\xf4\x8f\xbf\xbf") && UTF8("\xed\x9f\xbf") && UTF8("\xee\x80\x80"),
       "first and last of each length");
    ok(!UTF8("a\0b"), "no NUL");
    ok(!UTF8("\xc0\x80") && !UTF8("\xc1\xbf") && !UTF8("\xe0\x9f\xbf") && !UTF8("\xf0\x8f\xbf\xbf"),
       "no overlong forms");
    ok(!UTF8("\xed\xa0\x80") && !UTF8("\xed\xbf\xbf"), "no surrogates");
    ok(!UTF8("\xf4\x90\x80\x80") && !UTF8("\xf8\x88\x80\x80\x80") && !UTF8("\xff"), "nothing above U+10FFFF");
    ok(!UTF8("\x80") && !UTF8("a\xbf") && !UTF8("\xc3") && !UTF8("\xe2\x82") && !UTF8("\xf0\x90\x80") &&
           !UTF8("\xc3\x28"),
       "no stray, cut or broken sequences");
}

static void test_names(void)
{
    static const char *const good[] = {
        "a", "ada", "_apt", "systemd-network", "a.b", "...", "ada@example.org", "user$", "\xc3\xa9milie", "0", "a+b"};
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "-ada",
                                      "+ada",
                                      "a/b",
                                      "a:b",
                                      "a b",
                                      "a\tb",
                                      "a\nb",
                                      "a\x7f",
                                      "a\x1b[m",
                                      "\xc2\x85",
                                      "a\xc2\xa0z",
                                      "\xe2\x80\x83",
                                      "\xe3\x80\x80",
                                      "a\xe2\x80\xa8",
                                      "a\xff",
                                      "\xc3",
                                      "a\x01",
                                      "a\xe2\x80\xae",
                                      ("\xe2\x80\x8b"
                                       "a"),
                                      "a\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(text_is_account_name(good[i]), "\"%s\" is a name", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char shown[64];
        text_printable(shown, sizeof shown, bad[i]);
        ok(!text_is_account_name(bad[i]), "\"%s\" is none", shown);
    }
    char name[258];
    memset(name, 'a', 257);
    name[257] = '\0';
    ok(!text_is_account_name(name), "257 bytes are too many");
    name[256] = '\0';
    ok(text_is_account_name(name), "256 are not");
}

static void test_words(void)
{
    ok(text_is_word("sshd", 64) && text_is_word("sudo-i", 64) && text_is_word("A.b_C-9", 64) && text_is_word("_x", 2),
       "words");
    ok(!text_is_word("", 64) && !text_is_word("-x", 64) && !text_is_word(".x", 64) && !text_is_word("a b", 64) &&
           !text_is_word("a/b", 64) && !text_is_word("\xc3\xa9", 64) && !text_is_word("a\n", 64) &&
           !text_is_word("*", 64),
       "no words");
    ok(text_is_word("abcd", 4) && !text_is_word("abcde", 4), "not longer than max");
}

static void shows(const char *s, size_t cap, const char *want)
{
    char out[64];
    memset(out, '#', sizeof out);
    size_t n = text_printable(out, cap, s);
    is_str(out, want, "shown as %s in %zu bytes", want, cap);
    ok(n == strlen(want) && out[n + 1] == '#', "and no byte more");
}

static void test_printable(void)
{
    shows("ada", 60, "ada");
    shows("\xc3\xa9", 60, "\xc3\xa9");
    shows("a\nPRIORITY=0", 60, "a\\x0aPRIORITY=0");
    shows("\x1b[31m\x7f", 60, "\\x1b[31m\\x7f");
    shows("\xc2\x9b", 60, "\\xc2\\x9b");
    shows("\\x0a", 60, "\\\\x0a");
    shows("a\xe2\x80\xae"
          "b",
          60, "a\\xe2\\x80\\xaeb");
    shows("\xe2\x80\xa8", 60, "\\xe2\\x80\\xa8");
    shows("\xff\xc3", 60, "\\xff\\xc3");
    shows("ab\n", 6, "ab");
    shows("ab\n", 7, "ab\\x0a");
    shows("a\xc3\xa9", 3, "a");
    shows("a\xc3\xa9", 4, "a\xc3\xa9");
    shows("abc", 1, "");
    is_int(text_printable(NULL, 0, "abc"), 0, "no room at all");
}

static void test_copy(void)
{
    char out[4] = "xyz";
    ok(text_copy(out, sizeof out, "abc") == 0 && strcmp(out, "abc") == 0, "copies what fits");
    ok(text_copy(out, sizeof out, "abcd") == -EMSGSIZE && out[0] == '\0', "nothing of what does not");
    is_int(text_copy(NULL, 0, ""), -EMSGSIZE, "not even a NUL into no room");
    ok(text_format(out, sizeof out, "%d", 123) == 0 && strcmp(out, "123") == 0, "formats what fits");
    ok(text_format(out, sizeof out, "%d", 1234) == -EMSGSIZE && out[0] == '\0', "nothing of what does not");
    is_int(text_format(NULL, 0, "x"), -EMSGSIZE, "nor into no room");
    char hex[9];
    text_hex(hex, (const unsigned char *)"\x00\x9f\xff\x10", 4);
    is_str(hex, "009fff10", "hexadecimal");
}

__attribute__((format(printf, 3, 4))) static void cut(char *out, size_t cap, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_cut(out, cap, format, ap);
    va_end(ap);
}

static void test_cut(void)
{
    char out[8];
    cut(out, 6, "%s", "12345");
    is_str(out, "12345", "what fits is whole");
    cut(out, 5, "%s", "12345");
    is_str(out, "1234", "what does not is cut");
    cut(out, 5, "%s", "123\xc3\xa9");
    is_str(out, "123", "before a character of two bytes");
    cut(out, 6, "%s", "123\xc3\xa9x");
    is_str(out, "123\xc3\xa9", "or behind it");
    cut(out, 6, "%s", "12\xf0\x90\x80\x80");
    is_str(out, "12", "or before one of four");
    cut(out, 3, "%s", "\xe2\x82\xac");
    is_str(out, "", "even if nothing is left");
    cut(out, 1, "%s", "abc");
    is_str(out, "", "or there was no room");
}

static int number(const char *s, uint64_t max, uint64_t *ret)
{
    *ret = 4711;
    return text_to_u64(s, max, ret);
}

static void test_append(void)
{
    char out[12] = "";

    text_append(out, sizeof out, ", ", "%d", 1);
    is_str(out, "1", "the first of a list");
    text_append(out, sizeof out, ", ", "%s", "two");
    is_str(out, "1, two", "the second");
    text_append(out, sizeof out, ", ", "%s", "2\xc3\xa4\xc3\xa4");
    is_str(out, "1, two, 2\xc3\xa4", "what does not fit is cut at a character");
    text_append(out, sizeof out, ", ", "more");
    is_str(out, "1, two, 2\xc3\xa4", "and nothing comes after that");
    char one[1] = "";
    text_append(one, sizeof one, ", ", "x");
    is_str(one, "", "no room at all");
}

static void test_numbers(void)
{
    static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "01", "00", "0x1", "1e3", "1.0", "\xd9\xa1"};
    uint64_t v;
    ok(number("0", 9, &v) == 0 && v == 0, "0");
    ok(number("18446744073709551615", UINT64_MAX, &v) == 0 && v == UINT64_MAX, "the largest");
    ok(number("300", 300, &v) == 0 && v == 300 && number("301", 300, &v) == -ERANGE && v == 4711, "up to max");
    ok(number("18446744073709551616", UINT64_MAX, &v) == -ERANGE && v == 4711, "one more than the largest");
    ok(number("99999999999999999999999", UINT64_MAX, &v) == -ERANGE &&
           number("99999999999999999999999x", 9, &v) == -EINVAL,
       "far more");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(number(bad[i], UINT64_MAX, &v) == -EINVAL && v == 4711, "\"%s\" is no number", bad[i]);
}

int main(void)
{
    test_utf8();
    test_names();
    test_words();
    test_printable();
    test_copy();
    test_cut();
    test_append();
    test_numbers();
    return tap_done();
}
