#!/usr/bin/python3
# L3 L4 L5 L8 L10 L11 L12: thousands of sources against one account keep its owner out of nowhere where they are known; guessing buys
# nothing by logging in oneself; codes have a limit that no password clears; and what is no failed attempt charges nobody.
# SPDX-License-Identifier: MIT
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import NO_UID, PHASE, PROMPT, Instance, diag, done, is_, ok, refusal_name, verdict_name
from logins import PASSWORD, Login, add, add_totp, events, login, request, room_in_step, show, status, totp

RELEASE = os.environ.get("MODE", "release") == "release"
SOURCES = 600 if RELEASE else 200  # ten thousand of them: tests/unit/handlers/attempt_siege
KEY = "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3oW9rWqYx2m7v5m1vBqj9wq1nY5x0m8w3n2m1k0q9z\n"
FAKE = b"\b\n\r\177INCORRECT"
CONFIG = """
[service *]
factors = password
[service both]
factors = password otp
unenrolled = deny
"""


def enter(host, user, uid, rhost, password=PASSWORD, **fields):
    return login(host, user, password, target_uid=uid, rhost=rhost, **fields)[0]


def hashes_of(host, act):
    before = status(host)["hashes"]
    return act(), status(host)["hashes"] - before


def ways_in(host):
    """ada from home, with her key from anywhere, at the console."""
    return [enter(host, "ada", 1001, "192.0.2.7"), enter(host, "ada", 1001, "203.0.113.99", auth_info=KEY),
            enter(host, "ada", 1001, "", service="login", tty="tty1", caller_uid=0)]


