/* SPDX-License-Identifier: MIT
 *
 * Argon2id by libsodium's crypto_pwhash. Not by its crypto_pwhash_str_verify, which obeys whatever parameters a stored
 * string names and says the same for "wrong" and for "out of memory": the string is taken apart here, bounded, and the
 * result compared. Quality lists, history and composition rules are not judged here.
 */
#include "password.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { SALT_SIZE = 16, HASH_SIZE = 32, SALT_CHARS = 22, HASH_CHARS = 43 };
enum { MEMORY_LEAST_KIB = 8, NAME_LENGTH_MIN = 4 };
#define KIB 1024u
#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

_Static_assert(SALT_SIZE == crypto_pwhash_SALTBYTES, "libsodium's salt");
_Static_assert(PASSWORD_STORED_SIZE > crypto_pwhash_STRBYTES, "a string of libsodium's fits");

/* A stored string taken apart. */
struct stored {
    struct password_params params;
    unsigned char salt[SALT_SIZE];
    unsigned char hash[HASH_SIZE];
};

struct password_job *password_job_new(enum password_job_kind kind)
{
    struct password_job *job = calloc(1, sizeof *job);
    if (job)
        job->kind = kind;
    return job;
}

void password_job_free(struct password_job *job)
{
    if (!job)
        return;
    sodium_memzero(job, sizeof *job);
    free(job);
}

bool password_length_ok(const struct secret *password)
{
    return password->len >= 1 && password->len <= PASSWORD_BYTES_MAX;
}

