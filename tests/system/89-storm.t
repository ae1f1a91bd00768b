#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# P1, S3: a thousand logins at once on system.sock, right and wrong, from known places, strange ones, of names that nobody has: whoever is
# known gets in, no hashing thread idles while somebody waits, memory is what the threads need and little more, and all denials leave at the
# same time after their answer, whatever was or was not done for them. STORM=long: with the hash that authcd comes with, and figures.
import os
import random
import resource
import select
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import NO_UID, PROMPT, Instance, decode, diag, done, is_, ok, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, request, status  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
RELEASE, LONG = os.environ.get("MODE", "release") == "release", os.environ.get("STORM") == "long"
SCALE = 1 if RELEASE else 0.2
MEMORY_MIB, PASSES = (64, 3) if LONG else (19, 2)
TIMEOUT_S, TRIES = 60, 5  # the module's; looks at an account that strangers have at once
CONFIG = "[service *]\nfactors = password\n"


# ---- who comes -------------------------------------------------------------------------------------------------------
def crowd(name, number, each):
    """[(user, uid), ...] of one class, and how many logins of each."""
    number = max(1, int(number * SCALE))
    base = {"known": 2000, "stranger": 3000, "wrong": 4000, "disabled": 5000, "limited": 6000, "unknown": 0}[name]
    return [("%s%d" % (name, i), base + i if base else NO_UID) for i in range(number)], each


CLASSES = {"known": crowd("known", 10, 15), "stranger": crowd("stranger", 10, TRIES), "wrong": crowd("wrong", 20, TRIES),
           "unknown": crowd("unknown", 70, TRIES), "disabled": crowd("disabled", 20, TRIES), "limited": crowd("limited", 10, 25)}
DENIED = ("wrong", "unknown", "disabled", "limited")


def places():
    """Addresses that have no network in common."""
    number = 0
    while True:
        number += 1
        yield "2001:db8:%x::1" % number


PLACES = places()


def home(uid):
    return "10.0.0.%d" % (uid % 200 + 1)


class One:
    """One login, in steps that do not wait."""

    def __init__(self, host, kind, user, uid, password, rhost):
        self.kind, self.password, self.granted, self.answered, self.took = kind, password, None, None, None
        self.talk = Login(host, user, target_uid=uid, rhost=rhost)

    def fileno(self):
        return self.talk.peer.socket.fileno()

    def answer(self):
        self.answered = time.monotonic()
        self.talk.answer(self.password)

    def end(self):
        name, row = self.talk.peer.recv()
        self.took = time.monotonic() - self.answered
        self.outcome = verdict_name(row["verdict"]) if name == "verdict" else name
        self.talk.peer.close()


def all_of(host, kinds):
    logins = []
    for kind in kinds:
        people, each = CLASSES[kind]
        for user, uid in people:
            for _ in range(each):
                password = "wrong" if kind in ("wrong", "unknown", "limited") else PASSWORD
                logins.append(One(host, kind, user, uid, password, home(uid) if kind == "known" else next(PLACES)))
    return logins


def run(host, logins):
    """All at once. Seconds until the last one that was let in."""
    random.shuffle(logins)
    for one in logins:
        one.talk.next()
    poll, open_now, began, last = select.epoll(), {}, time.monotonic(), 0
    for one in logins:
        poll.register(one, select.EPOLLIN)
        open_now[one.fileno()] = one
    for number, one in enumerate(logins):
        one.answer()
        if number % 10 == 0:
            status(host)  # or the last of them would be read long after it was sent
    while open_now and time.monotonic() - began < 2 * TIMEOUT_S:
        for number, _ in poll.poll(1):
            one = open_now.pop(number)
            poll.unregister(number)
            one.end()
            if one.outcome == "GRANTED":
                last = time.monotonic() - began
    ok(not open_now, "all of %d have a verdict" % len(logins))
    return last


