#!/usr/bin/python3
# P1: unknown, wrong, disabled, limited look the same: same prompts, same bytes, each at ANSWER + deny_time (loosely:
# shared machines jitter).
# SPDX-License-Identifier: MIT
import os
import select
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, decode, diag, done, is_, ok, verdict_name
from logins import PASSWORD, Login, add, request, status

CONFIG = "[service *]\nfactors = password otp\nunenrolled = deny\n[service plain]\nfactors = password\n"
DENY_MS, ROUNDS = 200, 30


def prepare(host):
    for number in range(10):
        add(host, "user%d" % number, 2000 + number)
    add(host, "disabled", 2100)
    add(host, "limited", 2101)
    add(host, "locked-out", 2102, password=None)
    request(host, "user_disable", user="disabled")
    guesses = [Login(host, "limited", service="plain", target_uid=2101,
                     rhost="198.51.100.%d" % number) for number in range(6)]
    for one in guesses:
        one.next()
        one.answer("wrong")
    for one in guesses:
        one.next()
        one.peer.close()


def classes(index):
    """What is typed in one round: (class, user, uid, password); right passwords where they must not matter."""
    return [("wrong", "user%d" % (index % 10), 2000 + index % 10, "wrong"),
            ("unknown", "nobody%d" % (index % 10), 0xFFFFFFFF, "wrong"),
            ("disabled", "disabled", 2100, PASSWORD), ("limited", "limited", 2101, PASSWORD),
            ("no password yet", "locked-out", 2102, "wrong")]


def sample(host, poll, open_logins, index):
    for name, user, uid, password in classes(index):
        one = Login(host, user, service="plain", target_uid=uid, rhost="2001:db8:%x::1" % index)
        prompt = one.next()
        open_logins[one.peer.socket.fileno()] = (name, one, prompt, time.monotonic())
        one.answer(password)
        poll.register(one.peer.socket, select.POLLIN)


def gather(poll, open_logins, samples, until):
    while open_logins and time.monotonic() < until:
        for fd, _ in poll.poll(max(0, (until - time.monotonic()) * 1000)):
            now = time.monotonic()
            name, one, prompt, answered = open_logins.pop(fd)
            poll.unregister(fd)
            kind, row = decode(one.peer.recv_raw())
            samples.setdefault(name, []).append(((now - answered) * 1000, prompt,
                                                 (kind, verdict_name(row["verdict"]), row["handle"], row["reason"])))
            one.peer.close()


def times(host):
    poll, open_logins, samples, began = select.poll(), {}, {}, time.monotonic()
    for index in range(ROUNDS):
        sample(host, poll, open_logins, index)
        gather(poll, open_logins, samples, began + 0.08 * (index + 1))  # verdicts fall between two rounds
    gather(poll, open_logins, samples, time.monotonic() + 20)
    medians = {}
    for name, seen in sorted(samples.items()):
        took = sorted(ms for ms, _, _ in seen)
        medians[name] = statistics.median(took)
        diag("%-16s median %.1f ms, least %.1f, most %.1f, of %d" % (name, medians[name], took[0], took[-1], len(took)))
        is_(len(seen), ROUNDS, "%s: all are answered" % name)
        ok(took[0] >= DENY_MS - 1.5, "%s: none leaves before its time" % name)
        ok(medians[name] <= DENY_MS + 20, "%s: the median is not later than 20 ms after it" % name)
    ok(max(medians.values()) - min(medians.values()) <= 20, "the medians are within 20 ms of each other")
    is_(len({repr(prompt) for seen in samples.values() for _, prompt, _ in seen}), 1,
        "all were asked in the same words")
    is_({what for seen in samples.values() for _, _, what in seen}, {("verdict", "DENIED", "", "")},
        "and denied in the same words")


def conversation(host):
    """The same with both factors: what is asked does not depend on who it is."""
    seen = {}
    for name, user, uid, password in classes(0):
        one = Login(host, user, target_uid=uid, rhost="2001:db8:ffff::1")
        talk = []
        with one.peer:
            reply = one.next()
            while reply[0] == "prompt":
                talk.append((reply[1]["kind"], reply[1]["echo"], reply[1]["text"]))
                asked = time.monotonic()
                one.answer(password if len(talk) == 1 else "123456")
                reply = one.next()
                if reply[0] == "prompt":
                    ok(time.monotonic() - asked < DENY_MS / 1000 / 2, "%s: the code is asked for at once" % name)
        talk.append((reply[0], reply[1]["verdict"], reply[1]["handle"], reply[1]["reason"]))
        seen[name] = tuple(talk)
    is_(len(set(seen.values())), 1, "password and code: every conversation is the same")
    is_(len(next(iter(seen.values()))), 3, "... a password, a code, a denial")


with Instance(CONFIG, deny_time="%dms" % DENY_MS) as instance:
    prepare(instance)
    conversation(instance)
    times(instance)
    is_(status(instance)["state"], "serving", "it serves on")
done()
