/* SPDX-License-Identifier: MIT
 *
 * From what sshd noted of this connection (SSH_AUTH_INFO_0) to the fingerprint of the public key that it verified, so
 * that a key may be a known source wherever its owner travels. A certificate's is of the whole certificate, not of the
 * key in it: one that was issued anew has to become known anew. Leaves out whether to believe it: only root's sshd.
 */
#include "source.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "text.h"

#define ALGORITHM_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789@.-"

/* The BASE64 of "publickey ALG BASE64", all of the len bytes of line. NULL: another line. */
static const char *key_of_line(const char *line, size_t len, size_t *ret_len)
{
    static const char method[] = "publickey ";
    size_t at = sizeof method - 1;
    if (len <= at || memcmp(line, method, at) != 0)
        return NULL;
    size_t algorithm = strspn(line + at, ALGORITHM_LETTERS);
    at += algorithm + 1;
    if (algorithm == 0 || at >= len || line[at - 1] != ' ')
        return NULL;
    *ret_len = len - at;
    return line + at;
}

static int hash_key(const char *base64, size_t len, unsigned char hash[crypto_hash_sha256_BYTES])
{
    unsigned char blob[sizeof((struct msg_begin *)0)->auth_info];
    size_t size = 0;
    if (sodium_base642bin(blob, sizeof blob, base64, len, NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size == 0)
        return -EINVAL;
    crypto_hash_sha256(hash, blob, size);
    return 0;
}

int source_key(const char *auth_info, char out[SOURCE_KEY_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
    for (size_t len; *auth_info != '\0'; auth_info += len + (auth_info[len] == '\n')) {
        size_t key_len = 0;
        len = strcspn(auth_info, "\n");
        const char *key = key_of_line(auth_info, len, &key_len);
        if (!key || hash_key(key, key_len, hash) < 0)
            continue;
        sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        return text_format(out, SOURCE_KEY_SIZE, "key:SHA256:%s", text);
    }
    return -ENOENT;
}
