/* SPDX-License-Identifier: MIT
 *
 * Options of the module: what is there is obeyed, all else fails closed (M16).
 */
#include "options.h"

#include <errno.h>
#include <unistd.h>

#include "tap.h"

static int parse(struct options *o, const char **bad, const char *a, const char *b)
{
    const char *argv[] = {a, b};
    int argc = a == NULL ? 0 : b == NULL ? 1 : 2;
    return options_parse(o, argc, argv, bad);
}

static void test_good(void)
{
    struct options o = {0};
    const char *bad = NULL;
    is_int(parse(&o, &bad, NULL, NULL), 0, "no options");
    is_int(o.timeout_s, 60, "timeout by default");
    ok(o.server_uid == 0 && !o.use_first_pass && !o.try_first_pass && o.socket == NULL, "the other defaults");
    is_str(options_socket(&o), geteuid() == 0 ? "/run/authc/system.sock" : "/run/authc/user.sock", "the usual socket");

    is_int(parse(&o, &bad, "socket=/x/y.sock", "timeout=1"), 0, "socket and timeout");
    is_str(options_socket(&o), "/x/y.sock", "socket");
    is_int(o.timeout_s, 1, "timeout=1");
    is_int(parse(&o, &bad, "timeout=300", "server_uid=1000"), 0, "timeout=300 and server_uid");
    ok(o.timeout_s == 300 && o.server_uid == 1000, "both taken");
    is_int(parse(&o, &bad, "use_first_pass", "try_first_pass"), 0, "first pass");
    ok(o.use_first_pass && o.try_first_pass, "both taken");
}

static void test_bad(void)
{
    static const char *const rows[] = {
        "",
        "nullok",
        "debug",
        "socket",
        "socket=",
        "socket=run/authc/system.sock",
        "Socket=/x",
        "timeout",
        "timeout=",
        "timeout=0",
        "timeout=301",
        "timeout=-1",
        "timeout=+1",
        "timeout= 1",
        "timeout=1s",
        "timeout=01",
        "timeout=18446744073709551617",
        "server_uid=",
        "server_uid=root",
        "server_uid=-1",
        "server_uid=65534",
        "server_uid=4294967295",
        "server_uid=4294967296",
        "use_first_pass=1",
        "use_first_passed",
        "try_first_pass ",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct options o = {.timeout_s = 7};
        const char *bad = NULL;
        is_int(parse(&o, &bad, rows[i], "use_first_pass"), -EINVAL, "refused: '%s'", rows[i]); /* none is repeated */
        ok(bad == rows[i], "and named");
        is_int(o.timeout_s, 7, "nothing was stored");
    }
}

static void test_repeated(void)
{
    struct options o = {0};
    const char *bad = NULL;
    is_int(parse(&o, &bad, "timeout=5", "timeout=6"), -EINVAL, "a repeated option is refused");
    is_str(bad, "timeout=6", "the second one is named");
}

int main(void)
{
    test_good();
    test_bad();
    test_repeated();
    return tap_done();
}
