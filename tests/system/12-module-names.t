#!/usr/bin/python3
# M4: a name that no account can have, and items that do not fit, are refused before a byte is sent; nothing is cut; a name that is
# not set is asked for.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

GRANT = ("recv", "verdict=GRANTED")
NAMES = {
    "empty": "", "257 bytes": "a" * 257, "1 MiB less a bit": "a" * 100000, "a newline": "a\nb", "a slash": "a/b", "a colon": "a:b",
    "dot dot": "..", "dot": ".", "a leading -": "-a", "a leading +": "+a", "a space": "a b", "a tab": "a\tb", "ESC": "a\x1b[m",
    "DEL": "a\x7f", "bad UTF-8": b"a\xff", "an overlong form": b"a\xc0\xaf", "a surrogate": b"\xed\xa0\x80",
}

needs_root()
with Host("timeout=5") as host:
    for name, user in NAMES.items():
        for phase, want in (("auth", ("PAM_AUTH_ERR",)), ("acct", ("PAM_AUTH_ERR",)), ("chauthtok", ("PAM_AUTH_ERR",))):
            host.fake(*GRANT)
            # An empty PAM_USER is as good as none: libpam asks, and gets the empty name again.
            tried = host.run(phase, "--user", user, answers=[""])
            ok(tried.code(phase) in want + (("PAM_CONV_ERR",) if not user else ()), "%s, %s: %s" % (phase, name, tried.code(phase)))
            is_(host.end_fake(), "", "... and nothing was sent")

    for name, user in (("256 bytes", "a" * 256), ("UTF-8", "zo\u00eb"), ("dots and digits", "a.b-c_9$"), ("a domain", "ada@example.org")):
        host.fake(*GRANT)
        is_(host.run("auth", "--user", user).code("auth"), "PAM_SUCCESS", name + " is a name")
        ok('user="%s"' % user in host.end_fake(), "... and arrives whole")

    host.fake(*GRANT)
    tried = host.run("auth", answers=["ada"])
    is_((tried.code("auth"), tried.user), ("PAM_SUCCESS", "ada"), "PAM_USER not set: asked for")
    host.fake(*GRANT)
    tried = host.run("auth,forget,auth", "--user", "ada", answers=["bob"])
    is_((tried.code("auth", 1), tried.user), ("PAM_SUCCESS", "bob"), "PAM_USER cleared after a login: asked for again")
    host.fake(*GRANT)
    tried = host.run("auth", answers=["@eof"])
    is_(tried.code("auth"), "PAM_CONV_ERR", "PAM_USER not set and nobody to say it")
    host.fake(*GRANT)
    is_(host.run("auth", answers=["@again"]).code("auth"), "PAM_INCOMPLETE", "PAM_USER not there yet")
    is_(host.end_fake(), "", "nothing was sent")

    for option, limit in (("--rhost", 1024), ("--tty", 256), ("--ruser", 256)):
        for length, want in ((limit, "PAM_SUCCESS"), (limit + 1, "PAM_AUTH_ERR")):
            host.fake(*GRANT)
            tried = host.run("auth", "--user", "ada", option, "r" * length)
            is_(tried.code("auth"), want, "%s of %d bytes" % (option, length))
            is_("r" * length in host.end_fake(), want == "PAM_SUCCESS", "... whole or not at all")
        host.fake(*GRANT)
        is_(host.run("auth", "--user", "ada", option, b"a\xff").code("auth"), "PAM_AUTH_ERR", option + " that is no UTF-8")
        is_(host.end_fake(), "", "... is not sent")
done()
