#!/usr/bin/python3
# O1 O2 O3 O4 O5 O7 L5: a code opens once, only in its window, only written as its digits, only once it was confirmed.
# SPDX-License-Identifier: MIT
import base64
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, PHASE, PROMPT, done, is_, ok, refusal_name, verdict_name
from logins import (PASSWORD, Login, add, add_totp, decode_secret, events, login, request, room_in_step, show, status,
                    totp,
                    traces)

CONFIG = """
[service *]
unenrolled = deny
[service skip]
unenrolled = skip
[service otp]
factors = otp
[service glued]
combined = yes
"""


def refusal(last):
    return refusal_name(last[1]["error"]) if last[0] == "refused" else last[0]


def limited(host, *users):
    return [row["result"] for row in events(host) if row["user"] in users and row["event"] == "login.limited"]


def once(host):
    """O2"""
    add(host, "ada")
    secret, _ = add_totp(host, "ada")
    room_in_step(4)
    code = totp(secret)
    logins = [Login(host, "ada") for _ in range(64)]
    for answer in (PASSWORD, code):
        for one in logins:
            assert one.next()[0] == "prompt"
        for one in logins:
            one.answer(answer)
    verdicts = [verdict_name(one.next()[1]["verdict"]) for one in logins]
    for one in logins:
        one.peer.close()
    is_((verdicts.count("GRANTED"), verdicts.count("DENIED")), (1, 63),
        "one code in 64 logins at once opens exactly once")
    host.restart(signal.SIGKILL)
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=code)[0], "DENIED", "after a kill -9 it is still spent")
    ok("login.replay" in [event["event"] for event in events(host)], "the audit calls it a replay")
    after = totp(secret, 1)
    is_(login(host, "ada", code=after)[0], "GRANTED", "the next step's code opens (window + 1)")
    host.restart(signal.SIGKILL)
    is_(login(host, "ada", code=after)[0], "DENIED", "... once, kill -9 or not")
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=code)[0], "DENIED", "an older step after a newer one is refused")
    is_(login(host, "ada", code=totp(secret, -1))[0], "DENIED", "... so is the one that confirmed it")


def window_and_form(host):
    """O1 O3 O4; every refused form must leave the code unspent."""
    for number, (algorithm, digits) in enumerate((("SHA1", 6), ("SHA256", 6), ("SHA512", 8), ("SHA1", 8)), 1010):
        name, kind = "u%d" % number, algorithm.lower()
        add(host, name, number)
        room_in_step(4)
        secret, factor = add_totp(host, name, algorithm=algorithm, digits=digits, confirm=False)
        for offset in (-2, 2, -3, 3, 1000):
            code = totp(secret, offset, digits, kind)
            _, last = request(host, "factor_confirm", user=name, id=factor, code=code)
            is_(refusal(last), "WRONG_CODE", "%s, %d digits: a code %+d steps away does not confirm" % (algorithm,
                                                                                                        digits, offset))
        _, last = request(host, "factor_confirm", user=name, id=factor, code=totp(secret, -1, digits, kind))
        is_(refusal(last), "end", "... but the last step's does (window - 1)")
        for what, code in (("two steps ahead", totp(secret, 2, digits, kind)),
                           ("two steps old", totp(secret, -2, digits, kind)),
                           ("of other digits", totp(secret, 0, 14 - digits, kind)),
                           ("of other digits, with zeros", "00" + totp(secret, 0, 6, kind)),):
            if code == totp(secret, 0, digits, kind):
                continue  # one in a hundred codes of 8 digits begins so by itself
            is_(login(host, name, code=code, target_uid=number)[0], "DENIED", "... a code %s is denied" % what)
            request(host, "user_unlock", user=name)
        is_(login(host, name, code=totp(secret, 0, digits, kind), target_uid=number)[0], "GRANTED",
            "... the right one opens")

    name = "una"
    add(host, name, 1020)
    secret, _ = add_totp(host, name)
    room_in_step(4)
    code = totp(secret)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in code)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in code)
    forms = [" " + code, code + " ", code[:3] + " " + code[3:], code + "\n", code + "\r", "\t" + code, code[:5],
             code[1:],
             code + "0", "0" + code, "+" + code[1:], "-" + code[1:], "+" + code, wide, arabic, code + "\0", "\0" + code,
             code + "\0" + code, code.encode() + b"\xff", "", code * 2, code * 100, "000000", "%06x" % int(code)]
    for index, form in enumerate(forms):
        if form == code:
            continue
        request(host, "user_unlock", user=name)
        verdict = login(host, name, code=form, target_uid=1020, rhost="2001:db8:%x::1" % index)[0]
        is_(verdict, "DENIED", "%r for a code is denied" % (form if len(form) < 40 else form[:20]))
    request(host, "user_unlock", user=name)
    is_(login(host, name, code=code, target_uid=1020)[0], "GRANTED", "the digits themselves open")
    is_(limited(host, "u1010", "u1011", "u1012", "u1013", name), [], "each of them was looked at")


