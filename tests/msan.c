/* SPDX-License-Identifier: MIT
 *
 * Linked into tests under MemorySanitizer only, in place of libc's, which is not compiled for it: bytes that
 * explicit_bzero has set would look as if nobody had. Weak, because a test may have one of its own.
 */
#include <string.h>

__attribute__((weak)) void explicit_bzero(void *bytes, size_t len)
{
    memset(bytes, 0, len);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}
