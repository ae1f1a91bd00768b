#!/usr/bin/python3
# M1: every allocation fails once, in each phase, libpam's and libc's as well: what was denied stays denied, nothing is ignored, and
# what was granted is granted to the same uid or ends in an error. So do system calls that libc and libpam make (19-module-calls.t
# has the module's own).
# SPDX-License-Identifier: MIT
import re
import shutil
import subprocess
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, ok, skip_all
from pam import Host, PAMTRY, needs_root

needs_root()
if os.environ.get("MODE", "release") != "release":
    skip_all("sanitizers bring an allocator of their own")
ASK = ("recv", "info=Hello.", "prompt:password=Password: ", "recv", "handle=HANDLE7", "reason=So be it.", "verdict-if=hunter2")
# PAM_PERM_DENIED is what libpam makes of PAM_IGNORE.
NEVER = {"PAM_IGNORE", "PAM_PERM_DENIED", None}

with Host("timeout=5") as host:
    for phase, script in (("auth", ASK), ("acct", ("recv", "reason=No.", "verdict=FORBIDDEN")), ("open", ("recv", "verdict=DENIED")),
                          ("chauthtok", ("recv", "prelim=GRANTED", "prompt:new=New: ", "recv", "verdict=UNCHANGED"))):
        host.fake(*script)
        codes = []
        for number in range(1, 100):
            tried = host.run(phase, "--user", "root", "--fail-alloc", str(number), answers=["wrong"])
            codes.append(tried.code(phase))
            if "no allocation failed" in tried.lines:
                break
        denied = {"acct": {"PAM_PERM_DENIED"}}.get(phase, set())
        ok("PAM_SUCCESS" not in codes and not (NEVER - denied) & set(codes) and number < 99, "%s, denied, out of memory: %s" % (phase, set(codes)))
        ok(codes.count("PAM_BUF_ERR") >= 3, "... which is said %d times" % codes.count("PAM_BUF_ERR"))

    for number in range(1, 100):
        host.fake(*ASK)
        tried = host.run("auth", "--user", "root", "--fail-alloc", str(number), answers=["hunter2"])
        sent = host.end_fake()
        if tried.code("auth") == "PAM_SUCCESS":
            ok("target_uid=0 " in sent, "auth, granted, allocation %d fails in libc, which does without" % number)
        else:
            ok(tried.code("auth") in ("PAM_BUF_ERR", "PAM_SYSTEM_ERR"), "auth, granted, allocation %d fails: %s" % (number, tried.code("auth")))
        if "no allocation failed" in tried.lines:
            break

    # System calls, by strace: the last ones of each kind, also those before and after the module's own.
    CALLS = ("socket", "connect", "openat", "fstat,newfstatat")

    def traced(*options, answer):
        done = subprocess.run(["strace", "-qq", *options, PAMTRY, "--confdir", host.confdir, "--do", "auth", "--user", "root",
                               "--answer", answer], capture_output=True, text=True, check=False)
        found = re.search(r"^auth: (\w+)", done.stdout, re.M)
        return found.group(1) if found else None, done.stderr

    host.fake(*ASK)
    if shutil.which("strace") is None or traced(answer="hunter2")[0] != "PAM_SUCCESS":
        ok(True, "system calls # SKIP strace cannot be used here")
        done()
    for calls in CALLS:
        total = len(traced("-e", "trace=" + calls, answer="wrong")[1].splitlines())
        codes = {traced("-e", "trace=" + calls, "-e", "inject=%s:error=EIO:when=%d" % (calls, number), answer="wrong")[0]
                 for number in range(max(1, total - 20), total + 1)}
        ok(not codes & {"PAM_SUCCESS", "PAM_IGNORE", "PAM_PERM_DENIED"}, "auth, denied, %s fails: %s" % (calls, codes))
done()