def needs_both(host):
    """L5"""
    add(host, "bob", 1002)
    secret, _ = add_totp(host, "bob")
    room_in_step(4)
    code = totp(secret)
    one = Login(host, "bob", target_uid=1002)
    row = one.run({PROMPT["PASSWORD"]: "wrong", PROMPT["CODE"]: code})
    is_((verdict_name(row["verdict"]), one.asked), ("DENIED", [PROMPT["PASSWORD"], PROMPT["CODE"]]),
        "a wrong password and the right code: denied, and both were asked")
    is_(login(host, "bob", code=code, target_uid=1002)[0], "GRANTED", "... and the code was not spent")
    one = Login(host, "nobody-here", target_uid=0xFFFFFFFF)
    row = one.run({PROMPT["PASSWORD"]: PASSWORD, PROMPT["CODE"]: "123456"})
    is_((verdict_name(row["verdict"]), one.asked), ("DENIED", [PROMPT["PASSWORD"], PROMPT["CODE"]]),
        "an unknown name is asked for both, too")

    wrong = "%06d" % ((int(totp(secret, 1)) + 1) % 10 ** 6)
    for _ in range(5):
        login(host, "bob", code=wrong, target_uid=1002, rhost="203.0.113.5")
    before = status(host)["hashes"]
    is_(show(host, "bob")["failures"], 5, "5 right passwords with wrong codes are 5 failures")
    is_(login(host, "bob", code=totp(secret, 1), target_uid=1002, rhost="203.0.113.5")[0], "DENIED",
        "... and then the right code is too late")
    is_(status(host)["hashes"] - before, 0, "... it is not looked at")
    is_(login(host, "bob", code=totp(secret, 1), target_uid=1002)[0], "GRANTED",
        "... but bob gets in from where he was before")


def enrolment(host):
    """O5 O7"""
    add(host, "cyd", 1003)
    room_in_step(4)
    one = Login(host, "cyd", target_uid=1003)
    row = one.run({PROMPT["PASSWORD"]: PASSWORD, PROMPT["CODE"]: "000000"})
    is_((verdict_name(row["verdict"]), one.asked), ("DENIED", [PROMPT["PASSWORD"], PROMPT["CODE"]]),
        "unenrolled = deny: the password alone never passes, and a code is asked for")
    is_(login(host, "cyd", code="", target_uid=1003)[0], "DENIED", "... nor with an empty code")
    is_(login(host, "cyd", code="000000", service="otp", target_uid=1003)[0], "DENIED",
        "... nor where a code is all that is asked")
    request(host, "user_unlock", user="cyd")

    rows, last = request(host, "factor_add", user="cyd", kind="totp", label="phone")
    row = rows[0]
    secret = decode_secret(row["secret"])
    ok(last[0] == "end" and len(secret) * 8 >= 160, "a secret has %d bits" % (len(secret) * 8))
    ok(row["uri"].startswith("otpauth://totp/") and "secret=" + row["secret"].replace(" ", "") in row["uri"],
       "the URI holds it")
    ok(row["qr"].count("\n") > 10, "the QR code is there")
    is_(show(host, "cyd")["factors"], 0, "unconfirmed, it does not count")
    is_(login(host, "cyd", code=totp(secret), target_uid=1003)[0], "DENIED", "... its code does not open")
    one = Login(host, "cyd", service="skip", target_uid=1003)
    is_((verdict_name(one.run({PROMPT["PASSWORD"]: PASSWORD})["verdict"]), one.asked),
        ("GRANTED", [PROMPT["PASSWORD"]]),
        "... and unenrolled = skip still skips")
    room_in_step(4)
    _, last = request(host, "factor_confirm", user="cyd", id=0, code=totp(secret, 1))
    is_((refusal(last), show(host, "cyd")["factors"]), ("end", 1), "a code confirms it")
    is_(login(host, "cyd", code=totp(secret, 1), target_uid=1003)[0], "DENIED", "... the code that confirmed is spent")
    one = Login(host, "cyd", service="skip", target_uid=1003)
    is_((verdict_name(one.run({PROMPT["PASSWORD"]: PASSWORD, PROMPT["CODE"]: ""})["verdict"]), one.asked),
        ("DENIED", [PROMPT["PASSWORD"], PROMPT["CODE"]]), "... and skip skips no more")
    rows, _ = request(host, "factor_list", user="cyd")
    ok(len(rows) == 1 and rows[0]["confirmed"] == 1 and row["secret"] not in repr(rows),
       "factor list does not show the secret")
    plain = row["secret"].replace(" ", "").encode()
    is_(traces(host, plain, plain.lower(), row["secret"], secret, secret.hex(), base64.b64encode(secret), row["uri"]),
        [],
        "the secret is in no file or log in any form")

    request(host, "user_unlock", user="cyd")
    other = add_totp(host, "cyd", label="spare", confirm=False)
    is_(login(host, "cyd", code=totp(other[0]), target_uid=1003)[0], "DENIED",
        "beside a confirmed one, an unconfirmed factor opens nothing")
    _, last = request(host, "factor_confirm", user="cyd", id=other[1], code=totp(other[0], 0))
    is_(login(host, "cyd", code=totp(other[0], 1), target_uid=1003)[0], "GRANTED", "a second factor's code opens, too")
    _, last = request(host, "factor_remove", user="cyd", id=other[1])
    is_((refusal(last), show(host, "cyd")["factors"]), ("end", 1), "it can be removed")
    for fields in (dict(kind="sms"), dict(kind="hotp", period_s=30), dict(kind=""), dict(kind="totp", digits=7), dict(kind="totp", algorithm="MD5"),
                   dict(kind="totp", label="a\nb")):
        _, last = request(host, "factor_add", user="cyd", **fields)
        is_(refusal(last), "INVALID", "factor add with %r is refused" % fields)