def siege(host):
    """L3"""
    add(host, "ada", 1001)
    add(host, "bob", 1002)
    is_(enter(host, "ada", 1001, "192.0.2.7"), "GRANTED", "ada is known at home")
    began, before, inside = time.monotonic(), status(host)["hashes"], []
    for number in range(SOURCES):
        rhost = "%d.%d.%d.1" % (11 + number % 100, number // 100 % 250, number % 250)
        enter(host, "ada", 1001, rhost, "guess %d" % number)
        if number % (SOURCES // 10) == 0:
            inside += ways_in(host)
    took = time.monotonic() - began
    looks = status(host)["hashes"] - before - len(inside)
    diag("%d sources in %.1f s, %d looks" % (SOURCES, took, looks))
    is_(set(inside), {"GRANTED"}, "%d sources guess at ada: her home, her key and her console get in each time" % SOURCES)
    ok(5 <= looks <= 6 + took / 30, "of the guesses five are looked at, and one each half a minute (%d)" % looks)
    is_(hashes_of(host, lambda: enter(host, "ada", 1001, "203.0.113.99")), ("DENIED", 0), "a stranger with her password is not")

    before = status(host)["hashes"]
    for number in range(100):
        enter(host, "name%d" % number, NO_UID, "192.0.2.7", "guess")
    ok(status(host)["hashes"] - before <= 21, "somebody at home tries a hundred names: twenty are looked at")
    is_(hashes_of(host, lambda: enter(host, "bob", 1002, "192.0.2.7")), ("DENIED", 0), "bob, whom nobody knows there, is not")
    is_(enter(host, "ada", 1001, "192.0.2.7"), "GRANTED", "ada is")
    is_(ways_in(host), ["GRANTED"] * 3, "and so with her key and at her console")
    is_(enter(host, "bob", 1002, "192.0.2.7", auth_info=KEY), "GRANTED", "bob too, with a key")


def alternating(host):
    """L4: over loopback nobody ever becomes known, so each login of one's own is charged there and given back."""
    add(host, "mal", 1003)
    own, looks = [], 0
    for number in range(24):
        own.append(enter(host, "mal", 1003, "127.0.0.1"))
        looks += hashes_of(host, lambda: enter(host, "victim%d" % number, NO_UID, "127.0.0.1", "guess"))[1]
    is_((looks, own[:20], own[21:]), (20, ["GRANTED"] * 20, ["DENIED"] * 3), "twenty guesses among one's own good logins, and no more")
    enter(host, "mal", 1003, "198.51.100.7")
    looks = 0
    for number in range(24):
        is_(enter(host, "mal", 1003, "198.51.100.7"), "GRANTED", "where one is known one's own logins go on") if number == 23 else None
        looks += hashes_of(host, lambda: enter(host, "victim%d" % number, NO_UID, "198.51.100.7", "guess"))[1]
    is_(looks, 20, "but the guesses do not")


def both(host, user, uid, rhost, password, code):
    one = Login(host, user, service="both", target_uid=uid, rhost=rhost)
    verdict = verdict_name(one.run({PROMPT["PASSWORD"]: password, PROMPT["CODE"]: code})["verdict"])
    return verdict, one.asked == [PROMPT["PASSWORD"], PROMPT["CODE"]]


def codes(host):
    """L5"""
    add(host, "dan", 1004)
    secret, _ = add_totp(host, "dan")
    room_in_step(8)
    wrong = next(code for code in ("123456", "234567", "345678") if code not in [totp(secret, at) for at in range(-3, 4)])
    is_(both(host, "dan", 1004, "192.0.2.40", PASSWORD, totp(secret)), ("GRANTED", True), "dan is known at home")
    code = totp(secret, 1)
    is_(both(host, "dan", 1004, "11.1.0.1", "wrong", code), ("DENIED", True), "a wrong password and the right code: both are asked")
    is_((show(host, "dan")["wrong_codes"], show(host, "dan")["failures"]), (0, 1), "the codes' limit is as it was")
    for number in range(3):
        is_(both(host, "dan", 1004, "12.%d.0.1" % number, PASSWORD, wrong), ("DENIED", True), "the right password and a wrong code")
        is_(show(host, "dan")["wrong_codes"], number + 1, "are %d of three" % (number + 1))
    request(host, "user_show", user="dan")
    is_(hashes_of(host, lambda: both(host, "dan", 1004, "13.0.0.1", PASSWORD, code)), (("DENIED", True), 1),
        "the fourth is asked both, and its code, though right, is not looked at")
    is_(events(host)[-1]["result"].split(":")[0], "code not looked at", "which the audit tells")
    is_(show(host, "dan")["wrong_codes"], 3, "nor counted")
    is_(enter(host, "dan", 1004, "192.0.2.40"), "GRANTED", "the password alone gets in where it is enough")
    is_(show(host, "dan")["wrong_codes"], 3, "and clears nothing")
    is_(both(host, "dan", 1004, "192.0.2.40", PASSWORD, wrong)[0], "DENIED", "a slip at home")
    is_((show(host, "dan")["wrong_codes"], show(host, "dan")["known_wrong_codes"]), (3, 1), "is counted apart")
    is_(both(host, "dan", 1004, "192.0.2.40", PASSWORD, code), ("GRANTED", True), "the code that nobody looked at was not spent")
    is_((show(host, "dan")["wrong_codes"], show(host, "dan")["known_wrong_codes"]), (3, 1), "right or not, what was counted stays")


def spelling(host):
    """L8: one /64, one IPv4 address however it is written, is one source."""
    looks = 0
    for number in range(24):
        looks += hashes_of(host, lambda: enter(host, "six%d" % number, NO_UID, "2001:db8:64:64:%x::%x" % (number * 2000, number), "guess"))[1]
    is_(looks, 20, "24 addresses of one /64 have twenty looks")
    looks = 0
    for number in range(24):
        rhost = ("198.51.100.200", "::ffff:198.51.100.200", "::FFFF:c633:64c8")[number % 3]
        looks += hashes_of(host, lambda: enter(host, "four%d" % number, NO_UID, rhost, "guess"))[1]
    is_(looks, 20, "so has an IPv4 address in three spellings")


def unlock(host):
    """L10"""
    add(host, "eve", 1005)
    for number in range(5):
        enter(host, "eve", 1005, "14.%d.0.1" % number, "guess")
    is_((show(host, "eve")["failures"], show(host, "eve")["state"]), (5, "locked"), "root is shown that strangers wait")
    rows, _ = request(host, "user_show", "user", 1005, user="eve")
    is_([(row["failures"], row["wait_s"], row["last_source"], row["state"]) for row in rows], [(0, 0, "", "active")], "eve herself is not")
    for uid, what in ((1005, "eve"), (1001, "ada")):
        for name, fields in (("user_unlock", dict(user="eve")), ("limits_list", {}), ("limits_clear", dict(source="14.0.0.1"))):
            _, last = request(host, name, "user", uid, **fields)
            is_(refusal_name(last[1].get("error", 0)), "NOT_ALLOWED", "%s may not %s" % (what, name))
    is_(show(host, "eve")["failures"], 5, "which changed nothing")
    others = [request(host, "user_show", "user", 1001, user=user)[1][1] for user in ("eve", "nobody-here")]
    is_(len({(row["error"], row["text"].replace("eve", "nobody-here")) for row in others}), 1, "to others she looks like nobody")

    open_ones = [Login(host, "eve", target_uid=1005, rhost="15.0.0.%d" % number) for number in range(40)]
    for one in open_ones:
        one.next()
    before = status(host)["hashes"]
    host.process.send_signal(signal.SIGSTOP)  # all that follows is there at once
    unlocks = [host.connect() for _ in range(3)]
    for index, one in enumerate(open_ones):
        one.answer("guess")
        if index % 12 == 8:
            unlocks[index // 12].send("user_unlock", user="eve")
    host.process.send_signal(signal.SIGCONT)
    for one in open_ones:
        one.next()
        one.peer.close()
    for peer in unlocks:
        is_(peer.recv()[1].get("user"), "eve", "unlocked amid forty guesses")
        peer.close()
    looks = status(host)["hashes"] - before
    ok(looks <= 5 * (1 + len(unlocks)), "each unlock gives five looks at most (%d)" % looks)
    request(host, "user_unlock", user="eve")
    host.restart(signal.SIGKILL)
    is_((show(host, "eve")["failures"], show(host, "eve")["consecutive"]), (0, 0), "a kill -9 right after the reply: it is unlocked")
    said = [row for row in events(host) if row["event"] == "user.unlock" and row["user"] == "eve"]
    is_((len(said), {row["source"] for row in said}), (4, {"uid:0"}), "and the audit has all four, with who did it")


def other_phases(host):
    """L11"""
    add(host, "fay", 1006)
    for number in range(4):
        enter(host, "fay", 1006, "16.%d.0.1" % number, "guess")
    enter(host, "fay", 1006, "192.0.2.60", "guess")
    was = [show(host, "fay")[name] for name in ("failures", "consecutive", "sources")]
    for service, phase, fields in (("cron", "ACCT", {}), ("systemd-user", "ACCT", {}), ("sshd", "ACCT", dict(auth_info=KEY)),
                                   ("sshd", "OPEN", dict(auth_info=KEY)), ("sudo", "ACCT", dict(caller_uid=1006)), ("sshd", "CLOSE", {}),
                                   ("passwd", "CHAUTHTOK", dict(flags=1))):
        one = Login(host, "fay", service=service, phase=phase, target_uid=1006, rhost="192.0.2.60", **fields)
        one.next()
        one.peer.close()
    is_([show(host, "fay")[name] for name in ("failures", "consecutive", "sources")], was, "acct, open and close clear no failure %r" % was)
    is_(hashes_of(host, lambda: enter(host, "fay", 1006, "16.9.0.1")), ("DENIED", 0), "strangers wait on")


def nobody_is_charged(host):
    """L12"""
    add(host, "gus", 1007)
    for size in (1, 6, 13, 26, 100):
        one = Login(host, "gus", target_uid=1007, rhost="17.0.0.1")
        is_(verdict_name(one.run({PROMPT["PASSWORD"]: (FAKE * 10)[:size]})["verdict"]), "DENIED", "sshd's fake answer of %d bytes" % size)
    for number in range(8):
        one = Login(host, "gus", target_uid=1007, rhost="17.0.0.1")
        one.next()
        one.peer.send("abort") if number % 2 else None
        one.peer.close()
    enter(host, "gus", 1007, "17.0.0.1", "")
    rows, _ = request(host, "limits_list", all=1)
    is_((show(host, "gus")["failures"], [row for row in rows if "17.0" in row["source"]]), (0, []),
        "fakes, hang-ups and aborts before an answer, and nothing typed, charge neither gus nor where they came from")


with Instance(CONFIG, deny_time="1ms") as instance:
    for test in (siege, alternating, codes, spelling, unlock, other_phases, nobody_is_charged):
        start = time.monotonic()
        test(instance)
        diag("%s: %.1f s" % (test.__name__, time.monotonic() - start))
done()
