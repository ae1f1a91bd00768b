#!/usr/bin/python3
# M2 M3: only GRANTED for this user and this nonce lets in; whatever else authcd says denies, and PAM_USER stays.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

ASK = ("recv", "prompt:password=Password: ", "recv")
OTHER = [
    ("another user", ("user=root", "verdict=GRANTED")),
    ("no user", ("user=", "verdict=GRANTED")),
    ("the user and more", ("user=ada ", "verdict=GRANTED")),
    ("another nonce", ("nonce=bad", "verdict=GRANTED")),
    ("a verdict of 0", ("verdict=0",)),
    ("a verdict of 1", ("verdict=1",)),
    ("a verdict of -1", ("verdict=0xffffffff",)),
    ("one bit off GRANTED", ("verdict=0x33333332",)),
    ("DENIED", ("verdict=DENIED",)),
    ("BUSY", ("verdict=BUSY",)),
    ("FORBIDDEN", ("verdict=FORBIDDEN",)),
    ("EXPIRED", ("verdict=EXPIRED",)),
    ("MUST_CHANGE", ("verdict=MUST_CHANGE",)),
    ("UNCHANGED", ("verdict=UNCHANGED",)),
    ("NO_SESSION, which open ignores", ("verdict=NO_SESSION",)),
    ("UNKNOWN after a prompt", ("verdict=UNKNOWN",)),
    ("GRANTED with a handle that is no word", ("handle=A\nB=C", "verdict=GRANTED")),
    ("a row of a tool", ("raw=010009000000000000000000000000",)),
    ("another version in words", ("versions",)),
    ("another version in the header", ("raw=020005000141",)),
    ("an unknown message", ("raw=017fff",)),
    ("a request", ("raw=010003",)),
    ("one byte", ("raw=01",)),
    ("an empty packet", ("raw=",)),
    ("a packet at the limit", ("size=16384",)),
    ("a packet over the limit", ("size=16385",)),
    ("GRANTED with descriptors", ("with-fds", "verdict=GRANTED")),
    ("INFO with descriptors, then GRANTED", ("with-fds", "info=x", "verdict=GRANTED")),
    ("trailing bytes", ("raw=0100050001414242",)),
    ("bad UTF-8", ("raw=0100050001ff",)),
    ("nothing, it hangs up", ()),
    ("refused, busy", ("refused=7",)),
    ("refused, not allowed", ("refused=2",)),
]

needs_root()
with Host("timeout=5") as host:
    host.fake(*ASK, "verdict=GRANTED")
    tried = host.run("auth", "--user", "ada", "--check-host", answers=["hunter2"])
    is_(tried.code("auth"), "PAM_SUCCESS", "GRANTED lets in")
    is_(tried.prompts, ["Password: "], "after what it asked")
    for name, script in OTHER:
        host.fake(*ASK, *script)
        tried = host.run("auth", "--user", "ada", "--check-host", answers=["hunter2"])
        is_(tried.code("auth"), "PAM_AUTH_ERR", name)
        ok(tried.user == "ada" and not tried.env and "fds +0" in tried.lines, "... user, environment, descriptors as before")

    host.fake("recv", "verdict=UNKNOWN")
    is_(host.run("auth", "--user", "ada").code("auth"), "PAM_USER_UNKNOWN", "UNKNOWN before any prompt is told")

    host.fake(*ASK, "verdict=GRANTED")
    tried = host.run("auth", "--user", "ada", answers=["@user=root"])
    is_(tried.code("auth"), "PAM_AUTH_ERR", "an application that changes PAM_USER while we ask gets nothing")

    host.fake("recv", "prompt:password=Again: ", "recv", "goto=2")
    tried = host.run("auth", "--user", "ada", answers=["x"] * 40)
    is_((tried.code("auth"), len(tried.prompts)), ("PAM_AUTH_ERR", 16), "prompts for ever end after 16")
    ok("\nabort" in host.end_fake(), "and authcd is told")
    host.fake("recv", "info=bla", "goto=2")
    tried = host.run("auth", "--user", "ada")
    is_((tried.code("auth"), len(tried.said("info"))), ("PAM_AUTH_ERR", 16), "talk for ever ends, too")

    for phase in ("acct", "open"):
        host.fake("recv", "prompt:password=Password: ", "recv", "verdict=GRANTED")
        tried = host.run(phase, "--user", "ada", answers=["x"])
        is_((tried.code(phase), tried.prompts), ({"acct": "PAM_AUTH_ERR", "open": "PAM_SESSION_ERR"}[phase], []),
            "%s asks nothing" % phase)
done()
