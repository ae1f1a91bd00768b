#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# P6: authctl user invite and user reset: a password that authcd makes, told once to root alone, that opens one login, which changes
# it, and is in no argument, log, audit or file (T7). The old password and its sessions are gone with it; a code stays.
import os
import pwd
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PROMPT, Instance, done, is_, like, ok, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add_totp, events, login, request, show, totp, traces  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
SELF = pwd.getpwnam("www-data")  # a user that every Debian has
FORM = r"([b-tvx]{4}(?:-[b-tvx]{4}){4})"
CHANGE = dict(phase="CHAUTHTOK", flags=4)


def told(host, *words):
    """(exit status, the password that was printed for people, all of it)"""
    result = host.authctl(*words, json=False)
    found = re.search(r"\n\n  %s\n\n" % FORM, result.out)
    return result.code, found.group(1) if found else "", result


def change(host, old, new):
    """As sshd, login and su have it changed between auth and session; the verdict."""
    row = Login(host, "ada", **CHANGE).run({PROMPT["CURRENT_PASSWORD"]: old, PROMPT["NEW_PASSWORD"]: new, PROMPT["RETYPE_PASSWORD"]: new})
    return verdict_name(row["verdict"])


def acct(host):
    return verdict_name(Login(host, "ada", phase="ACCT").run({})["verdict"])


def invite(host):
    code, made, result = told(host, "user", "invite", "ada", "--uid", "1001", "--role", "admin")
    is_((code, result.err), (0, ""), "user invite")
    like(result.out, r"\Aada: invited \(uid 1001, admin\)\.\n\n  %s\n\nThis is for one login, which asks for a new password\. It is shown once, "
         r"and good until\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\. Tell it to ada and to nobody else\.\n" % FORM, "says what to tell ada")
    row = show(host)
    is_((row["state"], row["must_change"], row["password_expires_at"] - row["password_changed_at"]), ("active", True, 7 * 86400),
        "the account waits for its first login, for a week")
    is_(login(host, "ada", made)[0], "GRANTED", "which it opens")
    is_(acct(host), "MUST_CHANGE", "and which has to change it")
    is_(change(host, "guessed", PASSWORD), "DENIED", "who does not know it does not")
    is_(change(host, made, PASSWORD), "GRANTED", "who does, does")
    is_((acct(host), login(host, "ada", PASSWORD)[0], login(host, "ada", made)[0]), ("GRANTED", "GRANTED", "DENIED"),
        "now the person's own password opens, and the made one does not")
    row = show(host)
    is_((row["must_change"], row["password_expires_at"]), (False, 0), "and lasts")
    return made


def refused(host):
    code, made, result = told(host, "user", "invite", "ada", "--uid", "1001")
    is_((code, made), (1, ""), "nobody is invited twice")
    like(result.err, 'account "ada" exists', "and is told why")
    like(told(host, "user", "invite", "no-such-user-here")[2].err, "no user .*--uid", "whom the host does not know needs a uid")
    like(told(host, "user", "reset", "nobody-here")[2].err, r"account unknown to authcd\n", "who has no account has no password to reset")
    is_(told(host, "user", "reset", "../ada")[0], 2, "nor has a name that is none")
    request(host, "user_add", user=SELF.pw_name, uid=SELF.pw_uid, role="admin")
    for words in (("user", "reset", SELF.pw_name), ("user", "reset", "ada"), ("user", "invite", "eve", "--uid", "1007")):
        result = host.authctl(*words, uid=SELF.pw_uid)
        is_((result.code, result.out), (1, ""), "authctl %s is not for everybody" % " ".join(words))
    is_(show(host, SELF.pw_name)["password"], False, "and nothing came of it")


def reset(host):
    secret, _ = add_totp(host)
    result = host.authctl("user", "reset", "ada")
    made = result.json["password"]
    is_(sorted(result.json), ["expires_at", "password", "role", "uid", "user"], "user reset --json: one row")
    ok(re.fullmatch(FORM, made), "with another password")
    is_(login(host, "ada", PASSWORD, totp(secret))[0], "DENIED", "the old one opens nothing any more")
    is_([login(host, "ada", made, code)[0] for code in ("000000", totp(secret))], ["DENIED", "GRANTED"], "the new one does, with the code")
    return made


with Instance() as host:
    secrets = [invite(host)]
    refused(host)
    secrets.append(reset(host))
    rows = [(row["event"], row["result"]) for row in events(host) if row["user"] == "ada" and row["event"].startswith("password.")]
    made = ("password.reset", "to be changed at the next login, within 7 days")
    is_(rows, [made, ("password.reject", "wrong current password, 1 of 5"), ("password.set", ""), made], "the audit tells the story")
    is_(traces(host, *secrets, *[text.replace("-", "") for text in secrets]), [], "and nothing that was made is left anywhere")
done()
