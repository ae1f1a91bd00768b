/* SPDX-License-Identifier: MIT
 *
 * The JSON reader takes exactly what a JOSE header or a set of claims may be, and refuses floats, negatives spelt
 * oddly, duplicate keys, depth > 8, > 8 KiB and whatever other readers argue about (T2).
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>

#include "tap.h"
#include "text.h"

/* For the names of checks, which are lines. */
static const char *shown(const char *text)
{
    static char line[512];
    text_printable(line, sizeof line, text);
    return line;
}

static int parse(const char *text)
{
    struct json_object o;
    return json_parse(text, strlen(text), &o);
}

static void test_accepts(void)
{
    static const char *const good[] = {
        "{}",
        " \t\r\n{ \"a\" : 1 , \"b\" : \"x\" } \n",
        "{\"a\":true,\"b\":false,\"c\":null,\"d\":[],\"e\":{},\"f\":[1,[2],{\"a\":\"b\"}]}",
        "{\"a\":0,\"b\":-1,\"c\":9223372036854775807,\"d\":-9223372036854775808}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
        "{\"\":\"\"}",
        "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\x7f\"}",
        "{\"a\":{\"x\":1},\"b\":{\"x\":2}}",
        "{\"a\":[[[[[[[]]]]]]]}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        is_int(parse(good[i]), 0, "taken: %s", shown(good[i]));
}

static void test_refuses(void)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "\"a\"",
        "1",
        "null",
        "{}{}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1}}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":nullx}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"x\":1,\"x\":2}}",
        "{\"a\":[{\"x\":1,\"x\":2}]}",
        "{\"\\u0061\":1}",
        "{\"a\":1.0}",
        "{\"a\":1e3}",
        "{\"a\":1E3}",
        "{\"a\":.5}",
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":-01}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":00}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":9223372036854775808}",
        "{\"a\":-9223372036854775809}",
        "{\"a\":99999999999999999999999999}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\x1f\"}",
        "{\"a\":\"x}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\ud800x\"}",
        "{\"a\":\"\\U0041\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "\xef\xbb\xbf{}",
        "{\"a\":/**/1}",
        "{\"a\":\"\\ud800\\",
        "{\"a\":[[[[[[[[]]]]]]]]}",
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(parse(bad[i]), -EBADMSG, "refused: %s", shown(bad[i]));
    struct json_object o = {.n = 77};
    is_int(json_parse("{\"a\":\"\0\"}", 9, &o), -EBADMSG, "refused: NUL in a string");
    is_int(json_parse("{}\0", 3, &o), -EBADMSG, "refused: NUL after the object");
    is_int(o.n, 77, "what is refused leaves the result alone");
}

static void test_sizes(void)
{
    static char text[JSON_TEXT_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "{}", 2);
    struct json_object o;
    is_int(json_parse(text, JSON_TEXT_MAX, &o), 0, "8 KiB are read");
    is_int(json_parse(text, JSON_TEXT_MAX + 1, &o), -EBADMSG, "one byte more is refused");

    size_t n = 0;
    for (int i = 0; i <= JSON_MEMBERS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%c\"m%d\":1", i ? ',' : '{', i);
    strcpy(text + n, "}");
    is_int(parse(text), -EBADMSG, "33 members are refused");
    *strrchr(text, ',') = '}';
    strrchr(text, '}')[0] = '\0';
    *strrchr(text, '}') = '\0';
    strcat(text, "}");
    is_int(parse(text), 0, "32 are read");

    memset(text, '[', JSON_TEXT_MAX);
    memcpy(text, "{\"a\":", 5);
    is_int(json_parse(text, JSON_TEXT_MAX, &o), -EBADMSG, "8,000 brackets do not run the stack out");
}

/* Each prefix in a buffer of exactly its size: ASan sees a byte read too far. */
static void test_truncations(void)
{
    static const char whole[] = "{\"a\":\"\\u00e9\\ud83d\\ude00\",\"b\":[1,{\"c\":true}],\"d\":-12,\"e\":null}";
    struct json_object o;
    int taken = 0;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *copy = malloc(n + !n);
        if (!copy)
            return;
        memcpy(copy, whole, n);
        taken += json_parse(copy, n, &o) == 0;
        free(copy);
    }
    is_int(taken, 0, "no prefix of an object is an object");
    is_int(parse(whole), 0, "the whole is");
}

