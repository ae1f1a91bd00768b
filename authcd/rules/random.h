/* SPDX-License-Identifier: MIT
 *
 * Randomness for those who may not see libsodium: nonces, names of sessions, UUIDs. Never fails: libsodium ends the
 * process where the kernel gives no randomness, and nothing better could be done.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_UUID_SIZE = 37, RANDOM_NAME_SIZE = 27 };

void random_bytes(void *out, size_t len);

/* A version 4 UUID (RFC 9562 section 5.4) in lower case. */
void random_uuid(char out[RANDOM_UUID_SIZE]);

/* chars characters of lower-case base32 (5 bits each), at most 26, and a NUL. */
void random_name(char out[RANDOM_NAME_SIZE], size_t chars);

#endif