# ---- before it -------------------------------------------------------------------------------------------------------
def prepare(host):
    """Everybody has an account but who is unknown. How long a hash takes here, of one thread for each core."""
    for kind, (people, _) in CLASSES.items():
        for user, uid in people if kind != "unknown" else ():
            add(host, user, uid)
            if kind == "disabled":
                request(host, "user_disable", user=user)
    run(host, [One(host, "known", user, uid, PASSWORD, home(uid)) for user, uid in CLASSES["known"][0]])
    run(host, [One(host, "limited", user, uid, "wrong", next(PLACES)) for user, uid in CLASSES["limited"][0] for _ in range(TRIES)])
    began, hashes = time.monotonic(), status(host)["hashes"]
    run(host, [One(host, "known", user, uid, PASSWORD, home(uid)) for user, uid in CLASSES["known"][0] for _ in range(4)])
    return (time.monotonic() - began) / (status(host)["hashes"] - hashes)


# ---- after it --------------------------------------------------------------------------------------------------------
def peak_kib(host):
    with open("/proc/%d/status" % host.process.pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def metric(host, name):
    return next(float(row["value"]) for row in request(host, "metrics_get")[0] if row["name"] == name)


def lost(host):
    """Share of the threads' time in which they idled though somebody waited."""
    return metric(host, "authc_hash_queued_idle_seconds_total") / metric(host, "authc_hash_queued_slot_seconds_total")


def memory(host):
    slots = status(host)["slots"]
    most, may = peak_kib(host), (slots * MEMORY_MIB + 16) * 1024
    diag("memory: %d KiB at most, of which %d threads take %d MiB each" % (most, slots, MEMORY_MIB))
    ok(most < may or not RELEASE, "authcd took no more than its threads need, and 16 MiB (%d of %d KiB)" % (most, may))


def denials(logins, deny_s):
    medians = {}
    for kind in DENIED:
        took = sorted(one.took for one in logins if one.kind == kind)
        medians[kind] = statistics.median(took)
        diag("%-10s %4d denied: median %.0f ms, least %.0f, most %.0f" % (kind, len(took), medians[kind] * 1000, took[0] * 1000, took[-1] * 1000))
        ok(took[0] >= deny_s - 0.002, "%s: none leaves before its time" % kind)
    apart = max(medians.values()) / min(medians.values()) - 1
    may = 0.02 if RELEASE and not LONG else 0.1  # of few people, or of a line in which everybody's place is chance
    ok(apart < may, "the medians of all classes are within %.0f %% of each other (%.2f %%)" % (may * 100, apart * 100))


def storm(host, deny_s):
    logins = all_of(host, CLASSES)
    seconds, hashes = run(host, logins), status(host)["hashes"]
    for kind in CLASSES:
        got = [one.outcome for one in logins if one.kind == kind]
        want = "DENIED" if kind in DENIED else "GRANTED"
        is_(set(got), {want}, "%s: %d, all %s" % (kind, len(got), want))
    waits = sorted(one.took for one in logins if one.kind == "known")
    ok(waits[-1] < TIMEOUT_S, "whoever is known has the verdict in time: median %.1f s, the last %.1f s" % (waits[len(waits) // 2], waits[-1]))
    diag("%d logins, %d hashes in %.1f s: %.0f a second" % (len(logins), hashes, seconds, hashes / seconds))
    ok(lost(host) < (0.01 if LONG else 0.1), "threads idled for %.2f %% of the time in which somebody waited" % (lost(host) * 100))
    denials(logins, deny_s)
    memory(host)


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < 4000:
    skip_all("needs 4,000 descriptors")
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
settings = dict(argon2_memory="%dMiB" % MEMORY_MIB, argon2_passes=str(PASSES))
with Instance(CONFIG, deny_time="5ms", **settings) as instance:
    hash_s = prepare(instance)
    looked_at = sum(len(CLASSES[kind][0]) * CLASSES[kind][1] for kind in ("known", "stranger", "wrong"))
    deny = 2 if LONG else min(30, max(2.5, 1.5 * looked_at * hash_s))
    diag("a hash takes %.1f ms; denials leave after %.1f s" % (hash_s * 1000, deny))
    with open(instance.config_path, encoding="utf-8") as file:
        text = file.read()
    instance.write_config(text.replace("deny_time = 5ms", "deny_time = %dms" % (deny * 1000)))
    instance.restart()
    storm(instance, deny)
done()
