/* SPDX-License-Identifier: MIT
 *
 * Stored hashes are bounded before they are obeyed (P2), weaker ones are replaced at a success (P3, the rule's half), a
 * new password is judged by length, name and the old one (P4, the rule's half), lengths are exact (M6, the daemon's
 * half).
 */
#include "password.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"
#include "text.h"

#define MIB (1024u * 1024)

/* For the names of checks, which are lines. */
static const char *shown(const char *text)
{
    static char line[512];
    text_printable(line, sizeof line, text);
    return line;
}

static void set_secret(struct secret *s, const char *text)
{
    if (secret_set(s, text, strlen(text)) < 0)
        abort();
}

static struct password_job *new_job(enum password_job_kind kind, const char *password, const char *stored)
{
    struct password_job *job = password_job_new(kind);
    if (!job)
        abort();
    set_secret(&job->password, password);
    snprintf(job->stored, sizeof job->stored, "%s", stored);
    job->params = (struct password_params){.memory = 8 * MIB, .passes = 2};
    return job;
}

static void make_stored(const char *password, struct password_params params, char out[PASSWORD_STORED_SIZE])
{
    struct password_job *job = new_job(PASSWORD_MAKE, password, "");
    job->params = params;
    password_job_run(job);
    is_int(job->result, 0, "made with %u KiB, %u passes", (unsigned)(params.memory / 1024), (unsigned)params.passes);
    memcpy(out, job->made, PASSWORD_STORED_SIZE);
    password_job_free(job);
}

static void test_make(void)
{
    struct password_job *job = new_job(PASSWORD_MAKE, "correct horse", "");
    password_job_run(job);
    is_int(job->result, 0, "made");
    is_int(job->hashes, 1, "one computation");
    ok(!job->match, "making matches nothing");
    ok(strncmp(job->made, "$argon2id$v=19$m=8192,t=2,p=1$", 30) == 0, "the string says how");
    is_int(crypto_pwhash_str_verify(job->made, "correct horse", 13), 0, "libsodium itself verifies it");
    char first[PASSWORD_STORED_SIZE];
    memcpy(first, job->made, sizeof first);
    password_job_run(job);
    ok(strcmp(first, job->made) != 0, "the salt is fresh each time");
    password_job_free(job);

    job = new_job(PASSWORD_MAKE, "", "");
    password_job_run(job);
    is_int(job->result, -EINVAL, "nothing is made of nothing");
    ok(job->hashes == 0 && job->made[0] == '\0', "and nothing computed");
    password_job_free(job);
}

static void check_verify(const char *what, const char *typed, const char *stored, int result, bool match, bool made)
{
    struct password_job *job = new_job(PASSWORD_VERIFY, typed, stored);
    password_job_run(job);
    is_int(job->result, result, "%s: result", what);
    is_int(job->match, match, "%s: match", what);
    is_int(job->made[0] != '\0', made, "%s: hashed anew", what);
    is_int(job->hashes, (unsigned)(result == 0) + made, "%s: computations", what);
    password_job_free(job);
}

/* By crypto_pwhash_str_alg("pw", 2 passes, 8 MiB). */
static const char foreign[] =
    "$argon2id$v=19$m=8192,t=2,p=1$ErPTmP9gKKFyBQNOwucFRw$h9XV7ioubwH2OSAGRef/Ibd8biAOyx95q3um9ENw/Wk";

static void test_verify(void)
{
    char stored[PASSWORD_STORED_SIZE];
    make_stored("correct horse", (struct password_params){8 * MIB, 2}, stored);
    check_verify("right", "correct horse", stored, 0, true, false);
    check_verify("wrong", "correct horsf", stored, 0, false, false);
    check_verify("a prefix", "correct hors", stored, 0, false, false);

    check_verify("a string made by libsodium", "pw", foreign, 0, true, false);
}

