#!/usr/bin/python3
# O1 O2 O4: a code of a counting token opens once, in order, in however many logins at once; presses for nothing are passed
# over, ten at most, and two codes in a row find a token that is further ahead; beside it an authenticator opens as before.
# SPDX-License-Identifier: MIT
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, done, is_, verdict_name
from logins import PASSWORD, Login, add, add_totp, decode_secret, events, hotp, login, request, room_in_step, totp

CONFIG = """
[service *]
unenrolled = deny
[service glued]
combined = yes
"""


def add_hotp(host, user, confirm=0, **fields):
    rows, last = request(host, "factor_add", user=user, kind="hotp", **fields)
    assert last[0] == "end", last
    secret, number = decode_secret(rows[0]["secret"]), rows[0]["id"]
    code = hotp(secret, confirm, fields.get("digits", 6), fields.get("algorithm", "SHA1").lower())
    _, last = request(host, "factor_confirm", user=user, id=number, code=code)
    assert last[0] == "end", last
    return secret, number


def in_order(host):
    add(host, "ada")
    secret, number = add_hotp(host, "ada")
    is_(login(host, "ada", code=hotp(secret, 0))[0], "DENIED", "the code that confirmed is spent")
    logins = [Login(host, "ada") for _ in range(64)]
    for answer in (PASSWORD, hotp(secret, 1)):
        for one in logins:
            assert one.next()[0] == "prompt"
        for one in logins:
            one.answer(answer)
    verdicts = [verdict_name(one.next()[1]["verdict"]) for one in logins]
    for one in logins:
        one.peer.close()
    is_((verdicts.count("GRANTED"), verdicts.count("DENIED")), (1, 63), "one code in 64 logins at once opens exactly once")
    host.restart(signal.SIGKILL)
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=hotp(secret, 1))[0], "DENIED", "after a kill -9 it is still spent")
    is_(events(host)[-1]["event"], "login.replay", "... and told from a wrong one")
    is_(login(host, "ada", code=hotp(secret, 5))[0], "GRANTED", "three presses for nothing: the next code opens")
    is_(login(host, "ada", code=hotp(secret, 3))[0], "DENIED", "... what was passed over opens nothing any more")
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=hotp(secret, 17))[0], "DENIED", "eleven presses for nothing are too many")
    is_(login(host, "ada", code=hotp(secret, 16))[0], "GRANTED", "ten are not")
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", code=hotp(secret, 400))[0], "DENIED", "a token far ahead opens nothing")
    _, last = request(host, "factor_resync", user="ada", id=number, code=hotp(secret, 400), next_code=hotp(secret, 401))
    is_(last[0], "end", "... two codes in a row find it")
    is_(login(host, "ada", code=hotp(secret, 401))[0], "DENIED", "... neither of them opens")
    is_(login(host, "ada", code=hotp(secret, 402))[0], "GRANTED", "... the next one does")
    for form in (" " + hotp(secret, 403), hotp(secret, 403) + "\n", hotp(secret, 403)[:5], hotp(secret, 403, 8), ""):
        request(host, "user_unlock", user="ada")
        is_(login(host, "ada", code=form)[0], "DENIED", "%r opens nothing" % form)
    request(host, "user_unlock", user="ada")
    is_(login(host, "ada", PASSWORD, hotp(secret, 403), service="glued")[0], "GRANTED", "behind the password, in one answer")


def every_sort(host):
    for uid, (algorithm, digits) in enumerate((("SHA1", 8), ("SHA256", 6), ("SHA512", 8)), 1010):
        name = "u%d" % uid
        add(host, name, uid)
        secret, _ = add_hotp(host, name, algorithm=algorithm, digits=digits)
        is_(login(host, name, code=hotp(secret, 1, digits, algorithm.lower()), target_uid=uid)[0], "GRANTED",
            "%s, %d digits" % (algorithm, digits))


def beside_others(host):
    add(host, "bob", 1002)
    phone, _ = add_totp(host, "bob")
    token, number = add_hotp(host, "bob", label="token")
    room_in_step(3)
    is_(login(host, "bob", code=totp(phone), target_uid=1002)[0], "GRANTED", "of two factors the authenticator opens")
    is_(login(host, "bob", code=hotp(token, 1), target_uid=1002)[0], "GRANTED", "... and so does the token")
    is_(login(host, "bob", code=totp(phone), target_uid=1002)[0], "DENIED", "... each code once")
    request(host, "factor_remove", user="bob", id=number)
    is_(login(host, "bob", code=hotp(token, 2), target_uid=1002)[0], "DENIED", "removed, the token opens nothing")


with Instance(CONFIG, deny_time="5ms") as instance:
    for test in (in_order, every_sort, beside_others):
        test(instance)
done()
