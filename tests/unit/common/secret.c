/* SPDX-License-Identifier: MIT
 *
 * Secrets are never cut, never half there, wiped as a whole, and equal only in length and bytes (M6, M17).
 */
#include "secret.h"

#include <errno.h>

#include "tap.h"

static bool is_clean(const struct secret *s)
{
    const unsigned char *bytes = (const unsigned char *)s;
    for (size_t i = 0; i < sizeof *s; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void test_set(void)
{
    struct secret s = {0};
    unsigned char long_one[SECRET_MAX + 1];
    memset(long_one, 'x', sizeof long_one);
    ok(secret_set(&s, "a\0b", 3) == 0 && s.len == 3 && memcmp(s.bytes, "a\0b", 3) == 0, "bytes, NUL among them");
    ok(secret_set(&s, long_one, SECRET_MAX) == 0 && s.len == SECRET_MAX, "as long as may be");
    ok(secret_set(&s, "short", 5) == 0 && s.bytes[5] == 0 && s.bytes[SECRET_MAX - 1] == 0,
       "nothing of a longer one stays");
    ok(secret_set(&s, long_one, SECRET_MAX + 1) == -EMSGSIZE && is_clean(&s), "a byte more: refused, and empty");
    ok(secret_set(&s, NULL, 0) == 0 && s.len == 0, "nothing is a secret of no bytes");
}

static void test_wipe(void)
{
    struct secret s;
    memset(&s, 0xff, sizeof s);
    secret_wipe(&s);
    ok(is_clean(&s), "all of it is wiped, whatever its length said");
}

static bool equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    struct secret x = {0}, y = {0};
    return secret_set(&x, a, a_len) == 0 && secret_set(&y, b, b_len) == 0 && secret_equal(&x, &y);
}

static void test_equal(void)
{
    unsigned char a[SECRET_MAX] = {0}, b[SECRET_MAX] = {0};
    ok(equal("", 0, "", 0), "empty ones are equal");
    ok(equal("abc", 3, "abc", 3), "the same bytes are equal");
    ok(!equal("abc", 3, "abcd", 4) && !equal("abc", 3, "abc\0", 4), "another length is not, even by NUL");
    bool all = true;
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        all = all && !equal(a, sizeof a, b, sizeof b);
        b[i] = 0;
    }
    ok(all && equal(a, sizeof a, b, sizeof b), "one bit anywhere is seen");
    struct secret broken = {.len = SECRET_MAX + 1};
    ok(!secret_equal(&broken, &broken), "an impossible length equals nothing");
}

int main(void)
{
    test_set();
    test_wipe();
    test_equal();
    return tap_done();
}
