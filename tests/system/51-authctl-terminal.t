#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# authctl at a terminal: secrets are asked there and not shown, the terminal is as before after ^C and ^Z, standard input stays
# free, heads are bold there and nowhere else; codes of a new token and of one that ran ahead: C3 C5 M18 O5.
import os
import pwd
import re
import sys

import pexpect

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, done, is_, like, ok, skip_all  # noqa: E402
from logins import decode_secret, hotp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
SELF = "www-data"
WHO = pwd.getpwnam(SELF)
GOOD = "correct horse battery"
ENV = {"PATH": os.environ["PATH"], "TERM": "xterm", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}


def become():
    os.setgroups([])
    os.setgid(WHO.pw_gid)
    os.setuid(WHO.pw_uid)


def spawn(host, words, own=False, env=None):
    return pexpect.spawn(host.authctl_path(), ["--run-dir", host.run_dir, *words.split()], env=env or ENV, encoding="utf-8",
                         timeout=20, preexec_fn=become if own else None)


def end(child):
    """What was shown since the last prompt; the child's exit status."""
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def answer(child, prompt, text, echo=False):
    child.expect_exact(prompt)
    child.waitnoecho(5) if not echo else None
    ok(child.getecho() == echo, "%s: echo is %s" % (prompt.strip(), "on" if echo else "off"))
    child.sendline(text)


def passwords(host):
    child = spawn(host, "passwd " + SELF)
    answer(child, "New password: ", "short")
    child.expect_exact("The password is too short: at least 12 characters.")
    answer(child, "New password: ", GOOD)
    answer(child, "Retype new password: ", GOOD + "x")
    child.expect_exact("do not match")
    answer(child, "New password: ", GOOD)
    answer(child, "Retype new password: ", GOOD)
    shown, status = end(child)
    is_((shown.strip(), status), ("%s: password set." % SELF, 0), "three tries, and it is set")
    ok("horse" not in shown, "what was typed was not shown")
    child = spawn(host, "passwd", own=True)
    answer(child, "Current password: ", "not it at all")
    shown, status = end(child)
    is_((shown.strip(), status), ("authctl: %s: denied" % SELF, 1), "one's own: the present one is asked, a wrong one denied")
    child = spawn(host, "passwd", own=True)
    answer(child, "Current password: ", GOOD)
    answer(child, "New password: ", GOOD + " 2")
    answer(child, "Retype new password: ", GOOD + " 2")
    is_(end(child)[1], 0, "a right one may be changed")


def proof(host):
    child = spawn(host, "factor add totp --label phone", own=True)
    answer(child, "Password: ", GOOD + " 2")
    shown, status = end(child)
    is_(status, 0, "a factor of one's own, after the password")
    like(shown, r"Secret( [A-Z2-7]{4}){8} \(shown once\)", "shows its secret")
    child = spawn(host, "factor confirm", own=True)
    answer(child, "Code of the new factor: ", "12345", echo=True)
    answer(child, "Password: ", GOOD + " 2")
    shown, status = end(child)
    is_((shown.strip(), status), ("authctl: wrong code", 1), "a wrong code confirms nothing")


def token(host):
    """Two codes in a row, and then whatever proves who one is."""
    added = host.authctl("factor", "add", "hotp", "--user", SELF, "--label", "token").json
    secret = decode_secret(added["secret"])
    child = spawn(host, "factor confirm", own=True)
    answer(child, "Code of the new factor: ", hotp(secret, 0), echo=True)
    answer(child, "Password: ", GOOD + " 2")
    shown, status = end(child)
    is_((shown.strip(), status), ('Factor 2 "token": confirmed.\r\nNext: authctl factor recovery --user %s' % SELF, 0),
        "a token is confirmed by its first code")
    child = spawn(host, "factor resync 2", own=True)
    answer(child, "Next code of the token: ", hotp(secret, 100), echo=True)
    answer(child, "The code after that: ", hotp(secret, 101), echo=True)
    answer(child, "Password: ", GOOD + " 2")
    answer(child, "Code: ", hotp(secret, 1), echo=True)
    shown, status = end(child)
    is_((shown.splitlines()[-1], status), ('Factor 2 "token": found again; its next code counts.', 0), "and found again by two in a row")
    host.authctl("factor", "remove", "2", "--user", SELF)


