#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# What a person does about factors with authctl: kinds and lengths of codes, names, a token that ran ahead, a clock that was
# wrong, recovery codes; what is shown once stays in no file and no log: O1 O2 O3 O5 O6 A4 C3.
import base64
import os
import pwd
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, done, is_, like, ok, skip_all
from logins import decode_secret, edit, events, hotp, room_in_step, set_password, totp, traces

if os.geteuid() != 0:
    skip_all("needs root")
SELF = "www-data"  # a user that every Debian has
UID = pwd.getpwnam(SELF).pw_uid
GOOD = "correct horse battery"
CODE = r"[b-hjknprstvx]{4}(?:-[b-hjknprstvx]{4}){4}"


def run(host, words, input=None, uid=None):
    return host.authctl(*words.split(), json=False, input=input, uid=uid)


def says(host, words, pattern, input=None, uid=None, code=0):
    result = run(host, words, input, uid)
    out = result.out if code == 0 else result.err
    like(out, pattern, words)
    is_(result.code, code, "... exit %d" % code)
    return result


def secret_of(result):
    return decode_secret(re.search(r"secret=([A-Z2-7]+)", result.out).group(1))


def kinds(host):
    """O1: each parameter reaches the address and the code."""
    shown = says(host, "factor add totp --user ada --label slow --period 60 --digits 8 --algorithm SHA512",
                 r"otpauth://totp/\S+&algorithm=SHA512&digits=8&period=60\n")
    code = totp(secret_of(shown), 0, 8, "sha512", period=60)
    says(host, "factor confirm --user ada --code-stdin", r"confirmed", input=code + "\n")
    says(host, "factor add totp --user ada --period 45", "30 or 60 seconds, not 45", code=1)
    says(host, "factor add hotp --user ada --period 30", "no period", code=1)
    says(host, "factor add sms --user ada", "totp and hotp", code=1)
    token = secret_of(says(host, "factor add hotp --user ada --label token",
                           r"otpauth://hotp/\S+&algorithm=SHA1&digits=6&counter=0\n(.*\n)*Factor 2 \"token\": inactive"))
    says(host, "factor confirm --user ada --id 2 --code-stdin", "wrong code", input=hotp(token, 11) + "\n", code=1)
    says(host, "factor confirm --user ada --id 2 --code-stdin", "confirmed", input=hotp(token, 0) + "\n")
    says(host, "factor list --user ada", r"\A  ID  KIND  LABEL  FORM +CONFIRMED  CREATED .*\n"
         r"   1  totp  slow   8 digits, 60s, SHA512  yes  .*\n   2  hotp  token  6 digits +yes  ")
    return token


def names(host):
    says(host, "factor rename 1 old-phone --user ada", r'\AFactor 1: now "old-phone"\.\n\Z')
    says(host, "factor rename --id 1 --label token --user ada", 'has a factor "token" already', code=1)
    says(host, "factor rename 1 --user ada", "missing: --label", code=2)
    is_([row["label"] for row in host.authctl("factor", "list", "--user", "ada").json], ["old-phone", "token"], "so they are listed")


def counter(host, token):
    """A button that was pressed in a pocket."""
    ahead = hotp(token, 300) + "\n" + hotp(token, 301) + "\n"
    says(host, "factor resync 2 --user ada --code-stdin", "not two codes of it in a row", input=hotp(token, 300) + "\n" + hotp(token, 302) + "\n",
         code=1)
    says(host, "factor resync 2 --user ada --code-stdin", "code: no answer", input=hotp(token, 300) + "\n", code=1)
    says(host, "factor resync 2 --user ada --code-stdin", r'\AFactor 2 "token": found again; its next code counts\.\n\Z', input=ahead)
    says(host, "factor resync 2 --user ada --code-stdin", "not two codes", input=ahead, code=1)
    says(host, "factor resync 0 --user ada", "--id takes the number of a factor", code=2)
    says(host, "factor resync 9 --user ada", "has no factor 9", code=1)