static const char example[] =
    "{\"s\":\"a\\u00e9\\ud83d\\ude00\\n\",\"i\":-42,\"w\":[ \"pwd\" , \"otp\" ],\"e\":[],\"o\":{\"x\":[1]},"
    "\"n\":[1],\"sp\":[\"a b\"],\"em\":[\"\"],\"mix\":[\"a\",1],\"esc\":[\"a\\u0020b\"],\"t\":true}";

static void test_values(void)
{
    struct json_object o;
    char out[64];
    int64_t i = 0;
    is_int(json_parse(example, strlen(example), &o), 0, "example");
    ok(!json_get(&o, "absent") && !json_get(&o, "") && !json_get(&o, "ss"), "no member, no answer");
    is_int(json_string(json_get(&o, "s"), out, sizeof out), 0, "string");
    is_str(out, "a\xc3\xa9\xf0\x9f\x98\x80\n", "with its escapes undone");
    is_int(json_string(json_get(&o, "s"), out, 9), 0, "fits exactly");
    is_int(json_string(json_get(&o, "s"), out, 8), -EMSGSIZE, "never cut");
    is_int(json_string(json_get(&o, "s"), out, 0), -EMSGSIZE, "no room at all");
    is_int(json_string(json_get(&o, "i"), out, sizeof out), -EBADMSG, "a number is no string");
    is_int(json_integer(json_get(&o, "i"), &i), 0, "integer");
    is_int(i, -42, "its value");
    is_int(json_integer(json_get(&o, "s"), &i), -EBADMSG, "a string is no integer");
    is_int(json_integer(json_get(&o, "t"), &i), -EBADMSG, "true is no integer");
    is_int(i, -42, "a failure leaves the result alone");
    const struct json_member *nested = json_get(&o, "o");
    ok(nested->type == JSON_OBJECT && nested->value_len == 9 && memcmp(nested->value, "{\"x\":[1]}", 9) == 0,
       "a nested object is kept as it is written");
}

static void test_words(void)
{
    struct json_object o;
    char out[64];
    static const char *const bad[] = {"s", "i", "o", "n", "sp", "em", "mix", "esc"};
    is_int(json_parse(example, strlen(example), &o), 0, "example");
    is_int(json_words(json_get(&o, "w"), out, sizeof out), 0, "words");
    is_str(out, "pwd otp", "joined");
    is_int(json_words(json_get(&o, "w"), out, 8), 0, "fit exactly");
    is_int(json_words(json_get(&o, "w"), out, 7), -EMSGSIZE, "never cut");
    is_int(json_words(json_get(&o, "w"), out, 4), -EMSGSIZE, "nor at a separator");
    is_int(json_words(json_get(&o, "e"), out, sizeof out), 0, "none");
    is_str(out, "", "are the empty text");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(json_words(json_get(&o, bad[i]), out, sizeof out), -EBADMSG, "no words: %s", bad[i]);
}

static void test_quote(void)
{
    char out[64] = "", back[64];
    size_t pos = 0;
    is_int(json_quote(out, sizeof out, &pos, "a\"\\\n\x01\xc3\xa9/"), 0, "quotes");
    is_str(out, "\"a\\u0022\\u005c\\u000a\\u0001\xc3\xa9/\"", "what must be escaped, and nothing else");
    is_int(pos, strlen(out), "position");
    struct json_member m = {.type = JSON_STRING, .value = out + 1, .value_len = pos - 2};
    is_int(json_string(&m, back, sizeof back), 0, "reads back");
    is_str(back, "a\"\\\n\x01\xc3\xa9/", "as it was");
    char small[6] = "";
    pos = 0;
    is_int(json_quote(small, sizeof small, &pos, "abc"), 0, "fits exactly");
    pos = 0;
    is_int(json_quote(small, sizeof small, &pos, "abcd"), -EMSGSIZE, "one more does not");
    ok(strlen(small) < sizeof small, "and leaves it terminated");
}

int main(void)
{
    test_accepts();
    test_refuses();
    test_sizes();
    test_truncations();
    test_values();
    test_words();
    test_quote();
    return tap_done();
}
