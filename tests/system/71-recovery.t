#!/usr/bin/python3
# O6 L5: a recovery code opens once, however it is typed, in however many logins at once, through a kill -9; it is looked at
# only after the right password, works while one-time codes are stopped, and each use is in the audit.
# SPDX-License-Identifier: MIT
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, PROMPT, done, is_, ok, verdict_name
from logins import PASSWORD, Login, add, add_totp, events, login, request, room_in_step, show, totp

CONFIG = """
[service *]
unenrolled = deny
[service glued]
combined = yes
[service password]
factors = password
"""


def codes_of(host, user):
    rows, last = request(host, "recovery_make", user=user)
    assert last[0] == "end" and len(rows) == 10, last
    return [row["code"] for row in rows]


def together(host, user, code, number=64):
    """That code in so many logins at once; the verdicts."""
    logins = [Login(host, user) for _ in range(number)]
    for answer in (PASSWORD, code):
        for one in logins:
            assert one.next()[0] == "prompt"
        for one in logins:
            one.answer(answer)
    verdicts = [verdict_name(one.next()[1]["verdict"]) for one in logins]
    for one in logins:
        one.peer.close()
    return verdicts.count("GRANTED"), verdicts.count("DENIED")


def once(host):
    add(host, "ada")
    add_totp(host, "ada")
    codes = codes_of(host, "ada")
    is_(together(host, "ada", codes[0]), (1, 63), "one recovery code in 64 logins at once opens exactly once")
    host.restart(signal.SIGKILL)
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=codes[0])[0], "DENIED", "after a kill -9 it is still used up")
    is_(login(host, "ada", code=codes[1])[0], "GRANTED", "the next one opens")
    host.restart(signal.SIGKILL)
    is_(login(host, "ada", code=codes[1])[0], "DENIED", "... once, kill -9 or not")
    request(host, "user_unlock", user="ada")
    typed = codes[2].replace("-", "").upper()
    is_(login(host, "ada", code=typed[:7] + " " + typed[7:])[0], "GRANTED", "in capitals, with a space somewhere: opens")
    is_(login(host, "ada", code=codes[2])[0], "DENIED", "... and that was the same code")
    request(host, "user_unlock", user="ada")
    is_(show(host, "ada")["recovery_left"], 7, "seven are left")
    is_([row["result"] for row in events(host) if row["event"] == "login.recovery"], ["9 left", "8 left", "7 left"],
        "each use is in the audit, and how many are left")
    ok([row for row in events(host) if row["event"] == "login.replay" and "recovery" in row["result"]] != [], "so is each replay")


def wrong(host):
    codes = codes_of(host, "ada")
    is_(login(host, "ada", password="wrong", code=codes[0])[0], "DENIED", "with a wrong password it opens nothing")
    is_(login(host, "ada", code=codes[0])[0], "GRANTED", "... and is not used up")
    for what, code in (("a letter too few", codes[1][:-1]), ("a letter too many", codes[1] + "b"), ("a digit in it", codes[1][:-1] + "1"),
                       ("a NUL in it", codes[1] + "\0"), ("a newline behind it", codes[1] + "\n"), ("twice", codes[1] * 2)):
        request(host, "user_unlock", user="ada")
        is_(login(host, "ada", code=code)[0], "DENIED", "with %s it opens nothing" % what)
    request(host, "user_unlock", user="ada")
    add(host, "bob", 1002)
    add_totp(host, "bob")
    theirs = codes_of(host, "bob")
    is_(login(host, "ada", code=theirs[0])[0], "DENIED", "another's opens nothing")
    is_(login(host, "bob", code=theirs[0], target_uid=1002)[0], "GRANTED", "... and stays good for its owner")
    fresh = codes_of(host, "ada")
    is_(login(host, "ada", code=codes[1])[0], "DENIED", "new ones kill the old")
    is_(login(host, "ada", code=fresh[1])[0], "GRANTED", "... and open")


def stopped(host):
    """Wrong codes stop codes, not recovery codes; a stolen phone's owner gets in and removes it."""
    add(host, "cyd", 1003)
    secret, number = add_totp(host, "cyd")
    codes = codes_of(host, "cyd")
    room_in_step(3)
    is_(login(host, "cyd", code=totp(secret), target_uid=1003)[0], "GRANTED", "cyd is known here")
    for _ in range(3):
        login(host, "cyd", code="000000", target_uid=1003)
    is_(login(host, "cyd", code=totp(secret, 1), target_uid=1003)[0], "DENIED", "codes are stopped, also the right one")
    is_(login(host, "cyd", code=codes[0], target_uid=1003)[0], "GRANTED", "a recovery code opens")
    is_(login(host, "cyd", PASSWORD, codes[1], service="glued", target_uid=1003)[0], "GRANTED", "also behind the password, in one answer")
    is_(login(host, "cyd", PASSWORD, codes[1], service="glued", target_uid=1003)[0], "DENIED", "... once")
    is_(login(host, "cyd", PASSWORD, "", service="glued", target_uid=1003)[0], "DENIED", "... and not without")
    request(host, "user_unlock", user="cyd")
    with host.connect("user", 1003) as peer:
        reply = peer.ask("begin", nonce=bytes(16), phase=6, service="authctl", user="cyd", target_uid=1003, caller_uid=1003)[-1]
        while reply[0] == "prompt":
            reply = peer.ask("answer", secret={PROMPT["PASSWORD"]: PASSWORD, PROMPT["CODE"]: codes[2]}[reply[1]["kind"]])[-1]
        is_(verdict_name(reply[1]["verdict"]), "GRANTED", "a recovery code proves who one is to authctl")
        is_(peer.ask("factor_remove", user="cyd", id=number)[-1][0], "end", "... so that a lost phone can be removed")
    is_(show(host, "cyd")["recovery_left"], 0, "with the last factor the recovery codes go")
    is_(login(host, "cyd", code=codes[3], target_uid=1003)[0], "DENIED", "... and none opens where a code is wanted")
    is_(request(host, "recovery_make", user="cyd")[1][1]["error"], 5, "nor are there new ones without a factor")


with Instance(CONFIG, deny_time="5ms") as instance:
    for test in (once, wrong, stopped):
        test(instance)
done()