static void test_rehash(void)
{
    char weak_memory[PASSWORD_STORED_SIZE], weak_passes[PASSWORD_STORED_SIZE], strong[PASSWORD_STORED_SIZE];
    make_stored("pw", (struct password_params){64 * 1024, 3}, weak_memory);
    make_stored("pw", (struct password_params){16 * MIB, 1}, weak_passes);
    make_stored("pw", (struct password_params){9 * MIB, 3}, strong);
    check_verify("less memory", "pw", weak_memory, 0, true, true);
    check_verify("fewer passes", "pw", weak_passes, 0, true, true);
    check_verify("stronger", "pw", strong, 0, true, false);
    check_verify("weaker but wrong", "px", weak_memory, 0, false, false);

    struct password_job *job = new_job(PASSWORD_VERIFY, "pw", weak_memory);
    password_job_run(job);
    struct password_params params = {0, 0};
    is_int(password_stored_params(job->made, &params), 0, "the new string is one of ours");
    ok(params.memory == 8 * MIB && params.passes == 2, "with today's parameters");
    check_verify("the new string", "pw", job->made, 0, true, false);
    password_job_free(job);
}

static void test_pretend(void)
{
    struct password_job *job = new_job(PASSWORD_PRETEND, "anything", "");
    password_job_run(job);
    is_int(job->result, 0, "pretending works");
    ok(!job->match && job->made[0] == '\0', "and never matches");
    is_int(job->hashes, 1, "as many computations as a wrong password");
    password_job_free(job);
    job = new_job(PASSWORD_TURN, "anything", "");
    password_job_run(job);
    ok(job->result == 0 && !job->match && job->hashes == 0, "a turn works, never matches, and computes nothing");
    password_job_free(job);
    password_job_free(NULL);
}

static void test_lengths(void)
{
    char stored[PASSWORD_STORED_SIZE], text[PASSWORD_BYTES_MAX + 2];
    SECRET_AUTO struct secret s = {0};
    memset(text, 'x', sizeof text);
    text[PASSWORD_BYTES_MAX] = '\0';
    make_stored(text, (struct password_params){64 * 1024, 1}, stored);

    struct password_job *job = new_job(PASSWORD_VERIFY, text, stored);
    job->params = (struct password_params){64 * 1024, 1};
    password_job_run(job);
    ok(job->match, "512 bytes are taken whole");
    job->password.len--;
    password_job_run(job);
    ok(!job->match && job->result == 0, "511 of them are another password");
    job->password.len = PASSWORD_BYTES_MAX + 1;
    job->hashes = 0;
    password_job_run(job);
    ok(!job->match && job->result == 0 && job->hashes == 0, "513 are wrong without a computation");
    job->password.len = 0;
    password_job_run(job);
    ok(!job->match && job->result == 0 && job->hashes == 0, "so is the empty password");
    password_job_free(job);

    ok(!password_length_ok(&s), "0 bytes");
    s.len = 1;
    ok(password_length_ok(&s), "1 byte");
    s.len = PASSWORD_BYTES_MAX;
    ok(password_length_ok(&s), "512 bytes");
    s.len++;
    ok(!password_length_ok(&s), "513 bytes");
}

#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static void test_stored(void)
{
    static const char *const bad[] = {
        "",
        "!",
        "*",
        "x",
        "$",
        "$argon2id$",
        "$6$salt$hash",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$y$j9T$salt$hash",
        "$argon2id$v=19$m=4194304,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=2097153,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967296,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=18446744073709551624,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=0,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=17,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=1000000,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=2$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=$" SALT "$" HASH,
        "$argon2id$v=16$m=65536,t=3,p=1$" SALT "$" HASH,
        "$argon2id$m=65536,t=3,p=1$" SALT "$" HASH,
        "$argon2i$v=19$m=65536,t=3,p=1$" SALT "$" HASH,
        "$argon2d$v=19$m=65536,t=3,p=1$" SALT "$" HASH,
        "$ARGON2ID$v=19$m=65536,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=065536,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=+65536,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m= 65536,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=-1,t=3,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=3,m=65536,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1,keyid=x$" SALT "$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" HASH "A",
        "$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" HASH "\n",
        "$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=65536,t=3,p=1$" SALT "$",
        "$argon2id$v=19$m=65536,t=3,p=1$" SALT,
        "$argon2id$v=19$m=65536,t=3,p=1$$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2Fsd$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdAA$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdB$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2F-dA$" HASH,
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNh HRzb21lc2FsdA$" HASH,
    };
    static const char whole[] = "$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" HASH;
    struct password_params params = {1, 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(password_stored_params(bad[i], &params), -EINVAL, "refused: %s", shown(bad[i]));
    int taken = 0;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = strndup(whole, n);
        taken += cut && password_stored_params(cut, &params) == 0;
        free(cut);
    }
    is_int(taken, 0, "refused: every truncation");
    ok(params.memory == 1 && params.passes == 1, "what is refused leaves the result alone");
    is_int(password_stored_params(whole, &params), 0, "taken: %s", whole);
    ok(params.memory == 64 * MIB && params.passes == 3, "its parameters");
    check_verify("a foreign string", "pw", "$6$salt$hash", -EINVAL, false, false);
    check_verify("a locked one", "pw", "!", -EINVAL, false, false);
    check_verify("4 GiB", "pw", bad[9], -EINVAL, false, false);
}

