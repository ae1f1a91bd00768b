#!/usr/bin/python3
# M6 M7: a password arrives with every byte it has or not at all; PAM_DISALLOW_NULL_AUTHTOK and PAM_SILENT are honoured; other
# modules' passwords are used only if an option says so, and ours is left for them only after a success.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

ASK = ("recv", "prompt:password=Password: ", "recv")

needs_root()
with Host("timeout=5") as host:
    for length in (1, 512, 640):
        host.fake(*ASK, "verdict-if=" + "x" * length)
        is_(host.run("auth", "--user", "ada", answers=["@long=%d" % length]).code("auth"), "PAM_SUCCESS", "%d bytes" % length)
    for length in (641, 4097, 16384):
        host.fake(*ASK, "verdict=GRANTED")
        is_(host.run("auth", "--user", "ada", answers=["@long=%d" % length]).code("auth"), "PAM_AUTH_ERR", "%d bytes" % length)
        ok("answer" not in host.end_fake(), "... are not sent, and not cut")
    odd = "p\u00e4 ss\t\\\x7f%s"
    host.fake(*ASK, "verdict-if=" + odd)
    is_(host.run("auth", "--user", "ada", answers=[odd]).code("auth"), "PAM_SUCCESS", "odd bytes arrive as they are")

    host.fake(*ASK, "prompt:code=Code: ", "recv", "verdict=DENIED")
    tried = host.run("auth", "--user", "ada", answers=["", "123456"])
    is_((tried.code("auth"), tried.prompts), ("PAM_AUTH_ERR", ["Password: ", "Code: "]), "an empty password: the same prompts")
    ok('answer secret="" ' in host.end_fake(), "... it is authcd that refuses it")
    host.fake(*ASK, "verdict=GRANTED")
    is_(host.run("auth", "--user", "ada", "--flags", "disallow_null", answers=[""]).code("auth"), "PAM_AUTH_ERR",
        "PAM_DISALLOW_NULL_AUTHTOK: not even if authcd grants it")
    is_(host.run("auth", "--user", "ada", "--flags", "disallow_null", answers=["x"]).code("auth"), "PAM_SUCCESS",
        "PAM_DISALLOW_NULL_AUTHTOK: others are not concerned")

    host.fake("recv", "info=Hello.", "prompt:password=Password: ", "recv", "reason=Bye.", "verdict=GRANTED")
    tried = host.run("auth", "--user", "ada", "--flags", "silent", answers=["x"])
    is_((tried.said("info"), tried.prompts), ([], ["Password: "]), "PAM_SILENT silences all but prompts")
    host.fake("recv", "info=Hello.", "reason=Disabled.", "verdict=EXPIRED")
    is_(host.run("acct", "--user", "ada", "--flags", "silent").said("error"), [], "... and errors")
    ok("flags=1 " in host.end_fake(), "... and authcd knows")

    # What other modules see: pam_exec writes PAM_AUTHTOK to a file.
    seen = os.path.join(host.directory, "seen")
    catch = os.path.join(host.directory, "catch")
    with open(catch, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n/bin/cat > %s\n" % seen)
    os.chmod(catch, 0o755)

    def after(*script, options=(), first=None, answers=("hunter2",)):
        lines = [first] if first else []
        lines += [host.line("auth", *options, control="[default=ignore]"), "auth required pam_exec.so quiet expose_authtok " + catch]
        host.service("stack", lines=lines)
        host.fake(*script)
        if os.path.exists(seen):
            os.unlink(seen)
        tried = host.run("auth", "--user", "ada", "--service", "stack", answers=answers)
        with open(seen, encoding="utf-8") as file:
            return tried, file.read().rstrip("\0"), host.end_fake()

    tried, left, _ = after(*ASK, "verdict=GRANTED")
    is_((left, tried.prompts), ("hunter2", ["Password: "]), "a verified password is left for later modules")
    tried, left, _ = after(*ASK, "verdict=DENIED", answers=("hunter2", "typed for pam_exec"))
    is_(left, "typed for pam_exec", "one that was not verified is not")
    tried, left, _ = after("recv", "prompt:combined=Password and code: ", "recv", "verdict=GRANTED", answers=("hunter2123456", "other"))
    is_(left, "other", "nor is a password with a code behind it")

    earlier = "auth required pam_exec.so quiet expose_authtok /bin/true"
    tried, left, sent = after(*ASK, "verdict=GRANTED", first=earlier, answers=("earlier", "ours"))
    is_((len(tried.prompts), 'secret="ours"' in sent), (2, True), "no option: another module's password is not read")
    for option in ("use_first_pass", "try_first_pass"):
        tried, left, sent = after(*ASK, "prompt:password=New: ", "recv", "verdict=GRANTED", options=(option,), first=earlier,
                                  answers=("earlier", "second"))
        is_((len(tried.prompts), sent.count('secret="earlier"'), sent.count('secret="second"')), (2, 1, 1),
            option + ": it answers the first question for a password, and only that")
    host.fake(*ASK, "verdict=GRANTED")
    host.service("use", "use_first_pass")
    host.service("try", "try_first_pass")
    tried = host.run("auth", "--user", "ada", "--service", "use", answers=["x"])
    is_((tried.code("auth"), tried.prompts), ("PAM_AUTH_ERR", []), "use_first_pass without one fails")
    tried = host.run("auth", "--user", "ada", "--service", "try", answers=["x"])
    is_((tried.code("auth"), len(tried.prompts)), ("PAM_SUCCESS", 1), "try_first_pass without one asks")
done()
