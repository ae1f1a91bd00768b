/* SPDX-License-Identifier: MIT
 *
 * Random names and UUIDs have the form that others parse, and none comes twice.
 */
#include "random.h"

#include <sodium.h>

#include "tap.h"

static void test_uuid(void)
{
    char a[RANDOM_UUID_SIZE], b[RANDOM_UUID_SIZE];
    random_uuid(a);
    random_uuid(b);
    is_int(strlen(a), RANDOM_UUID_SIZE - 1, "a UUID is 36 characters");
    is_int(strspn(a, "0123456789abcdef-"), RANDOM_UUID_SIZE - 1, "of lower-case hex and dashes");
    ok(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-', "with its four dashes");
    ok(a[14] == '4' && strchr("89ab", a[19]), "version 4, variant 10");
    ok(strcmp(a, b) != 0, "two differ");
}

static void test_name(void)
{
    char a[RANDOM_NAME_SIZE], b[RANDOM_NAME_SIZE];
    random_name(a, 16);
    random_name(b, 16);
    is_int(strlen(a), 16, "a name is as long as asked");
    is_int(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 16, "of lower-case base32");
    ok(strcmp(a, b) != 0, "two differ");
    random_name(a, 1000);
    is_int(strlen(a), RANDOM_NAME_SIZE - 1, "a length past the buffer is bounded");
    random_name(a, 0);
    is_str(a, "", "none asked, none given");
}

static void test_bytes(void)
{
    unsigned char a[33] = {0}, b[33] = {0};
    random_bytes(a, 32);
    random_bytes(b, 32);
    ok(memcmp(a, b, 32) != 0, "two draws differ");
    ok(a[32] == 0 && b[32] == 0, "nothing is written past the length");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_uuid();
    test_name();
    test_bytes();
    return tap_done();
}
