#!/usr/bin/python3
# M5 M18: whatever the application does wrong when it is asked, the attempt fails with the code for it, and authcd is told that
# nobody will answer. (Wiping and freeing: tests/unit/pam_authc/conv.c under ASan.)
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

TWO = ("recv", "prompt:password=Password: ", "recv", "prompt:code=Code: ", "recv", "verdict=GRANTED")
WRONG = [("@eof", "PAM_CONV_ERR"), ("@null", "PAM_CONV_ERR"), ("@again", "PAM_INCOMPLETE"), ("@nomem", "PAM_BUF_ERR"),
         ("@long=1048576", "PAM_CONV_ERR"), ("@long=1025", "PAM_AUTH_ERR")]

needs_root()
with Host("timeout=5") as host:
    for answer, want in WRONG:
        host.fake(*TWO)
        is_(host.run("auth", "--user", "ada", answers=[answer]).code("auth"), want, answer + " at the first prompt")
        sent = host.end_fake()
        ok("answer" not in sent and "\nabort" in sent, "... authcd gets no answer but an abort")
        host.fake(*TWO)
        tried = host.run("auth", "--user", "ada", answers=["hunter2", answer])
        is_(tried.code("auth"), want, answer + " at the second prompt")
        sent = host.end_fake()
        ok(sent.count("answer") == 1 and "\nabort" in sent, "... authcd gets one answer and an abort")

    host.fake(*TWO)
    is_(host.run("auth", "--user", "ada", "--no-conv").code("auth"), "PAM_CONV_ERR", "no conversation function")

    host.fake(*TWO)
    tried = host.run("auth", "--user", "ada", answers=["hunter2", "123456"])
    is_(tried.code("auth"), "PAM_SUCCESS", "PAM_RHOST, PAM_TTY and PAM_RUSER not set")
    is_(tried.said("prompt echo=off") + tried.said("prompt echo=on"), ["Password: ", "Code: "], "echo as authcd says")
    ok('tty="" rhost="" ruser=""' in host.end_fake(), "... are sent empty")

    for text in ("100%s%n", "\u2588\u2580\u2584" * 500, "x" * 6144):
        host.fake("recv", "prompt:code=" + text, "recv", "verdict=GRANTED")
        tried = host.run("auth", "--user", "ada", answers=["1"])
        is_((tried.code("auth"), tried.prompts), ("PAM_SUCCESS", [text]), "a prompt of %d characters arrives as it is" % len(text))

    host.fake("recv", "info=Hello.", "reason=Welcome.", "verdict=GRANTED")
    tried = host.run("auth,acct", "--user", "ada")
    is_(tried.said("info"), ["Hello.", "Welcome."] * 2, "what authcd has to say is shown")
    host.fake("recv", "info=Hello.", "reason=Disabled.", "verdict=EXPIRED")
    tried = host.run("acct", "--user", "ada")
    is_((tried.code("acct"), tried.said("error")), ("PAM_ACCT_EXPIRED", ["Disabled."]), "a refusal's reason is an error message")
    host.fake("recv", "reason=Not here.", "verdict=NO_SESSION")
    is_(host.run("open", "--user", "ada").said("error"), [], "a service without sessions says nothing")
done()
