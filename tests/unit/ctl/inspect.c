/* SPDX-License-Identifier: MIT
 *
 * A token is taken apart for reading, never believed, and may be hostile (A2, C5).
 */
#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base64url.h"
#include "object.h"
#include "tap.h"

static char *text;
static size_t len;

static int inspect(const char *token, bool json)
{
    free(text);
    text = NULL;
    FILE *out = open_memstream(&text, &len);
    int error = inspect_token(out, token, json);
    fclose(out);
    return error;
}

static int inspect_parts(const char *header, const char *claims, const char *rest, bool json)
{
    char token[8193], a[4096], b[4096];

    if (base64url_encode(a, sizeof a, (const unsigned char *)header, strlen(header)) < 0 ||
        base64url_encode(b, sizeof b, (const unsigned char *)claims, strlen(claims)) < 0)
        return -EMSGSIZE;
    snprintf(token, sizeof token, "%s.%s%s", a, b, rest);
    return inspect(token, json);
}

static void test_people(void)
{
    is_int(inspect_parts("{\"alg\":\"ES256\"}", "{\"sub\":\"x\",\"exp\":1763726400}", ".AAAA", false), 0, "a token");
    is_str(text,
           "header\n"
           "  alg                 \"ES256\"\n"
           "claims\n"
           "  sub                 \"x\"\n"
           "  exp                 1763726400 (2025-11-21 12:00:00)\n",
           "header, claims, and times that people can read");
    is_int(inspect_parts("{}",
                         "{\"a\":\"\xc2\x9b"
                         "31m\",\"exp\":-1}",
                         ".AAAA", false),
           0, "a hostile one");
    ok(strstr(text, "\xc2\x9b") == NULL, "steers no terminal");
}

static void test_json(void)
{
    is_int(inspect_parts("{\"alg\":\"none\"}",
                         "{\n \"a\":\"\xc2\x9b"
                         "31m\x7f\"}",
                         ".", true),
           0, "alg none, an empty signature");
    is_str(text, "{\"verified\": false, \"header\": {\"alg\":\"none\"}, \"claims\": {  \"a\":\"\\u009b31m\\u007f\"}}\n",
           "is shown as not verified");
    is_int(object_walk(text, len, NULL, NULL), 0, "as JSON");
}

static void test_refused(void)
{
    static const char *const tokens[] = {"",
                                         ".",
                                         "..",
                                         "e30",
                                         "e30.",
                                         "e30.e30",
                                         "e30.e30.AA.AA",
                                         "e30.e30.A",
                                         "e30.e30.AA=",
                                         "e30=.e30.AA",
                                         "e31.e30.AA",
                                         "e3.e30.AA",
                                         ".e30.AA",
                                         "e30..AA",
                                         "e30.e30.A A",
                                         "W10.e30.AA",
                                         "e30.MQ.AA"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        is_int(inspect(tokens[i], false), -EBADMSG, "no token: \"%s\"", tokens[i]);
        is_int(len, 0, "and nothing is shown");
    }
    char nul[64];
    is_int(base64url_encode(nul, sizeof nul, (const unsigned char *)"{}\0{}", 5), 0, "two objects with a NUL between");
    strcat(nul, ".e30.AA");
    is_int(inspect(nul, true), -EBADMSG, "are no header");
}

static void test_long(void)
{
    char token[8193];

    memset(token, 'A', sizeof token);
    memcpy(token, "e30.e30.", 8);
    token[8192] = '\0';
    is_int(inspect(token, false), 0, "the longest token");
    memset(token, 'A', sizeof token);
    token[8192] = '\0';
    is_int(inspect(token, false), -EBADMSG, "as long without a dot");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    test_people();
    test_json();
    test_refused();
    test_long();
    free(text);
    return tap_done();
}
