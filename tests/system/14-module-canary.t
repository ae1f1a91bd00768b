#!/usr/bin/python3
# M17: when a phase has returned, what was typed is nowhere in the host's memory, whatever the phase came to; no piece of it is in a
# core, and a trace of the host's system calls has it in the one packet for authcd only, not in a log.
# SPDX-License-Identifier: MIT
import glob
import resource
import shutil
import subprocess
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok, skip_all
from pam import Host, PAMTRY, needs_root

CANARY = "kingfisher-4711-canary"
BACKWARDS = CANARY[::-1]
PIECES = [CANARY[i:i + 8].encode() for i in range(len(CANARY) - 7)]  # what a register or half a wipe would leave
ASK = ("recv", "prompt:password=Password: ", "recv")

needs_root()
if os.environ.get("MODE", "release") != "release":
    skip_all("a sanitizer keeps memory of its own")


def hunt(phase="auth", answers=CANARY + "\n", *options):
    tried = host.run(phase, "--user", "ada", "--answers-fd", "0", "--hunt", BACKWARDS, *options, input=answers.encode())
    return tried.code(phase), [line for line in tried.lines if line.startswith("found")][-1]


def try_under(host, phase, user, prefix=(), options=(), **how):
    return subprocess.run([*prefix, PAMTRY, "--confdir", host.confdir, "--user", user, "--do", phase, "--answers-fd", "0", *options],
                          input=(CANARY + "\n").encode() * 2, stdout=subprocess.DEVNULL, cwd=host.directory, check=False, **how)


def core(host, phase="auth", user="ada"):
    """The core of a host that crashes as soon as the phase has returned; empty where the machine keeps cores elsewhere."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try_under(host, phase, user, options=["--abort"], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, unlimited))
    found = glob.glob(os.path.join(host.directory, "core*"))
    if not found:
        return b""
    with open(found[0], "rb") as file:
        image = file.read()
    os.unlink(found[0])
    return image


def pieces(image):
    return [piece for piece in PIECES if piece in image]


CHANGE = ("recv", "prelim=GRANTED", "prompt:current=Current: ", "recv", "prompt:new=New: ", "recv", "verdict=GRANTED")
OUTCOMES = [("granted", "auth", (*ASK, "verdict-if=" + CANARY)), ("denied", "auth", (*ASK, "verdict=DENIED")),
            ("nonsense", "auth", (*ASK, "raw=ff")), ("authcd hangs up", "auth", ASK), ("a change", "chauthtok", CHANGE)]

with Host("timeout=1") as host:
    host.fake(*ASK, "verdict-if=" + CANARY)
    is_(hunt(), ("PAM_SUCCESS", "found 0"), "granted")
    ok(CANARY in host.end_fake(), "... and it did arrive")
    ok("found 0" not in host.run("auth", "--user", CANARY, "--hunt", BACKWARDS).lines, "the hunt finds what is there")
    host.fake(*ASK, "verdict=DENIED")
    is_(hunt(), ("PAM_AUTH_ERR", "found 0"), "denied")
    host.fake(*ASK, "nonce=bad", "verdict=GRANTED")
    is_(hunt(), ("PAM_AUTH_ERR", "found 0"), "nonsense")
    host.fake(*ASK)
    is_(hunt(), ("PAM_AUTH_ERR", "found 0"), "authcd hangs up")
    host.fake(*ASK, "hold")
    is_(hunt(), ("PAM_AUTH_ERR", "found 0"), "authcd is silent")
    host.fake("recv", "prompt:password=Password: ")
    is_(hunt(), ("PAM_AUTH_ERR", "found 0"), "authcd is gone before it is sent")
    host.fake(*ASK, "prompt:code=Code: ", "recv", "verdict=GRANTED")
    is_(hunt(), ("PAM_CONV_ERR", "found 0"), "the person leaves at the second prompt")
    host.fake("recv", "prompt:combined=Password and code: ", "recv", "verdict=GRANTED")
    is_(hunt(), ("PAM_SUCCESS", "found 0"), "password and code in one")
    host.fake(*CHANGE)
    is_(hunt("chauthtok", (CANARY + "\n") * 2), ("PAM_SUCCESS", "found 0"), "a change")
    host.fake(*ASK, "verdict=GRANTED")
    is_(hunt("auth", CANARY * 100 + "\n"), ("PAM_AUTH_ERR", "found 0"), "too long")

    control = core(host, user=CANARY)
    is_(pieces(control), PIECES if control else [], "a core has what is in memory%s" % ("" if control else " # SKIP there is none"))
    for name, phase, script in OUTCOMES if control else ():
        host.fake(*script)
        is_(pieces(core(host, phase)), [], "no piece of it in a core: " + name)

    trace = os.path.join(host.directory, "trace")
    can_trace = shutil.which("strace") and subprocess.run(["strace", "-o", trace, "true"], check=False).returncode == 0
    for name, phase, script in OUTCOMES if can_trace else ():
        host.fake(*script)
        try_under(host, phase, "ada", prefix=["strace", "-f", "-s", "65536", "-o", trace])
        with open(trace, encoding="utf-8", errors="replace") as file:
            calls = [line.split(None, 1)[1] for line in file if CANARY in line]
        is_([call.partition("(")[0] for call in calls], ["sendmsg"] * (2 if phase == "chauthtok" else 1), "a trace: sent, once a prompt: " + name)
done()
