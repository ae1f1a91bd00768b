#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W6: beside ten thousand connects, thousands who neither read nor write, and users who log in without end, the caps hold, authcd's memory
# stays what it was, and root's login by password and code takes less than 2 s.
import errno
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PROMPT, Hangup, Instance, decode, diag, done, encode, is_, ok, refusal_name, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, add_totp, memory_kb, open_fds, status, totp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
RELEASE = os.environ.get("MODE", "release") == "release"
CONFIG = "[service *]\nunenrolled = skip\n"
PER_UID, ALL, RESERVE = 64, 4608, 256  # crowd.h
USER = 20000
HOGS = [30000 + i for i in range(6)]
MAY_TAKE = 2.0 if RELEASE else 20.0


# ---- peers, many of them ---------------------------------------------------------------------------------------------
class Many:
    """Connections of many uids to user.sock, that never block."""

    def __init__(self, host):
        self.path, self.sockets = host.socket_path("user"), []

    def connect(self, uid):
        """A socket, or None if the backlog is full."""
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        os.setegid(65534)
        os.seteuid(uid)
        try:
            one.connect(self.path)
        except BlockingIOError:
            one.close()
            return None
        finally:
            os.seteuid(0)
            os.setegid(0)
        self.sockets.append(one)
        return one

    @staticmethod
    def send(one, uid, packet):
        one.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("=iII", os.getpid(), uid, 65534))])

    def close(self):
        while self.sockets:
            self.sockets.pop().close()