def removed_and_foreign(host):
    add(host, "dan", 1004)
    add(host, "eve", 1005)
    room_in_step(4)
    dan, number = add_totp(host, "dan")
    eve, _ = add_totp(host, "eve")
    is_(login(host, "dan", code=totp(eve), target_uid=1004)[0], "DENIED", "another's code does not open")
    request(host, "factor_remove", user="dan", id=number)
    is_(login(host, "dan", code=totp(dan), target_uid=1004)[0], "DENIED", "a removed factor's code does not open")
    is_(login(host, "eve", PASSWORD, totp(eve), service="glued", target_uid=1005)[0], "GRANTED",
        "password and code in one answer open")
    is_(login(host, "eve", PASSWORD, totp(eve), service="glued", target_uid=1005)[0], "DENIED", "... once")
    is_(login(host, "eve", PASSWORD, "", service="glued", target_uid=1005)[0], "DENIED",
        "... the password without a code does not")
    is_(login(host, "dan", PASSWORD, "", service="glued", target_uid=1004)[0], "DENIED",
        "... nor for one who has no code")


def stepup(peer, user, answers, phase="STEPUP"):
    nonce = os.urandom(16)
    reply = peer.ask("begin", nonce=nonce, phase=PHASE[phase], service="authctl", user=user, target_uid=1006,
                     caller_uid=1006)[-1]
    while reply[0] == "prompt":
        reply = peer.ask("answer", secret=answers[reply[1]["kind"]])[-1]
    return verdict_name(reply[1]["verdict"]) if reply[0] == "verdict" else refusal(reply)


def unproved(peer, **ask):
    """May this connection still not enrol? (authcd may close it after a denial.)"""
    try:
        return refusal(peer.ask("factor_add", **ask)[-1]) == "STEPUP"
    except (Hangup, BrokenPipeError):
        return True


def self_service(host):
    """O5: who enrols must have proved what they have, on this connection."""
    add(host, "fay", 1006)
    secret, _ = add_totp(host, "fay")
    room_in_step(4)
    ask = dict(user="fay", kind="totp", label="mine")
    with host.connect("user", 1006) as peer:
        is_(refusal(peer.ask("factor_add", **ask)[-1]), "STEPUP", "fay herself must prove her factors first")
        is_(stepup(peer, "fay", {1: PASSWORD, 2: "000000"}), "DENIED", "a wrong code does not")
        ok(unproved(peer, **ask), "... and she still may not enrol")
    with host.connect("user", 1006) as peer:
        is_(stepup(peer, "eve", {1: PASSWORD, 2: "000000"}), "DENIED", "she cannot prove somebody else")
        ok(unproved(peer, **ask), "... and she still may not enrol")
    with host.connect("user", 1006) as peer:
        is_(stepup(peer, "fay", {1: PASSWORD, 2: totp(secret)}, "AUTH"), "GRANTED", "a login is no proof")
        ok(unproved(peer, **ask), "... and she still may not enrol")
    with host.connect("user", 1006) as peer:
        is_(stepup(peer, "fay", {1: PASSWORD, 2: totp(secret, 1)}), "GRANTED", "password and code do")
        is_(refusal(peer.ask("factor_add", user="eve", kind="totp")[-1]), "NOT_ALLOWED", "... for her own account only")
        is_(refusal(peer.ask("factor_add", **ask)[-1]), "end", "... and now she may enrol")
    with host.connect("user", 1006) as peer:
        is_(refusal(peer.ask("factor_add", **ask)[-1]), "STEPUP", "on another connection all begins anew")
        is_(stepup(peer, "fay", {1: PASSWORD, 2: totp(secret, 1)}), "DENIED", "... and the code is spent")


# Everything comes from a few addresses, far more often than a source may be wrong: what is tested here is the account.
with Instance(CONFIG, deny_time="20ms", proxies="0.0.0.0/0 ::/0") as instance:
    for test in (once, window_and_form, needs_both, enrolment, removed_and_foreign, self_service):
        test(instance)
done()
