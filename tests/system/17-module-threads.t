#!/usr/bin/python3
# M11: 64 threads with a handle each get each their own verdict, under TSan without a race; auth in a forked child and the phases after it
# in the parent have connections of their own; loaded and unloaded 1,000 times, the module leaves nothing.
# SPDX-License-Identifier: MIT
import _ctypes
import ctypes
import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, MODULE, needs_root

MODE = os.environ.get("MODE", "release")
ASK = ("recv", "prompt:password=Password: ", "recv")
SAME = ["fds +0", "host unchanged"]
TIMES = 100 if MODE == "tsan" else 10
os.environ["TSAN_OPTIONS"] = "suppressions=" + os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "tsan.supp")


def loaded():
    with open("/proc/self/maps", encoding="utf-8") as file:
        return MODULE in file.read()


needs_root()
with Host("timeout=20") as host:
    # One account each time, every other answer wrong: a verdict for another connection would be seen.
    host.fake(*ASK, "handle=ABCDEFGH", "verdict-if=hunter2")
    tried = host.run("auth", "--user", "ada", "--threads", "64", "--times", str(TIMES), "--check-host", answers=["hunter2", "wrong"])
    is_(tried.counts("auth"), {"PAM_SUCCESS": 32 * TIMES, "PAM_AUTH_ERR": 32 * TIMES}, "64 threads, %d times: each its own verdict" % TIMES)
    is_((tried.status, tried.lines[-2:]), (0, SAME), "... and nothing is left")
    if MODE == "tsan":
        ok("ThreadSanitizer" not in tried.err, "... without a race")
        done()
        sys.exit()

    tried = host.run("auth", "--user", "ada", "--fork-auth", "--times", "100", "--check-host", answers=["hunter2"])
    is_((tried.counts("auth"), tried.lines[-2:]), ({"PAM_SUCCESS": 100}, SAME), "auth in forked children")
    for how, who in ((("--fork-auth",), 2), ((), 1)):
        host.fake(*ASK, "verdict-if=hunter2")
        tried = host.run("auth,acct,open", "--user", "ada", "--check-host", *how, answers=["hunter2"])
        sent = re.findall(r"^(begin|answer|abort) .*from pid=(\d+)", host.end_fake(), re.M)
        is_([what for what, _ in sent], ["begin", "answer", "begin", "abort", "begin", "abort"], "each phase is a connection of its own %s" % (how,))
        pids = [pid for _, pid in sent]
        ok(len(set(pids[:2])) == 1 and len(set(pids[2:])) == 1 and len(set(pids)) == who, "... spoken on by one process: %s" % pids)

    host.end_fake()
    tried = host.run("auth,acct", "--user", "ada", "--times", "1100", "--check-memory", "--check-host")  # pam_end unloads
    grown = int(re.search(r"^memory ([+-]\d+)$", tried.out, re.M).group(1))
    ok(grown < 8192 and "mappings +0" in tried.lines and tried.lines[-2:] == SAME, "loaded 1,100 times: %d bytes, no mapping is left" % grown)
    if MODE == "release":
        left = 0
        for _ in range(1000):
            module = ctypes.CDLL(MODULE, mode=os.RTLD_NOW | os.RTLD_LOCAL)
            _ctypes.dlclose(module._handle)
            left += loaded()
        is_(left, 0, "dlopen, dlclose, 1,000 times: gone each time")
done()