static bool take(const char **p, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

/* A decimal number of least to most, without sign or leading zero. */
static bool take_number(const char **p, uint64_t least, uint64_t most, uint64_t *ret)
{
    uint64_t v = 0;
    if (**p < '1' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        v = v * 10 + (uint64_t)(**p - '0');
        if (v > most)
            return false;
    }
    *ret = v;
    return v >= least;
}

/* Exactly chars characters of base64 that give exactly size bytes. */
static bool take_bytes(const char **p, size_t chars, unsigned char *out, size_t size)
{
    size_t n = 0;
    if (strnlen(*p, chars) < chars || sodium_base642bin(out, size, *p, chars, NULL, &n, NULL, BASE64) != 0 || n != size)
        return false;
    *p += chars;
    return true;
}

static int read_stored(const char *s, struct stored *ret)
{
    uint64_t kib = 0;
    bool good = take(&s, "$argon2id$v=19$m=") && take_number(&s, MEMORY_LEAST_KIB, PASSWORD_MEMORY_MAX / KIB, &kib) &&
                take(&s, ",t=") && take_number(&s, 1, PASSWORD_PASSES_MAX, &ret->params.passes) && take(&s, ",p=1$") &&
                take_bytes(&s, SALT_CHARS, ret->salt, SALT_SIZE) && take(&s, "$") &&
                take_bytes(&s, HASH_CHARS, ret->hash, HASH_SIZE) && *s == '\0';
    ret->params.memory = kib * KIB;
    return good ? 0 : -EINVAL;
}

int password_stored_params(const char *stored, struct password_params *ret)
{
    struct stored s = {.params = {0, 0}};
    int e = read_stored(stored, &s);
    if (e == 0)
        *ret = s.params;
    sodium_memzero(&s, sizeof s);
    return e;
}

static int argon2(struct password_job *job, const struct password_params *params, const unsigned char salt[SALT_SIZE],
                  unsigned char out[HASH_SIZE])
{
    if (params->memory > PASSWORD_MEMORY_MAX || params->passes > PASSWORD_PASSES_MAX)
        return -EINVAL;
    errno = 0;
    if (crypto_pwhash(out, HASH_SIZE, (const char *)job->password.bytes, job->password.len, salt, params->passes,
                      (size_t)params->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return errno == EINVAL ? -EINVAL : -ENOMEM;
    job->hashes++;
    return 0;
}

static int make(struct password_job *job)
{
    struct stored fresh = {.params = job->params};
    char salt[SALT_CHARS + 1] = "", hash[HASH_CHARS + 1] = "";
    randombytes_buf(fresh.salt, SALT_SIZE);
    int e = argon2(job, &fresh.params, fresh.salt, fresh.hash);
    if (e == 0) {
        sodium_bin2base64(salt, sizeof salt, fresh.salt, SALT_SIZE, BASE64);
        sodium_bin2base64(hash, sizeof hash, fresh.hash, HASH_SIZE, BASE64);
        e = text_format(job->made, sizeof job->made, "$argon2id$v=19$m=%llu,t=%llu,p=1$%s$%s",
                        (unsigned long long)(fresh.params.memory / KIB), (unsigned long long)fresh.params.passes, salt,
                        hash);
    }
    sodium_memzero(&fresh, sizeof fresh);
    sodium_memzero(hash, sizeof hash);
    return e;
}

/* Whoever cannot be hashed anew keeps the old hash and gets in all the same: the next success tries again. */
static void rehash_if_weaker(struct password_job *job, const struct password_params *old)
{
    if ((old->memory < job->params.memory || old->passes < job->params.passes) && make(job) < 0)
        job->made[0] = '\0';
}

static int verify(struct password_job *job)
{
    struct stored s = {.params = {0, 0}};
    unsigned char hash[HASH_SIZE] = {0};
    int e = read_stored(job->stored, &s);
    if (e == 0)
        e = argon2(job, &s.params, s.salt, hash);
    if (e == 0)
        job->match = sodium_memcmp(hash, s.hash, HASH_SIZE) == 0;
    if (job->match)
        rehash_if_weaker(job, &s.params);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&s, sizeof s);
    return e;
}

static int pretend(struct password_job *job)
{
    static const unsigned char salt[SALT_SIZE] = "nobody's salt";
    unsigned char hash[HASH_SIZE] = {0};
    int e = argon2(job, &job->params, salt, hash);
    sodium_memzero(hash, sizeof hash);
    return e;
}

void password_job_run(struct password_job *job)
{
    job->match = false;
    job->made[0] = '\0';
    if (!password_length_ok(&job->password)) {
        job->result = job->kind == PASSWORD_MAKE ? -EINVAL : 0;
        return;
    }
    switch (job->kind) {
    case PASSWORD_VERIFY:
        job->result = verify(job);
        break;
    case PASSWORD_MAKE:
        job->result = make(job);
        break;
    case PASSWORD_PRETEND:
        job->result = pretend(job);
        break;
    case PASSWORD_TURN:
        job->result = 0;
        break;
    }
}

/* How many characters of UTF-8; *ret_varied if any differs from the first. */
static uint64_t characters(const struct secret *s, bool *ret_varied)
{
    uint64_t n = 0;
    size_t first = 1;
    while (first < s->len && (s->bytes[first] & 0xc0) == 0x80)
        first++;
    *ret_varied = s->len % first != 0;
    for (size_t i = 0; i < s->len; i++) {
        n += (s->bytes[i] & 0xc0) != 0x80;
        *ret_varied |= s->bytes[i] != s->bytes[i % first];
    }
    return n;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

/* Is the user's name in it, upper or lower case? A name of a few letters stands in many words by chance, so that one
 * only counts if it is all there is. */
static bool has_name(const struct secret *s, const char *user)
{
    size_t n = strlen(user);
    for (size_t at = 0; n > 0 && n <= s->len && at <= s->len - n; at++) {
        size_t i = 0;
        while (i < n && lower(s->bytes[at + i]) == lower((unsigned char)user[i]))
            i++;
        if (i == n && (n >= NAME_LENGTH_MIN || n == s->len))
            return true;
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static bool object(char why[PASSWORD_WHY_SIZE], const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_cut(why, PASSWORD_WHY_SIZE, format, ap);
    va_end(ap);
    return true;
}

bool password_objection(const struct secret *fresh, const char *user, const struct secret *old, uint64_t min,
                        char ret_why[PASSWORD_WHY_SIZE])
{
    bool varied = false;
    if (!text_is_utf8((const char *)fresh->bytes, fresh->len) || memchr(fresh->bytes, '\n', fresh->len))
        return object(ret_why, "The password has characters that cannot be typed everywhere.");
    if (fresh->len > PASSWORD_BYTES_MAX)
        return object(ret_why, "The password is too long: at most %d bytes.", PASSWORD_BYTES_MAX);
    if (fresh->len == 0 || characters(fresh, &varied) < min)
        return object(ret_why, "The password is too short: at least %" PRIu64 " characters.", min);
    if (!varied)
        return object(ret_why, "The password is one character over and over.");
    if (has_name(fresh, user))
        return object(ret_why, "The password has the user's name in it.");
    if (old && secret_equal(fresh, old))
        return object(ret_why, "The password is the old one.");
    return false;
}
