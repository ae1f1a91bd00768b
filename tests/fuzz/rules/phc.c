/* SPDX-License-Identifier: MIT
 *
 * Stored password strings: whatever is taken is within the bounds that hashing may obey (P2, S8). Never hashes.
 */
#include "password.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct password_params params = {0, 0};
    char *stored = strndup((const char *)data, size);
    if (!stored)
        return 0;
    size_t len = strlen(stored);
    int e = password_stored_params(stored, &params);
    free(stored);
    if (e < 0)
        return 0;
    if (params.memory < 8 * 1024 || params.memory > PASSWORD_MEMORY_MAX || params.memory % 1024 != 0 ||
        params.passes < 1 || params.passes > PASSWORD_PASSES_MAX || len >= PASSWORD_STORED_SIZE)
        abort();
    return 0;
}
