/* SPDX-License-Identifier: MIT
 *
 * Secrets as lines: whole or not at all, and what follows a line stays where it is (C3). The terminal is the system
 * test's.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tap.h"

static int with(const void *bytes, size_t len)
{
    int p[2];

    if (pipe2(p, O_CLOEXEC) < 0 || write(p[1], bytes, len) != (ssize_t)len)
        return -1;
    close(p[1]);
    return p[0];
}

static int line(int fd, char out[SECRET_MAX + 1])
{
    struct secret s = {0};
    int error = ask_line(fd, &s);

    memcpy(out, s.bytes, s.len);
    out[s.len] = '\0';
    return error;
}

static void test_lines(void)
{
    char got[SECRET_MAX + 1];
    int fd = with("one\n\ntwo \r\nlast", 15);

    ok(line(fd, got) == 0 && strcmp(got, "one") == 0, "a line without its newline");
    ok(line(fd, got) == 0 && strcmp(got, "") == 0, "an empty line is an answer");
    ok(line(fd, got) == 0 && strcmp(got, "two \r") == 0, "nothing else is taken off");
    ok(line(fd, got) == 0 && strcmp(got, "last") == 0, "the last line needs no newline");
    is_int(line(fd, got), -ENODATA, "then there is none");
    close(fd);
    is_int(line(-1, got), -EBADF, "no descriptor");
}

static void test_bounds(void)
{
    char bytes[SECRET_MAX + 8], got[SECRET_MAX + 1];
    memset(bytes, 'x', sizeof bytes);
    bytes[SECRET_MAX] = '\n';
    int fd = with(bytes, SECRET_MAX + 1);
    is_int(line(fd, got), 0, "as long as can be");
    is_int(strlen(got), SECRET_MAX, "is whole");
    close(fd);

    bytes[SECRET_MAX] = 'x';
    memcpy(bytes + SECRET_MAX + 1, "\nnext\n", 6);
    fd = with(bytes, SECRET_MAX + 7);
    is_int(line(fd, got), -EMSGSIZE, "one more is refused, not cut");
    is_int(line(fd, got), 0, "all of it is gone");
    is_str(got, "next", "and the next line is the next line");
    close(fd);

    fd = with("a\0b\nnext\n", 9);
    is_int(line(fd, got), -EILSEQ, "a NUL is refused");
    is_int(line(fd, got), 0, "with its line");
    is_str(got, "next", "and no more");
    close(fd);
}

static void test_sources(void)
{
    int passwords = with("first\nsecond\n", 13), codes = with("118204\n", 7);
    struct ask a = {.password_fd = passwords, .code_fd = codes};
    struct secret s = {0};

    ok(!ask_is_person(&a, PROMPT_PASSWORD) && !ask_is_person(&a, PROMPT_CODE), "nobody is at a terminal");
    is_int(ask_ahead(&a, ""), 0, "a password is read ahead");
    is_int(ask_secret(&a, PROMPT_CODE, true, "Code: ", &s), 0, "a code is asked");
    ok(s.len == 6 && memcmp(s.bytes, "118204", 6) == 0, "and is not the password");
    is_int(ask_secret(&a, PROMPT_NEW_PASSWORD, false, "", &s), 0, "a password is asked");
    ok(s.len == 5 && memcmp(s.bytes, "first", 5) == 0, "it is the one that was read ahead");
    ok(!a.has_held && a.held.len == 0, "which is kept no longer");
    is_int(ask_secret(&a, PROMPT_PASSWORD, false, "", &s), 0, "another is asked");
    ok(s.len == 6 && memcmp(s.bytes, "second", 6) == 0, "it is the next line");
    is_int(ask_secret(&a, PROMPT_CODE, false, "", &s), -ENODATA, "a code that is not there");
    a.code_fd = -1;
    ok(ask_is_person(&a, PROMPT_CODE) && !ask_is_person(&a, PROMPT_COMBINED),
       "without --code-stdin a person has the codes");
    close(passwords);
    close(codes);
}

int main(void)
{
    test_lines();
    test_bounds();
    test_sources();
    return tap_done();
}
