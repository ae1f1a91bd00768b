/* SPDX-License-Identifier: MIT
 *
 * Password and code typed as one: whatever is typed, the two parts are all of it, in that order; a code is the digits
 * at the end, or what has the form of a recovery code, and only where there is a password before it (O4, S8).
 */
#include "policy.h"
#include "recovery.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool are_digits(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < '0' || bytes[i] > '9')
            return false;
    return true;
}

static void check(const struct secret *typed, bool has_code, unsigned digits)
{
    struct secret password = {0}, code = {0};
    size_t code_len = has_code ? digits : 0;
    if (policy_split_combined(typed, has_code, digits, &password, &code) < 0) {
        if (typed->len > code_len || password.len != 0 || code.len != 0)
            abort();
        return;
    }
    if (password.len == 0 || password.len + code.len != typed->len ||
        memcmp(password.bytes, typed->bytes, password.len) != 0 ||
        memcmp(code.bytes, typed->bytes + password.len, code.len) != 0)
        abort();
    bool digits_end = are_digits(typed->bytes + typed->len - code_len, code_len), recovery = recovery_is(&code);
    if ((code.len == code_len) != digits_end || (code.len != 0 && code.len != code_len && !recovery))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret typed = {0};
    if (secret_set(&typed, data, size) < 0)
        return 0;
    check(&typed, false, 6);
    check(&typed, true, 6);
    check(&typed, true, 8);
    return 0;
}