def stdin_is_free(host):
    child = pexpect.spawn("/bin/sh", ["-c", "echo not-the-password | %s --run-dir %s passwd %s" % (host.authctl_path(), host.run_dir, SELF)],
                          env=ENV, encoding="utf-8", timeout=20)
    answer(child, "New password: ", GOOD)
    answer(child, "Retype new password: ", GOOD)
    is_(end(child)[1], 0, "a pipe on standard input is not taken for the password")


def given_up(host):
    child = spawn(host, "passwd " + SELF)
    child.expect_exact("New password: ")
    child.waitnoecho(5)
    child.sendeof()
    shown, status = end(child)
    is_((shown.strip(), status), ("authctl: no answer", 1), "^D is no answer")


def ended(host, key, name):
    """By a signal from the keyboard, under a shell that leaves the terminal as it finds it."""
    shell = pexpect.spawn("/bin/sh", ["-c", "trap : INT QUIT; stty -g; %s --run-dir %s passwd %s; echo status=$?; stty -g"
                                      % (host.authctl_path(), host.run_dir, SELF)], env=ENV, encoding="utf-8", timeout=20)
    shell.expect_exact("New password: ")
    before = shell.before.strip()
    shell.waitnoecho(5)
    shell.sendcontrol(key)
    shown, _ = end(shell)
    got = re.search(r"status=(\d+)\r\n(\S+)\r\n", shown)
    ok(got and int(got.group(1)) > 128, "%s ends it" % name)
    is_(got and got.group(2), before, "and the terminal is as before")


def stopped(host):
    shell = pexpect.spawn("/bin/bash", ["--norc", "--noprofile", "-i"], env=dict(ENV, PS1="ready> "), encoding="utf-8", timeout=20)
    shell.expect_exact("ready> ")
    shell.sendline("%s --run-dir %s passwd %s" % (host.authctl_path(), host.run_dir, SELF))
    shell.expect_exact("New password: ")
    shell.waitnoecho(5)
    shell.send("half a pass")
    shell.sendcontrol("z")
    shell.expect("Stopped")
    ok("half" not in shell.before, "^Z stops it, and shows nothing of what was typed")
    shell.expect_exact("ready> ")
    shell.sendline("fg")
    answer(shell, "New password: ", GOOD)
    answer(shell, "Retype new password: ", GOOD)
    shell.expect_exact("%s: password set." % SELF)
    ok("horse" not in shell.before, "fg asks again, without showing what is typed")
    shell.sendline("exit")
    shell.close()


def colours(host):
    shown, _ = end(spawn(host, "user list"))
    like(shown, r"\x1b\[1m  USER .*LAST_LOGIN\x1b\[22m", "heads are bold on a terminal")
    shown, _ = end(spawn(host, "user list", env=dict(ENV, NO_COLOR="1")))
    ok("\x1b" not in shown and "USER" in shown, "not with NO_COLOR")
    shown, _ = end(spawn(host, "user list", env=dict(ENV, NO_COLOR="")))
    ok("\x1b[1m" in shown, "an empty NO_COLOR is none")
    shown, _ = end(spawn(host, "--json user list"))
    ok("\x1b" not in shown, "not in JSON")
    ok("\x1b" not in host.authctl("user", "list", json=False).out, "not into a pipe")


with Instance() as host:
    host.authctl("user", "add", SELF)
    passwords(host)
    proof(host)
    token(host)
    stdin_is_free(host)
    given_up(host)
    ended(host, "c", "^C")
    ended(host, "\\", "^\\")
    stopped(host)
    colours(host)
    audit = host.authctl("audit", "--user", SELF).json
    ok(not re.search("horse|half a", str(audit)), "nothing typed is in the audit")
done()
