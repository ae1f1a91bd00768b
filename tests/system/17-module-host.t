#!/usr/bin/python3
# M9 M10 M11: the host keeps its signal handlers, mask, umask, directory, locale and descriptors; signals, closed or exhausted
# descriptors, threads and hang-ups change no verdict into a yes.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

ASK = ("recv", "prompt:password=Password: ", "recv")
SAME = ["fds +0", "host unchanged"]
MANY = 2000 if os.environ.get("MODE", "release") == "release" else 200  # a sanitizer's dlopen takes its time

needs_root()
with Host("timeout=20") as host:
    host.fake(*ASK, "sleep=200", "verdict-if=hunter2")
    tried = host.run("auth", "--user", "ada", "--signals", "1000", "--check-host", answers=["hunter2"])
    is_(tried.code("auth"), "PAM_SUCCESS", "1,000 signals a second: granted all the same")
    ok(tried.ms("auth") >= 190 and tried.lines[-1] == "host unchanged", "... after a wait that they interrupted")
    tried = host.run("auth", "--user", "ada", "--signals", "1000", answers=["wrong"])
    is_(tried.code("auth"), "PAM_AUTH_ERR", "... or denied")

    host.fake(*ASK, "verdict-if=hunter2")
    for answer, want in (("hunter2", "PAM_SUCCESS"), ("wrong", "PAM_AUTH_ERR")):
        tried = host.run("auth,acct", "--user", "ada", "--close-low", "--check-host", answers=[answer])
        is_(tried.code("auth"), want, "descriptors 0 to 2 closed: " + want)
        is_(tried.lines[-2:], SAME, "... and still closed")
    codes = {}
    for limit in range(4, 16):
        tried = host.run("auth", "--user", "ada", "--nofile", str(limit), "--check-host", answers=["wrong"])
        codes[limit] = tried.code("auth")
    ok(not {"PAM_SUCCESS", "PAM_IGNORE", "PAM_PERM_DENIED"} & set(codes.values()), "wrong password, few descriptors: %s" % codes)
    is_(host.run("auth", "--user", "ada", "--nofile", "15", answers=["hunter2"]).code("auth"), "PAM_SUCCESS", "a few are enough")

    # 64 threads, a handle each; one account each time, so that a verdict for another connection's nonce would be seen.
    tried = host.run("auth,acct", "--user", "ada", "--threads", "64", "--times", "10", "--check-host", answers=["hunter2"])
    is_(tried.counts("auth"), {"PAM_SUCCESS": 640}, "64 threads: each gets its own verdict")
    is_(tried.lines[-2:], SAME, "... and nothing is left")

    host.fake("recv", "prompt:password=Password: ")
    tried = host.run("auth", "--user", "ada", "--times", "300", "--check-host", answers=["hunter2"])
    is_(tried.counts("auth"), {"PAM_AUTH_ERR": 300}, "hang-ups while we send: no SIGPIPE")
    is_(tried.lines[-2:], SAME, "... and nothing is left")

    host.fake("recv", "verdict=GRANTED")
    tried = host.run("acct", "--user", "ada", "--times", str(MANY), "--check-host")
    is_((tried.counts("acct"), tried.lines[-2:]), ({"PAM_SUCCESS": MANY}, SAME), "%d answers leave no descriptor" % MANY)
    host.end_fake()
    tried = host.run("auth,acct,open,close", "--user", "ada", "--times", str(4 * MANY), "--check-host")
    is_((tried.counts("auth"), tried.lines[-2:]), ({"PAM_AUTHINFO_UNAVAIL": 4 * MANY}, SAME), "nor do %d failures" % (4 * MANY))

    host.fake(*ASK, "handle=ABCDEFGH", "verdict=GRANTED")
    tried = host.run("auth", "--user", "ada", "--fork-auth", "--times", "100", "--check-host", answers=["x"])
    is_((tried.counts("auth"), tried.lines[-2:]), ({"PAM_SUCCESS": 100}, SAME), "auth in forked children")
done()
