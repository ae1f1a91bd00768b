#!/usr/bin/python3
# L1 L2: logins that wait for others' verdicts, of one account, of one source, of both, while any of them hangs up, aborts, or answers on:
# nobody waits for ever, nobody has more looks than the table says, and nothing stays in flight.
# SPDX-License-Identifier: MIT
import os
import random
import select
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import NO_UID, Hangup, Instance, diag, done, is_, ok, verdict_name
from logins import PASSWORD, Login, add, events, login, request, show, status

RELEASE = os.environ.get("MODE", "release") == "release"
ROUNDS, AT_ONCE, STEPS = (60 if RELEASE else 25), 150, 60
CONFIG = """
[service *]
factors = password
[service both]
factors = password otp
unenrolled = deny
"""
# ada is known at her home, and anybody may come from the crowded source; the others are attacked.
PEOPLE = (("ada", 1001), ("vic", 1002), ("eve", 1003), ("nobody-here", NO_UID), ("nor-here", NO_UID))
SOURCES = ("192.0.2.7", "198.51.100.1", "198.51.100.1", "203.0.113.1", "127.0.0.1")


class Guest:
    """A login that goes on whenever it is asked to, in one of many ways."""

    def __init__(self, host, dice):
        user, uid = dice.choice(PEOPLE)
        rhost = "192.0.2.7" if user == "ada" and dice.random() < 0.7 else dice.choice(SOURCES)
        self.right = user == "ada" and dice.random() < 0.8
        self.left = 1 if self.right else dice.choice((1, 2))
        self.talk = Login(host, user, service="su" if self.left == 1 else "both", target_uid=uid, rhost=rhost, caller_uid=0)
        self.over = False

    def answer(self):
        if self.left and not self.over:
            self.send("answer", secret=PASSWORD if self.right else "guess")
            self.left -= 1

    def leave(self, aborts):
        if aborts:
            self.send("abort")
        self.talk.peer.close()

    def send(self, name, **fields):
        try:
            self.talk.peer.send(name, **fields)
        except BrokenPipeError:
            pass  # its verdict is there, and not heard yet

    def hear(self, seconds=0.0):
        """Takes what is there; True once the verdict has come."""
        while not self.over and select.select([self.talk.peer.socket], [], [], seconds)[0]:
            try:
                name, row = self.talk.peer.recv()
            except Hangup:
                name, row = "hangup", {}
            self.said = verdict_name(row["verdict"]) if name == "verdict" else name
            self.over = name != "prompt"
            seconds = 0.0
        return self.over


def turn(host, guests, dice):
    """Much happens at once: authcd stands still meanwhile."""
    host.process.send_signal(signal.SIGSTOP)
    for _ in range(STEPS):
        what = dice.random()
        if len(guests) < AT_ONCE and (what < 0.5 or not guests):
            guests.append(Guest(host, dice))
            if dice.random() < 0.7:
                guests[-1].answer()
        elif what < 0.8:
            dice.choice(guests).answer()
        else:
            guests.pop(dice.randrange(len(guests))).leave(aborts=what < 0.9)
    host.process.send_signal(signal.SIGCONT)
    if dice.random() < 0.3:
        time.sleep(dice.random() * 0.05)  # some verdicts come in between, some do not
    ended = [guest for guest in guests if guest.hear()]
    for guest in ended:
        guest.talk.peer.close()
        guests.remove(guest)
    return [guest.said for guest in ended]


def forgive(host):
    """Or all would be over soon: nobody waits where nobody may look."""
    for user in ("ada", "vic", "eve"):
        request(host, "user_unlock", user=user)
    for source in set(SOURCES):
        request(host, "limits_clear", source=source)


def play(host, seed):
    dice, guests, said = random.Random(seed), [], []
    for _ in range(ROUNDS):
        said += turn(host, guests, dice)
        forgive(host)
    until, last = time.monotonic() + 20, len(guests)
    while guests and time.monotonic() < until:
        for guest in guests:
            guest.answer()
        ended = [guest for guest in guests if guest.hear(0.02)]
        said += [guest.said for guest in ended]
        guests = [guest for guest in guests if guest not in ended]
    diag("seed %d: %d verdicts, %d at the end; %s" % (seed, len(said), last, {what: said.count(what) for what in set(said)}))
    is_((len(guests), set(said) <= {"GRANTED", "DENIED"}), (0, True), "everybody who stayed has a verdict")
    ok(said.count("GRANTED") > ROUNDS // 3, "ada among them got in")


def looked_at(host, user):
    return len([row for row in events(host) if row["user"] == user and row["event"] == "login.failure"])


with Instance(CONFIG, deny_time="1ms") as instance:
    for name, number in PEOPLE[:3]:
        add(instance, name, number)
    login(instance, "ada", target_uid=1001, rhost="192.0.2.7")
    play(instance, int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    while status(instance)["connections"] > 1:
        time.sleep(0.01)
    for name in ("vic", "eve"):
        looks = looked_at(instance, name)
        ok(ROUNDS // 4 < looks <= 5 * (1 + ROUNDS), "of the guesses at %s %d were looked at, five an unlock at most" % (name, looks))
    for name, uid in PEOPLE[1:3]:
        forgive(instance)
        was, talks = status(instance)["hashes"], []
        for each in range(12):
            talks.append(Login(instance, name, target_uid=uid, rhost="198.51.100.1"))
            talks[-1].next()
            talks[-1].answer("guess")
        for talk in talks:
            talk.next()
            talk.peer.close()
        is_((status(instance)["hashes"] - was, show(instance, name)["failures"]), (5, 5), "unlocked, %s has five looks: nothing stayed in flight" % name)
done()
