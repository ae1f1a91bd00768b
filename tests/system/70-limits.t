#!/usr/bin/python3
# L1 L2 L10: parallel guesses get as many looks as serial ones, no charge is forgotten by a kill -9, right logins all
# get in.
# SPDX-License-Identifier: MIT
import os
import signal
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, PROMPT, done, is_, ok, verdict_name
from logins import PASSWORD, Login, add, events, login, request, show, status

MODULE_TIMEOUT = 60  # pam_authc(8)
CONFIG = "[service sshd]\nfactors = password\n[service both]\nfactors = password otp\nunenrolled = deny\n"


def parallel(host, number, user, password, **fields):
    """Verdicts' names of that many logins at once: authcd stands still until all of them have answered."""
    logins = [Login(host, user, **fields) for _ in range(number)]
    for one in logins:
        assert one.next()[0] == "prompt"
    host.process.send_signal(signal.SIGSTOP)
    for index, one in enumerate(logins):
        one.answer(password(index) if callable(password) else password)
    host.process.send_signal(signal.SIGCONT)
    verdicts = [verdict_name(one.next()[1].get("verdict", 0)) for one in logins]
    for one in logins:
        one.peer.close()
    return verdicts


def guesses_in_parallel(host):
    add(host, "ada")
    before = status(host)["hashes"]
    is_(parallel(host, 64, "ada", lambda i: "guess %d" % i), ["DENIED"] * 64, "64 wrong guesses at once are denied")
    is_(status(host)["hashes"] - before, 5, "5 of them were looked at")
    is_(show(host)["failures"], 5, "5 failures are counted")
    is_((login(host, "ada")[0], status(host)["hashes"] - before), ("DENIED", 5),
        "the right password next is denied unseen")
    is_((login(host, "ada", rhost="198.51.100.9")[0], status(host)["hashes"] - before), ("DENIED", 5),
        "... from another stranger, too")
    ok(0 < show(host)["wait_s"] <= 30, "the first wait is at most 30 s")
    limited = [event for event in events(host) if event["event"] == "login.limited"]
    ok(len(limited) >= 1 and all(event["user"] == "ada" for event in limited), "the audit says so")

    host.restart(signal.SIGKILL)
    is_((show(host)["failures"], 0 < show(host)["wait_s"] <= 30), (5, True),
        "after a kill -9: 5 failures, and the wait")
    is_(parallel(host, 16, "ada", PASSWORD), ["DENIED"] * 16, "... 16 more at once are denied")
    is_(status(host)["hashes"], 0, "... and none was looked at")

    _, last = request(host, "user_unlock", user="ada")
    is_((last[0], show(host)["failures"], show(host)["wait_s"]), ("end", 0, 0), "user unlock forgives them")
    is_(login(host, "ada")[0], "GRANTED", "the right password gets in")
    is_([event["source"] for event in events(host) if event["event"] == "user.unlock"], ["uid:0"],
        "the audit knows who unlocked")


def cold_and_warm(host):
    """L1, in an authcd that has just started, and in one that has done all that before."""
    for what, user, uid, rhost in (("just started", "cal", 1010, "198.51.100.10"), ("warm", "wim", 1011, "198.51.100.11")):
        add(host, user, uid)
        if what == "just started":
            host.restart()
        before = status(host)["hashes"]
        verdicts = parallel(host, 64, user, lambda i: "guess %d" % i, target_uid=uid, rhost=rhost)
        is_(verdicts, ["DENIED"] * 64, "%s: 64 wrong guesses at once" % what)
        is_((status(host)["hashes"] - before, show(host, user)["failures"]), (5, 5), "... 5 looked at, 5 counted")
        is_((login(host, user, target_uid=uid, rhost=rhost)[0], status(host)["hashes"] - before), ("DENIED", 5), "... the right one next is not")
        request(host, "user_unlock", user=user)