def clock(host):
    """O3: a code was accepted while the clock was ahead."""
    says(host, "factor resync 1 --user ada", "no clock fault", code=1)
    host.stop()
    edit(host, ("UPDATE factors SET last_step = last_step + 1000 WHERE number = 1",))
    host.start()
    says(host, "factor resync 1 --user ada", r'\AFactor 1 "old-phone": clock fault cleared; ')
    last = events(host)[-1]
    is_((last["event"], re.sub(r"\d{4,}", "N", last["result"])),
        ("factor.resync", 'totp 1 "old-phone", clock fault, step N -> N'), "the audit has it")
    says(host, "factor resync 1 --user ada", "no clock fault", code=1)


def recovery(host):
    """O6"""
    says(host, "factor recovery --user bob", "no confirmed code factor", code=1)
    first = says(host, "factor recovery --user ada", r"\A(  %s\n){10}Each of them opens once.*\n.*\n\Z" % CODE)
    codes = re.findall(CODE, first.out)
    is_(len(set(codes)), 10, "ten codes")
    is_(host.authctl("user", "show", "ada").json["recovery_left"], 10, "ten are left")
    says(host, "factor list --user ada", r"\n   0  recovery  - +10 of 10 left +yes  ")
    second = says(host, "factor recovery --user ada", r"They take the place of 10 unused older ones")
    again = host.authctl("factor", "recovery", "--user", "ada").json
    ok(len(again) == 10 and all(re.fullmatch(CODE, row["code"]) and row["replaced"] == 10 for row in again), "as JSON, too")
    codes += re.findall(CODE, second.out) + [row["code"] for row in again]
    is_(len(set(codes)), 30, "never the same twice")
    plain = [code.replace("-", "") for code in codes]
    is_(traces(host, *codes, *plain), [], "none of them is in a file or a log")
    is_([code for code in codes + plain if code in repr(events(host))], [], "nor in the audit")
    is_([row["result"] for row in events(host) if row["event"] == "factor.recovery"],
        ["10 codes, in place of %d unused" % n for n in (0, 10, 10)], "which says how many were replaced")
    says(host, "factor remove 0 --user ada", r"\ARecovery codes of ada: removed, 10 unused\.\n\Z")
    says(host, "factor remove 0 --user ada", "has no recovery codes", code=1)
    run(host, "factor recovery --user ada")
    says(host, "factor remove 1 --user ada", r'\AFactor 1 "old-phone": removed\.\n\Z')
    says(host, "factor remove 2 --user ada", r'\AFactor 2 "token": removed, and with it 10 unused recovery codes\.\n\Z')
    is_(host.authctl("factor", "list", "--user", "ada").json, [], "with the last factor nothing is left")


def oneself(host):
    """Only who proves what they have may change it."""
    room_in_step(2)
    added = says(host, "factor add totp --label phone --password-stdin", "inactive", input=GOOD + "\n", uid=UID)
    secret = secret_of(added)
    says(host, "factor confirm --password-stdin --code-stdin", "confirmed", input=totp(secret, -1) + "\n" + GOOD + "\n", uid=UID)
    says(host, "factor recovery --password-stdin", "no terminal to ask on", input=GOOD + "\n", uid=UID, code=1)
    says(host, "factor recovery --password-stdin --code-stdin", r"\A(  %s\n){10}" % CODE, input=GOOD + "\n" + totp(secret) + "\n", uid=UID)
    says(host, "factor resync 1 --password-stdin --code-stdin", "only root clears", input=GOOD + "\n" + totp(secret, 1) + "\n", uid=UID, code=1)
    says(host, "factor list --user ada", "not allowed", uid=UID, code=1)
    spare = secret_of(says(host, "factor add totp --user %s --label spare" % SELF, "inactive"))
    says(host, "factor confirm --user %s --code-stdin" % SELF, r'\AFactor 2 "spare": confirmed\.\n\Z', input=totp(spare) + "\n")
    run(host, "factor remove 2 --user %s" % SELF)
    says(host, "factor list", r"(?m)^   1  totp      phone  6 digits, 30s  yes +.*\n   0  recovery  - +10 of 10 left  yes ", uid=UID)


with Instance("", deny_time="5ms") as instance:
    for name, uid in (("ada", 1001), ("bob", 1002), (SELF, UID)):
        instance.authctl("user", "add", name, "--uid", str(uid))
        set_password(instance, name, GOOD, uid)
    button = kinds(instance)
    names(instance)
    counter(instance, button)
    clock(instance)
    recovery(instance)
    oneself(instance)
    is_(traces(instance, base64.b32encode(button), button), [], "the secret of the token is in no file or log")
done()