def readable(one, seconds):
    poll = select.poll()  # select() knows no descriptor beyond 1023
    poll.register(one, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def heard(one, seconds=2.0):
    """What somebody who only listens hears: a refusal's name, "silence", "hangup"."""
    if not readable(one, seconds):
        return "silence"
    try:
        packet = one.recv(16384)
    except ConnectionResetError:
        packet = b""
    return refusal_name(decode(packet)[1]["error"]) if packet else "hangup"


def beside(act):
    """Runs act() in a child until end() is called with what this returns."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            act()
        finally:
            os._exit(0)
    return child


def end(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def all_gone(host):
    """Waits until authcd has heard that those before are gone: they count against their uids until then."""
    while status(host)["connections"] > 1:
        time.sleep(0.005)


# ---- root's login ----------------------------------------------------------------------------------------------------
class Roots:
    """People whom sshd lets in: each code serves once, so each login takes another of them."""

    def __init__(self, host, number):
        self.host, self.people = host, []
        for i in range(number):
            add(host, "person%d" % i, 1000 + i)
            self.people.append(("person%d" % i, 1000 + i, add_totp(host, "person%d" % i)[0]))

    def login(self, what):
        user, uid, secret = self.people.pop()
        started = time.monotonic()
        row = Login(self.host, user, target_uid=uid, rhost="192.0.2.%d" % len(self.people)).run(
            {PROMPT["PASSWORD"]: PASSWORD, PROMPT["CODE"]: lambda: totp(secret)})
        took = time.monotonic() - started
        verdict = verdict_name(row.get("verdict", 0))
        ok(verdict == "GRANTED" and took < MAY_TAKE, "%s: root's login takes %.0f ms (%s)" % (what, took * 1000, verdict))
        return took


# ---- the floods ------------------------------------------------------------------------------------------------------
def connects(host, roots):
    """10,000 from one uid, hundreds at a time."""
    def flood():
        many = Many(host)
        for i in range(10000):
            while many.connect(USER) is None:
                time.sleep(0.001)
            if len(many.sockets) > 400:
                many.sockets.pop(0).close()
        os.write(w, b"x")
        time.sleep(30)

    r, w = os.pipe()
    child = beside(flood)
    counts = [status(host)["connections"]]
    roots.login("during 10,000 connects from one uid")
    while not readable(r, 0.02):
        counts.append(status(host)["connections"])
    most = max(counts + [status(host)["connections"]])
    roots.login("after them")
    ok(0 < most <= PER_UID + 1, "never more than %d of them were let in (%d with root's)" % (PER_UID, most))
    end(child)
    os.close(r)
    os.close(w)
    all_gone(host)
    many = Many(host)
    own = [many.connect(USER) for _ in range(PER_UID + 3)]
    is_([heard(one) for one in own[PER_UID:]], ["BUSY"] * 3, "a uid that has %d connections is told so at the next" % PER_UID)
    is_([heard(one, 0) for one in own[:PER_UID]], ["silence"] * PER_UID, "those are still there")
    is_(heard(many.connect(USER + 1), 0.05), "silence", "another uid is served")
    many.close()


def never_write(host, roots):
    """All that is not reserved, of 70 uids."""
    many, left, before = Many(host), ALL - RESERVE, open_fds(host)
    for i in range(left):
        many.connect(USER + i % 70)
    while len(os.listdir("/proc/%d/fd" % host.process.pid)) < before + left:  # whoever asked would be one of them
        time.sleep(0.01)
    diag("%d silent connections: memory %d KiB" % (left, memory_kb(host)))
    is_([heard(many.connect(USER + 100 + i)) for i in range(3)], ["BUSY"] * 3, "%d silent connections: the next of any user is told so" % left)
    is_(heard(many.sockets[0], 0), "silence", "the first is still there")
    roots.login("beside them")
    held = [host.connect() for _ in range(RESERVE - 2)]
    is_([each.ask("status_get")[-1][0] for each in (held[0], held[-1])], ["end"] * 2, "root has %d more for itself" % len(held))
    for each in held:
        each.close()
    many.close()


def askers(host, roots):
    """A thousand, of 16 uids, who ask for the longest answer, read it, and ask again, as fast as they are answered."""
    def flood():
        many = Many(host)
        poll, question = select.epoll(), encode("config_list")
        for i in range(1000):
            poll.register(many.connect(USER + i % 16), select.EPOLLIN | select.EPOLLOUT)
        byfd = {one.fileno(): (one, USER + i % 16) for i, one in enumerate(many.sockets)}
        while True:
            for number, what in poll.poll():
                one, uid = byfd[number]
                try:
                    if what & select.EPOLLOUT:
                        many.send(one, uid, question)
                    while one.recv(16384):
                        pass
                except BlockingIOError:
                    pass

    child = beside(flood)
    while status(host)["connections"] < 1000:
        time.sleep(0.01)
    time.sleep(0.2)
    took = []
    for _ in range(50):
        began = time.monotonic()
        status(host)
        took.append(time.monotonic() - began)
    diag("beside 1,000 who ask without end root's request takes %.1f ms, at most %.1f" % (sorted(took)[25] * 1000, max(took) * 1000))
    ok(sorted(took)[25] < (0.05 if RELEASE else 0.2), "beside 1,000 who ask without end root is served first")
    roots.login("beside them")
    end(child)


def never_read(host, roots):
    """1,000 of 16 uids, each asking for the longest answer until it cannot send."""
    many, blocked = Many(host), 0
    question = encode("config_list")
    for i in range(1000):
        many.connect(USER + i % 16)
    while status(host)["connections"] < 1000:
        time.sleep(0.01)
    for i, one in enumerate(many.sockets):
        try:
            for _ in range(1000):
                many.send(one, USER + i % 16, question)
        except BlockingIOError:
            blocked += 1
    is_(blocked, 1000, "1,000 who ask without reading: each is stopped")
    diag("1,000 who never read: memory %d KiB" % memory_kb(host))
    roots.login("beside them")
    waiting = []
    host.process.send_signal(signal.SIGSTOP)  # it would go on as soon as one reads
    for one in many.sockets[::100]:
        packets = 0
        while readable(one, 0) and one.recv(16384):
            packets += 1
        waiting.append(packets)
    host.process.send_signal(signal.SIGCONT)
    ok(0 < max(waiting) < 100, "few answers wait for each of them (%s)" % waiting)
    many.close()


def hogs(host, roots):
    """Users who have an account each, and let themselves in by it, without end, on every connection that they may have."""
    def flood():
        many, talks = Many(host), {}
        poll = select.epoll()

        def fresh(uid):
            one = many.connect(uid)
            talks[one.fileno()] = (one, uid)
            poll.register(one, select.EPOLLIN)
            many.send(one, uid, encode("begin", nonce=bytes(16), phase=1, service="screen", user="hog%d" % uid, target_uid=uid))

        for uid in HOGS:
            for _ in range(PER_UID - 4):
                fresh(uid)
        while True:
            for number, _ in poll.poll():
                one, uid = talks[number]
                try:
                    name, _ = decode(one.recv(16384))
                    if name == "prompt":
                        many.send(one, uid, encode("answer", secret=PASSWORD))
                        continue
                except (OSError, struct.error):
                    pass
                poll.unregister(one)
                del talks[number]
                many.sockets.remove(one)
                one.close()
                fresh(uid)

    for uid in HOGS:
        add(host, "hog%d" % uid, uid)
    child = beside(flood)
    time.sleep(0.3)
    before = status(host)
    for _ in range(2):
        roots.login("beside %d users who let themselves in without end" % len(HOGS))
    now = status(host)
    diag("%d logins of theirs meanwhile, %d hashes wait" % (now["granted"] - before["granted"], now["waiting"]))
    ok(now["granted"] > before["granted"] + 2, "theirs go on, too")
    end(child)


def su_hog(host, roots):
    """One user, known where she sits, who calls su to herself without end, five at a time: more have to wait for each other."""
    def flood():
        talks = []
        while True:
            talks = talks or [Login(host, "hog%d" % HOGS[0], service="su", target_uid=HOGS[0], caller_uid=HOGS[0], rhost="", tty="pts/1")
                              for _ in range(12)]
            for talk in talks:
                talk.next()
                talk.answer(PASSWORD)
            later = [Login(host, "hog%d" % HOGS[0], service="su", target_uid=HOGS[0], caller_uid=HOGS[0], rhost="", tty="pts/1")
                     for _ in range(12)]
            for talk in later:
                talk.next()
                talk.answer(PASSWORD)
            for talk in talks:
                talk.run({})
            talks = []
            for talk in later:
                talk.run({})

    Login(host, "hog%d" % HOGS[0], service="su", target_uid=HOGS[0], caller_uid=HOGS[0], rhost="").run({PROMPT["PASSWORD"]: PASSWORD})
    child = beside(flood)
    time.sleep(0.3)
    for _ in range(2):
        roots.login("beside one who calls su without end")
    end(child)


def full_backlog(host, roots):
    """Nobody accepts: user.sock fills, system.sock does not."""
    many = Many(host)
    host.process.send_signal(signal.SIGSTOP)
    try:
        while len(many.sockets) < 3 * ALL and many.connect(USER) is not None:
            pass
        diag("%d connections wait at user.sock" % len(many.sockets))
        peer = host.connect(timeout=2)
        peer.send("status_get")
    finally:
        host.process.send_signal(signal.SIGCONT)
    is_(peer.recv()[0], "row_status", "with user.sock's backlog full root connects at system.sock")
    roots.login("while those are turned away")
    many.close()


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < 10000:
    skip_all("needs 10,000 descriptors")
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
with Instance(CONFIG, deny_time="5ms") as instance:
    people = Roots(instance, 12)
    people.login("alone")
    fds, memory = open_fds(instance), memory_kb(instance)
    for test in (connects, never_write, askers, never_read, full_backlog, hogs, su_hog):
        all_gone(instance)
        began = time.monotonic()
        test(instance, people)
        diag("%s: %.1f s, memory %+d KiB" % (test.__name__, time.monotonic() - began, memory_kb(instance) - memory))
    grown = memory_kb(instance) - memory
    ok(grown < 150 * 1024 or not RELEASE, "memory: %d KiB before, %d after" % (memory, memory + grown))
    lines = [line for line in instance.log().splitlines() if line.startswith("authcd: ")]
    ok(len(lines) < 10, "nor is the log full of it (%d lines of authcd's own)" % len(lines))
    is_(open_fds(instance, fds), fds, "no descriptor is left")
    is_(status(instance)["connections"], 1, "nor a connection")
done()