def guesses_one_by_one(host):
    add(host, "bob", 1002)
    for number in range(1, 4):
        login(host, "bob", "wrong", target_uid=1002)
        is_(show(host, "bob")["failures"], number, "failure %d is counted as %d" % (number, number))
    host.restart(signal.SIGKILL)
    is_(show(host, "bob")["failures"], 3, "3 failures are 3 after a kill -9")
    login(host, "bob", "wrong", target_uid=1002)
    is_(show(host, "bob")["failures"], 4, "the 4th is the 4th")
    is_(parallel(host, 16, "bob", PASSWORD, target_uid=1002), ["GRANTED"] * 16,
        "with one look left 16 right logins at once get in")
    is_(show(host, "bob")["failures"], 0, "the failures were this source's, and its success forgives them")


def charged_before_the_look(host):
    add(host, "cyd", 1003)
    one = Login(host, "cyd", service="both", target_uid=1003)
    one.next()
    one.answer(PASSWORD)
    is_(one.next()[1].get("kind"), PROMPT["CODE"], "the code is asked for once the password has come")
    host.restart(signal.SIGKILL)
    is_(show(host, "cyd")["failures"], 1, "a kill -9 now: the attempt is counted, though its password was right")
    one.peer.close()

    many = [Login(host, "cyd", target_uid=1003) for _ in range(24)]
    for one in many:
        one.next()
        one.answer("wrong")
    many[0].next()
    host.restart(signal.SIGKILL)
    is_(show(host, "cyd")["failures"], 5, "a kill -9 amid 24 guesses: 5 are counted")
    is_(parallel(host, 8, "cyd", PASSWORD, target_uid=1003), ["DENIED"] * 8, "... and no more looks are to be had")
    is_(status(host)["hashes"], 0, "... not one")


def nothing_was_answered(host):
    add(host, "eve", 1004)
    for number in range(20):
        one = Login(host, "eve", target_uid=1004)
        if number % 2:
            one.next()
        if number % 4 == 3:
            one.peer.send("abort")
        one.peer.close()
    is_(show(host, "eve")["failures"], 0, "20 that hung up or gave up before an answer count nothing")
    before = status(host)["hashes"]
    is_((login(host, "eve", "", target_uid=1004)[0], status(host)["hashes"] - before), ("DENIED", 0),
        "an empty password is denied without a hash")
    one = Login(host, "eve", target_uid=1004)
    one.next()
    was = show(host, "eve")["failures"]
    one.answer("wrong")
    one.peer.close()
    login(host, "ada", "wrong")  # later in the queue than the answer whose peer is gone
    is_(show(host, "eve")["failures"], was + 1, "one that hung up after a wrong answer counts")


def right_in_parallel(host):
    add(host, "fay", 1005)
    began = time.monotonic()
    verdicts = parallel(host, 256, "fay", PASSWORD, target_uid=1005, rhost="198.51.100.12")
    is_(Counter(verdicts), {"GRANTED": 256}, "L2: 256 right logins at once all get in")
    took = time.monotonic() - began
    ok(took < MODULE_TIMEOUT, "... within the module's timeout (%.1f s)" % took)
    is_(show(host, "fay")["failures"], 0, "... and leave no failure")
    verdicts = parallel(host, 64, "fay", lambda i: "guess" if i == 7 else PASSWORD, target_uid=1005, rhost="198.51.100.13")
    is_((verdicts[7], verdicts.count("GRANTED")), ("DENIED", 63), "one wrong among 64: it alone is denied")


def racing_threads(host):
    add(host, "gus", 1006)
    before, verdicts, gate = status(host)["hashes"], [], threading.Barrier(32)

    def guess(number):
        gate.wait()
        verdicts.append(login(host, "gus", "guess %d" % number, target_uid=1006, rhost="203.0.113.%d" % number)[0])

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_((verdicts, status(host)["hashes"] - before), (["DENIED"] * 32, 5), "32 strangers at once have 5 looks together")


with Instance(CONFIG) as instance:
    for test in (guesses_in_parallel, cold_and_warm, guesses_one_by_one, charged_before_the_look, nothing_was_answered,
                 right_in_parallel,
                 racing_threads):
        test(instance)
done()
