/* SPDX-License-Identifier: MIT
 *
 * Rows as JSON: names as in messages.def, and no control character on its way to a terminal (A2, C5).
 */
#include "json.h"

#include <stdlib.h>

#include "object.h"
#include "tap.h"

static char *text;
static size_t len;

static FILE *begin(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &len);
}

static void string_is(const char *in, const char *want)
{
    FILE *out = begin();
    json_text(out, in);
    fclose(out);
    is_str(text, want, "as %s", want);
}

static void test_strings(void)
{
    string_is("", "\"\"");
    string_is("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    string_is("\n\r\t\b\033[1m\177", "\"\\u000a\\u000d\\u0009\\u0008\\u001b[1m\\u007f\"");
    string_is("\xc2\x9b"
              "31m",
              "\"\\u009b31m\"");
    string_is("\xc2\xa0\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", "\"\xc2\xa0\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\"");
}

static void test_rows(void)
{
    struct msg m = {.number = MSG_row_user};
    FILE *out = begin();

    strcpy(m.row_user.user, "a\"da");
    m.row_user.uid = UINT32_MAX;
    m.row_user.password = true;
    m.row_user.wait_s = -1;
    json_row(out, &m);
    fclose(out);
    is_str(text,
           "{\"user\": \"a\\\"da\", \"uid\": 4294967295, \"role\": \"\", \"state\": \"\", \"id\": \"\", \"password\": "
           "true, \"must_change\": false, "
           "\"factors\": 0, \"recovery_left\": 0, \"everybody\": false, \"failures\": 0, \"sources\": 0, "
           "\"consecutive\": 0, \"wait_s\": -1, \"last_failure_at\": 0, \"last_source\": \"\", \"known_sources\": 0, "
           "\"wrong_codes\": 0, \"codes_wait_s\": 0, \"known_wrong_codes\": 0, \"known_codes_wait_s\": 0, "
           "\"created_at\": 0, \"updated_at\": 0, \"last_login_at\": 0, "
           "\"password_changed_at\": 0, \"password_expires_at\": 0}",
           "a row has every field by its name");
    is_int(object_walk(text, len, NULL, NULL), 0, "and is JSON");
}

static void test_every_message(void)
{
    size_t n;
    const struct msg_type *types = msg_types(&n);

    for (size_t i = 0; i < n; i++) {
        struct msg m = {.number = types[i].number};
        FILE *out = begin();
        json_row(out, &m);
        fclose(out);
        is_int(object_walk(text, len, NULL, NULL), 0, "%s is JSON", types[i].name);
    }
}

static void test_secrets(void)
{
    struct msg m = {.number = MSG_factor_confirm};
    FILE *out = begin();

    ok(secret_set(&m.factor_confirm.code, "123456", 6) == 0, "a secret");
    json_row(out, &m);
    fclose(out);
    ok(strstr(text, "123456") == NULL && strstr(text, "\"code\": null") != NULL, "is null in JSON");
}

int main(void)
{
    test_strings();
    test_rows();
    test_every_message();
    test_secrets();
    free(text);
    return tap_done();
}
