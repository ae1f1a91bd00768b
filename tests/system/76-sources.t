#!/usr/bin/python3
# L3 L4 L5 L8 M15: strangers' guesses stop strangers only; known sources get in; a source is what it is, however it is
# written.
# SPDX-License-Identifier: MIT
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, PROMPT, done, is_, ok, verdict_name
from logins import PASSWORD, Login, add, add_totp, events, login, request, room_in_step, show, status, totp

CONFIG = """
[service *]
factors = password
[service both]
factors = password otp
"""

OWN_ADDRESS = 8  # flag of BEGIN


def enter(host, user, uid, rhost, password=PASSWORD, **fields):
    return login(host, user, password, target_uid=uid, rhost=rhost, **fields)[0]


def besiege(host, user, uid, number=8):
    """Strangers guess until the account's strangers are stopped."""
    for index in range(number):
        enter(host, user, uid, "203.0.113.%d" % (index + 1), "guess %d" % index)
    before = status(host)["hashes"]
    is_((enter(host, user, uid, "203.0.113.200"), status(host)["hashes"] - before), ("DENIED", 0),
        "%s's strangers are stopped" % user)


def known(host):
    add(host, "ada", 1001)
    is_(enter(host, "ada", 1001, "192.0.2.7"), "GRANTED", "ada logs in from home")
    is_(enter(host, "ada", 1001, "127.0.0.1"), "GRANTED", "... and over loopback")
    is_(enter(host, "ada", 1001, "::1"), "GRANTED", "... of both kinds")
    besiege(host, "ada", 1001)
    for index in range(12):
        login(host, "other-%d" % index, "wrong", target_uid=0xFFFFFFFF, rhost="192.0.2.7")
    is_(enter(host, "ada", 1001, "192.0.2.7"), "GRANTED",
        "from home she gets in, also after failures there on other names")
    host.restart(signal.SIGKILL)
    is_(enter(host, "ada", 1001, "192.0.2.7"), "GRANTED", "... and after a kill -9")
    is_(enter(host, "ada", 1001, "", service="login", tty="tty1", caller_uid=0), "GRANTED", "the console gets in")
    is_(enter(host, "ada", 1001, "", which="user", peer_uid=1001), "GRANTED", "so do her own programs")
    is_(enter(host, "ada", 1001, "192.0.2.7", which="user", peer_uid=1001, flags=OWN_ADDRESS), "GRANTED",
        "... whatever they say of addresses")
    failures = show(host, "ada")["failures"]
    for what, fields in (("loopback", dict(rhost="127.0.0.1")), ("loopback v6", dict(rhost="::1")),
                         ("loopback's net", dict(rhost="127.9.9.9")),
                         ("home, now that it is this host's address", dict(rhost="192.0.2.7", flags=OWN_ADDRESS)),
                         ("mapped loopback", dict(rhost="::ffff:127.0.0.1")),
                         ("sshd without RHOST on a tty", dict(rhost="", tty="tty1")),
                         ("login on a pts", dict(rhost="", service="login", tty="pts/3")),
                         ("login from afar", dict(rhost="203.0.113.77", service="login", tty="tty1")),
                         ("login with a name for RHOST", dict(rhost="tty1", service="login", tty="tty1")),
                         ("login with a blank RHOST", dict(rhost=" ", service="login", tty="tty1")),
                         ("a tty that is nearly one", dict(rhost="", service="login", tty="tty1\n")),
                         ("a tty with a path", dict(rhost="", service="login", tty="/tmp/tty1")),
                         ("another's caller", dict(rhost="", service="su", tty="pts/1", caller_uid=1002))):
        before = status(host)["hashes"]
        is_((login(host, "ada", **fields)[0], status(host)["hashes"] - before), ("DENIED", 0),
            "%s is a stranger" % what)
    is_(show(host, "ada")["failures"], failures, "... and those not looked at are not counted")


def own_row(host):
    add(host, "bob", 1002)
    is_(enter(host, "bob", 1002, "192.0.2.20"), "GRANTED", "bob logs in from home")
    for number in range(5):
        enter(host, "bob", 1002, "192.0.2.20", "typo %d" % number)
    is_(show(host, "bob")["failures"], 0, "5 typos at home are not held against strangers")
    before = status(host)["hashes"]
    is_((enter(host, "bob", 1002, "192.0.2.20"), status(host)["hashes"] - before), ("DENIED", 0),
        "home has to wait a while")
    is_(enter(host, "bob", 1002, "198.51.100.1"), "GRANTED", "from elsewhere he gets in")
    request(host, "user_unlock", user="bob")
    is_(enter(host, "bob", 1002, "192.0.2.20"), "GRANTED", "unlock frees home, too")


