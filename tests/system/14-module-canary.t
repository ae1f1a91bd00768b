#!/usr/bin/python3
# M17: when a phase has returned, what was typed is nowhere in the host's memory, whatever the phase came to.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok, skip_all
from pam import Host, needs_root

CANARY = "kingfisher-4711-canary"
BACKWARDS = CANARY[::-1]
ASK = ("recv", "prompt:password=Password: ", "recv")

needs_root()
if os.environ.get("MODE", "release") != "release":
    skip_all("a sanitizer keeps memory of its own")


def hunt(phase="auth", answers=CANARY + "\n", *options):
    tried = host.run(phase, "--user", "ada", "--answers-fd", "0", "--hunt", BACKWARDS, *options, input=answers.encode())
    return tried.code(phase), [line for line in tried.lines if line.startswith("found")][-1]


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
    host.fake("recv", "prelim=GRANTED", "prompt:current=Current: ", "recv", "prompt:new=New: ", "recv", "verdict=GRANTED")
    is_(hunt("chauthtok", (CANARY + "\n") * 2), ("PAM_SUCCESS", "found 0"), "a change")
    host.fake(*ASK, "verdict=GRANTED")
    is_(hunt("auth", CANARY * 100 + "\n"), ("PAM_AUTH_ERR", "found 0"), "too long")
done()
