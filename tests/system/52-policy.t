#!/usr/bin/python3
# What a service asks, and why: policy show names the rule behind each value; test-login leads the real conversation, says what it
# came to, counts what was wrong, and leaves nothing behind: O7 C1 C5 C6 M14 W7.
# SPDX-License-Identifier: MIT
import os
import sys

import pexpect

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, done, is_, like, ok, skip_all  # noqa: E402
from logins import PASSWORD, add, add_totp, login, room_in_step, totp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
CONFIG = """
[service *]
unenrolled   = enrol
[service sshd]
key_replaces = password
max_sessions = 10
[service sudo]
factors      = otp
grace        = 15m
roles        = superadmin admin
[service old]
unenrolled   = skip
[role superadmin]
grace        = 0s
[role admin]
factors      = password otp
unenrolled   = deny
"""
ENV = {"PATH": os.environ["PATH"], "TERM": "xterm", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}


def shown(host, *words, **how):
    """{item: (value, rule)}"""
    said = host.authctl("policy", "show", *words, **how)
    return {row["item"]: (row["value"], row["rule"]) for row in said.json} if said.code == 0 else said.err.strip()


def show(host):
    ada = shown(host, "sudo", "ada")
    is_(ada["asked"], ("code, password", "[service sudo] factors = otp, and [role admin] factors = password otp"),
        "her role is asked for more")
    is_(ada["unenrolled"], ("deny", "built-in row of sudo unenrolled = deny for enrol: whatever runs in the session and knows the "
                            "password could make the second factor its own"), "where nobody enrols, enrol is deny")
    is_((ada["grace"], ada["asked again in this session"][0]), (("15m", "[service sudo] grace = 15m"), "password"), "grace, and what it saves")
    is_((ada["login"], ada["account"][0]), (("right answers let in", ""), "granted"), "she gets in")
    bob = shown(host, "sshd", "bob")
    is_(bob["asked"], ("password, then a code is enrolled", "[service *] unenrolled = enrol: there is no code"), "he would enrol")
    is_(bob["sessions"], ("yes", "built-in row of sshd sessions = yes"), "a built-in row")
    is_(bob["max_sessions"], ("10", "[service sshd] max_sessions = 10"), "a bound")
    is_(shown(host, "sudo", "bob")["account"],
        ("account locked, or its role is not allowed here: the role is not let in here", "[service sudo] roles = superadmin admin"),
        "who may not, and why")
    people = shown(host, "sudo")
    is_((people["asked"][0], people["asked of admin"][0], "asked of superadmin" in people, "login" in people),
        ("code", "code, password", False, False), "people in general, and roles of which more is asked")
    is_(people["asked of a stranger"][0], "code, password", "a stranger's name as the strictest")
    is_(shown(host, "sshd")["asked after a key"], ("code", "[service sshd] key_replaces = password: sshd verified one"), "after a key")
    text = host.authctl("policy", "show", "sshd", "ada", json=False).out
    like(text, r"^  ITEM +VALUE +RULE\n  asked +password, code +built-in default factors = password otp\n", "a table for people")


def others(host):
    is_(shown(host, "sshd", uid=1001)["login"][0], "right answers let in", "everybody may look at their own")
    other, nobody = shown(host, "sshd", "bob", uid=1001), shown(host, "sshd", "nobody", uid=1001)
    ok(other == nobody and "not allowed" in other, "W7: another's is nobody's")
    is_(shown(host, "sshd", "nobody"), 'authctl: no account "nobody"', "root is told")
    like(shown(host, "a/b"), "not a name of a PAM service", "not any text is a service")
    is_([host.authctl(*words).code for words in (("policy", "show"), ("test-login",), ("test-login", "sshd", "ada", "x"))], [2, 2, 2],
        "usage")
    tried = host.authctl("test-login", "sshd", "ada", uid=1001)
    ok(tried.code == 1 and tried.out == "" and "root only" in tried.err, "nobody else may try a login")


def trials(host, secret):
    room_in_step(4)
    code = totp(secret)
    both = "%s\n%s\n" % (PASSWORD, code)
    good = host.authctl("test-login", "sshd", "ada", "--password-stdin", "--code-stdin", input=both)
    is_((good.code, good.json["login"], good.json["account"], good.json["reason"]), (0, "granted", "granted", "password + code"),
        "right answers")
    is_(good.json["policy"][0]["item"], "asked", "with the policy beside it")
    again = host.authctl("test-login", "sshd", "ada", "--password-stdin", "--code-stdin", input=both, json=False)
    is_((again.code, again.out.splitlines()[-1]), (1, "sshd would not let ada in: code already used, 1 of 5."), "a code is judged as ever")
    is_(login(host, "ada", code=code)[0], "DENIED", "and is used up for the login itself")
    is_(host.authctl("session", "list").json, [], "no session")
    is_(host.authctl("user", "show", "ada").json["last_login_at"], 0, "no last login")
    enrol = host.authctl("test-login", "sshd", "bob", "--password-stdin", input=PASSWORD + "\n")
    is_((enrol.code, enrol.json["login"], enrol.json["account"], enrol.json["reason"]),
        (1, "denied", None, "right password, but a code is to be enrolled first"), "nobody is enrolled by a test")
    is_(host.authctl("factor", "list", "--user", "bob").json, [], "indeed")
    role = host.authctl("test-login", "sudo", "bob", "--code-stdin", "--password-stdin", input="123456\nx\n", json=False)
    is_((role.code, role.out.splitlines()[-1]), (1, "sudo would not let bob in: role not allowed in this service, 1 of 5."), "a role")
    host.authctl("user", "disable", "bob")
    gone = host.authctl("test-login", "old", "bob", "--password-stdin", "--code-stdin", input=PASSWORD + "\n000000\n", json=False)
    like(gone.out, "old would not let bob in: account disabled", "a disabled account")
    host.authctl("user", "enable", "bob")
    events = [(row["user"], row["service"], row["source"], row["result"]) for row in host.authctl("audit").json if row["event"] == "login.test"]
    is_(events[:2], [("ada", "sshd", "uid:0", "granted: password + code"), ("ada", "sshd", "uid:0", "denied: code already used, 1 of 5")],
        "the audit calls them tests")
    is_(len(events), 5, "each is one event")


def terminal(host, secret):
    child = pexpect.spawn(host.authctl_path(), ["--run-dir", host.run_dir, "test-login", "old", "ada"], env=ENV, encoding="utf-8",
                          timeout=20, dimensions=(24, 200))
    child.expect(r"asked +password, code +built-in default factors = password otp.*account +granted")
    child.expect_exact("Password: ")
    child.waitnoecho(5)
    child.sendline(PASSWORD)
    child.expect_exact("Code: ")
    child.sendline(totp(secret, 1))
    child.expect(pexpect.EOF)
    child.close()
    like(child.before, r"old would let ada in: password \+ code\. Nothing came of it: no session, and no known source\.", "at a terminal")
    ok(child.exitstatus == 0 and "horse" not in child.before, "and the password is not shown")


with Instance(CONFIG) as host:
    add(host, "ada", 1001, "admin")
    add(host, "bob", 1002, "user")
    secret, _ = add_totp(host, "ada")
    show(host)
    others(host)
    trials(host, secret)
    terminal(host, secret)
done()