def shares(host):
    """L4"""
    add(host, "cyd", 1003)
    for rhost in ("198.51.100.2", "198.51.100.3") * 2:
        enter(host, "cyd", 1003, rhost, "wrong")
    is_(show(host, "cyd")["failures"], 4, "two strangers, two failures each: 4")
    is_(enter(host, "cyd", 1003, "198.51.100.2"), "GRANTED", "one gets in")
    is_(show(host, "cyd")["failures"], 2, "... and only its own 2 are forgiven")
    is_(enter(host, "ada", 1001, "198.51.100.3", service="self"), "DENIED", "(ada's strangers still wait)")
    add(host, "mal", 1009)
    for _ in range(3):
        enter(host, "cyd", 1003, "198.51.100.3", "guess")
        is_(enter(host, "mal", 1009, "198.51.100.3"), "GRANTED", "mal's own good login between guesses")
    is_(show(host, "cyd")["failures"], 5, "... takes nothing off cyd's failures")


def weaker(host):
    """L5"""
    add(host, "dan", 1004)
    secret, _ = add_totp(host, "dan")
    room_in_step(4)
    wrong = "%06d" % ((int(totp(secret)) + 1) % 10 ** 6)
    for _ in range(3):
        login(host, "dan", code=wrong, service="both", target_uid=1004)
    is_(enter(host, "dan", 1004, "192.0.2.7"), "GRANTED", "the password alone gets in where it is enough")
    is_(show(host, "dan")["failures"], 3, "... and forgives no failed code")
    before = status(host)["hashes"]
    for _ in range(8):
        login(host, "dan", code=wrong, service="both", target_uid=1004)
        enter(host, "dan", 1004, "192.0.2.7")
    looked = len([row for row in events(host) if row["user"] == "dan" and row["event"] == "login.failure"])
    hashes = status(host)["hashes"] - before
    ok(looked <= 5, "guessing codes between such logins has %d looks, not more than 5 (%d hashes)" % (looked, hashes))


def strangers_by_socket(host):
    """M15"""
    add(host, "eve", 1005)
    before = len(events(host))
    for service in ("sshd", "login", "self", "xscreensaver", "passwd"):
        one = Login(host, "eve", which="user", peer_uid=1002, service=service, rhost="", tty=":0", target_uid=1005)
        row = one.run(dict.fromkeys(PROMPT.values(), PASSWORD))
        is_(verdict_name(row.get("verdict", 0)), "DENIED", "bob's %s cannot log eve in" % service)
    is_((show(host, "eve")["failures"], show(host, "eve")["last_login_at"]), (0, 0),
        "... and eve's counters are as they were")
    ok(len(events(host)) > before, "... and the audit tells")


def written_otherwise(host):
    """L8"""
    add(host, "fay", 1006)
    for rhost in ("192.0.2.30", "2001:db8:1:2::1"):
        is_(enter(host, "fay", 1006, rhost), "GRANTED", "fay logs in from %s" % rhost)
    besiege(host, "fay", 1006)
    for rhost in ("192.0.2.30", "::ffff:192.0.2.30", "::FFFF:c000:021e", "2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:1",
                  "2001:db8:1:2:ffff::9",
                  "2001:0db8:0001:0002::abcd"):
        is_(enter(host, "fay", 1006, rhost), "GRANTED", "%s is where she was" % rhost)
    for rhost in ("192.0.2.31", "::ffff:192.0.2.31", "2001:db8:1:3::1", "2001:db8:1:2", "192.0.2.30 ", " 192.0.2.30",
                  "192.0.2.030",
                  "192.0.2.30.", "192.0.2.30\n", "192.0.2.30%eth0", "192.0.2", "3221225982", "0xc000021e",
                  "192.0.2.30/32", "[2001:db8:1:2::1]",
                  "64:ff9b::192.0.2.30", "2002:c000:21e::1", "192.0.2.30,192.0.2.30", "x" * 1024,
                  "\u0661\u0669\u0662.0.2.30"):
        before = status(host)["hashes"]
        is_((enter(host, "fay", 1006, rhost), status(host)["hashes"] - before), ("DENIED", 0),
            "%s is not" % ascii(rhost)[:24])


with Instance(CONFIG, deny_time="5ms") as instance:
    for test in (known, own_row, shares, weaker, strangers_by_socket, written_otherwise):
        test(instance)
done()
