/* SPDX-License-Identifier: MIT
 *
 * Foreign JSON is looked at strictly (RFC 8259, depth at most 8).
 */
#include "object.h"

#include <errno.h>

#include "tap.h"

static char seen[256], separator[] = "|";

static void member(void *arg, const char *key, const char *value)
{
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s%s=%s", (const char *)arg, key, value);
}

static void good(const char *json)
{
    is_int(object_walk(json, strlen(json), NULL, NULL), 0, "an object: %s", json);
}

static void bad(const char *json)
{
    is_int(object_walk(json, strlen(json), NULL, NULL), -EBADMSG, "no object: %s", json);
}

static void test_good(void)
{
    static const char *const all[] = {"{}",
                                      " {\n} ",
                                      "{\"a\":1}",
                                      "{\"a\":-0.5e+10, \"b\":[1,2,{}], \"c\":{\"d\":null}}",
                                      "{\"a\":[]}",
                                      "{\"\":\"\"}",
                                      "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00Ff\"}",
                                      "{\"a\":true,\"b\":false}",
                                      "{\"a\":0,\"b\":10,\"c\":1E5}",
                                      "{\"a\":[[[[[[[1]]]]]]]}"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        good(all[i]);
}

static void test_bad(void)
{
    static const char *const all[] = {"",
                                      "{",
                                      "}",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "null",
                                      "{}x",
                                      "{}{}",
                                      "{,}",
                                      "{\"a\":1,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1.}",
                                      "{\"a\":1e}",
                                      "{\"a\":-}",
                                      "{\"a\":tru}",
                                      "{\"a\":nan}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12g4\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"",
                                      "{\"a\":[1}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":[[[[[[[[1]]]]]]]]}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xc0\x80\"}"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        bad(all[i]);
    is_int(object_walk("{\"a\":\"\0\"}", 10, NULL, NULL), -EBADMSG, "a NUL in a string");
    is_int(object_walk("{}", 1, NULL, NULL), -EBADMSG, "no byte past the length is read");
}

static void test_members(void)
{
    const char *json = "{ \"a\" : 1 , \"b\":{\"a\":2}, \"c\":[ 3, 4 ], \"d\\n\":\"x\" }";
    is_int(object_walk(json, strlen(json), member, separator), 0, "an object with members");
    is_str(seen, "|a=1|b={\"a\":2}|c=[ 3, 4 ]|d\\n=\"x\"", "its own members only, as written");
}

int main(void)
{
    test_good();
    test_bad();
    test_members();
    return tap_done();
}
