#!/usr/bin/python3
# M9 M10: the host keeps its signal handlers, mask, umask, directory, locale and descriptors, whatever they are; signals, closed or
# exhausted descriptors and hang-ups change no verdict into a yes; 10,000 calls leave no descriptor and no memory.
# SPDX-License-Identifier: MIT
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

ASK = ("recv", "prompt:password=Password: ", "recv")
SAME = ["fds +0", "host unchanged"]
MANY = 4000 if os.environ.get("MODE", "release") == "release" else 200  # a sanitizer's dlopen takes its time

needs_root()
with Host("timeout=20") as host:
    host.fake(*ASK, "sleep=200", "verdict-if=hunter2")
    tried = host.run("auth", "--user", "ada", "--signals", "1000", "--check-host", answers=["hunter2"])
    is_(tried.code("auth"), "PAM_SUCCESS", "1,000 signals a second: granted all the same")
    ok(tried.ms("auth") >= 190 and tried.lines[-1] == "host unchanged", "... after a wait that they interrupted")
    tried = host.run("auth", "--user", "ada", "--signals", "1000", answers=["wrong"])
    is_(tried.code("auth"), "PAM_AUTH_ERR", "... or denied")

    host.fake(*ASK, "info=Hello.", "reason=Bye.", "verdict-if=hunter2")
    for answer, want in (("hunter2", "PAM_SUCCESS"), ("wrong", "PAM_AUTH_ERR")):
        tried = host.run("auth,setcred,acct,chauthtok,open,close", "--user", "ada", "--peculiar", "--check-host", answers=[answer] * 9)
        is_((tried.code("auth"), tried.lines[-2:]), (want, SAME), "a host with ways of its own, all phases, %s: unchanged" % want)

    host.fake(*ASK, "verdict-if=hunter2")
    for answer, want in (("hunter2", "PAM_SUCCESS"), ("wrong", "PAM_AUTH_ERR")):
        tried = host.run("auth,acct", "--user", "ada", "--close-low", "--check-host", answers=[answer])
        is_(tried.code("auth"), want, "descriptors 0 to 2 closed: " + want)
        is_(tried.lines[-2:], SAME, "... and still closed")
    codes = {}
    for limit in range(5, 16):
        tried = host.run("auth", "--user", "ada", "--nofile", str(limit), "--check-host", answers=["wrong"])
        codes[limit] = tried.code("auth")
    ok(not {"PAM_SUCCESS", "PAM_IGNORE", "PAM_PERM_DENIED"} & set(codes.values()), "wrong password, few descriptors: %s" % codes)
    is_(host.run("auth", "--user", "ada", "--nofile", "16", answers=["hunter2"]).code("auth"), "PAM_SUCCESS", "a few are enough")

    host.fake("recv", "prompt:password=Password: ")
    tried = host.run("auth", "--user", "ada", "--times", "300", "--check-host", answers=["hunter2"])
    is_(tried.counts("auth"), {"PAM_AUTH_ERR": 300}, "hang-ups while we send: no SIGPIPE")
    is_(tried.lines[-2:], SAME, "... and nothing is left")

    def many(name, phases, code):
        tried = host.run(phases, "--user", "ada", "--times", str(MANY), "--check-host", "--check-memory")
        is_((tried.counts("auth" if "auth" in phases else "acct"), tried.lines[-2:]), ({code: MANY}, SAME), name + " leave no descriptor")
        grown = int(re.search(r"^memory ([+-]\d+)$", tried.out, re.M).group(1))
        # the smallest piece that malloc gives is 32 bytes: a leak a call is far more than a page or two that libc keeps
        ok(grown < 16 * MANY and "mappings +0" in tried.lines, "... and nothing a call: %d bytes" % grown)

    host.fake("recv", "verdict=GRANTED")
    many("%d answers" % MANY, "acct", "PAM_SUCCESS")
    host.end_fake()
    many("%d failures" % (4 * MANY), "auth,acct,open,chauthtok", "PAM_AUTHINFO_UNAVAIL")
done()