static const char *objection(const char *fresh, const char *user, const char *old, uint64_t min)
{
    SECRET_AUTO struct secret f = {0}, o = {0};
    set_secret(&f, fresh);
    if (old)
        set_secret(&o, old);
    static char why[PASSWORD_WHY_SIZE];
    return password_objection(&f, user, old ? &o : NULL, min, why) ? why : "fine";
}

static void test_objections(void)
{
    static const char short_[] = "The password is too short: at least 12 characters.",
                      name[] = "The password has the user's name in it.",
                      same[] = "The password is one character over and over.",
                      typed[] = "The password has characters that cannot be typed everywhere.";
    is_str(objection("correct horse", "ada", NULL, 12), "fine", "a good one");
    is_str(objection("correct horse", "ada", "battery staple", 12), "fine", "after another");
    is_str(objection("correct horse", "ada", "correct horse", 12), "The password is the old one.", "the old one");
    is_str(objection("12345678901x", "ada", NULL, 12), "fine", "exactly enough");
    is_str(objection("1234567890x", "ada", NULL, 12), short_, "one too few");
    is_str(objection("", "ada", NULL, 12), short_, "none at all");
    is_str(objection("\xc3\xa9\xc3\xa8\xc3\xa9\xc3\xa8\xc3\xa9\xc3\xa8", "ada", NULL, 12), short_,
           "bytes are no characters");
    is_str(objection("\xc3\xa9\xc3\xa8\xc3\xa9\xc3\xa8\xc3\xa9\xc3\xa8", "ada", NULL, 6), "fine", "characters are");
    is_str(objection("alexandrina", "AlexandrinA", NULL, 8), name, "the name, in other letters");
    is_str(objection("xxALEXANDRINA99", "alexandrina", NULL, 8), name, "the name, within");
    is_str(objection("ada", "Ada", NULL, 3), name, "a short name, if it is all");
    is_str(objection("canada lies north", "ada", NULL, 8), "fine", "a short name within a word");
    is_str(objection("alexandrin and so on", "alexandrina", NULL, 8), "fine", "part of the name");
    is_str(objection("aaaaaaaaaaaaaaaa", "ada", NULL, 8), same, "one letter");
    is_str(objection("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "ada", NULL, 3), same, "one smile");
    is_str(objection("aaaaaaaaaaaaaaab", "ada", NULL, 8), "fine", "two letters");
    is_str(objection("correct\nhorse", "ada", NULL, 8), typed, "a newline");
    is_str(objection("correct\xffhorse", "ada", NULL, 8), typed, "bad UTF-8");
    is_str(objection("tab\tand\x7f rest", "ada", NULL, 8), "fine", "other control characters");

    SECRET_AUTO struct secret nul = {0};
    if (secret_set(&nul, "correct\0horse", 13) < 0)
        abort();
    char why[PASSWORD_WHY_SIZE] = "untouched";
    ok(password_objection(&nul, "ada", NULL, 8, why), "a NUL");
    memcpy(why, "untouched", sizeof "untouched");
    memset(nul.bytes, 'a', sizeof nul.bytes);
    nul.bytes[1] = 'b';
    nul.len = PASSWORD_BYTES_MAX;
    ok(!password_objection(&nul, "ada", NULL, 8, why), "512 bytes");
    is_str(why, "untouched", "nothing is wrong, nothing is said");
    nul.len++;
    ok(password_objection(&nul, "ada", NULL, 8, why), "513 bytes");
    is_str(why, "The password is too long: at most 512 bytes.", "and what is wrong with them");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    test_make();
    test_verify();
    test_rehash();
    test_pretend();
    test_lengths();
    test_stored();
    test_objections();
    return tap_done();
}
