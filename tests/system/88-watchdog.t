#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# S4: a hashing thread that hangs, and an end by kill -9 as for want of memory, amid logins: the watchdog has authcd started again on the same
# sockets, each attempt that was charged is counted, and logins go on.
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, diag, done, is_, like, ok, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, login, request, show  # noqa: E402

if os.geteuid() != 0 or not shutil.which("setpriv"):
    skip_all("needs root and setpriv")
WATCHDOG_S = 0.4
CONFIG = "[service *]\nfactors = password\n"
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Supervisor:
    """What systemd does for Type=notify with WatchdogSec= and Restart=always."""

    def __init__(self, host):
        self.host, self.sockets, self.stopped = host, None, None
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(host.directory, "notify")
        self.notify.bind(path)
        os.chmod(path, 0o666)
        self.env = dict(NOTIFY_SOCKET=path, WATCHDOG_USEC=str(int(WATCHDOG_S * 1e6)))

    def start(self):
        self.sockets = self.host.start_handed(self.env, self.sockets)
        while b"READY=1" not in self.hear(20):
            pass

    def hear(self, seconds):
        """The next notification; b"" if none comes in that time."""
        self.notify.settimeout(seconds)
        try:
            return self.notify.recv(4096)
        except TimeoutError:
            return b""

    def stop_thread(self, tid):
        """One thread stands still from now on, as if it hung."""
        if libc.ptrace(PTRACE_SEIZE, tid, None, None) < 0 or libc.ptrace(PTRACE_INTERRUPT, tid, None, None) < 0:
            skip_all("may not trace here")
        os.waitpid(tid, WALL)
        self.stopped = tid

    def await_silence(self, seconds):
        """Until authcd has said nothing for as long as it may; how long it went on, or None if it does."""
        began = last = time.monotonic()
        while last - began < seconds:
            if b"WATCHDOG=1" not in self.hear(WATCHDOG_S):
                return last - began
            last = time.monotonic()
        return None

    def end(self, how):
        """The status of authcd's end (negative: the signal)."""
        self.host.process.send_signal(how)
        while self.stopped and os.WIFSTOPPED(os.waitpid(self.stopped, WALL)[1]):
            pass  # not before its end is read are it and the process gone
        self.stopped = None
        try:
            return self.host.process.wait(5)
        except subprocess.TimeoutExpired:
            self.host.process.kill()
            return self.host.process.wait()


def threads(host):
    """{tid: ticks of processor time} of all but the first."""
    ticks, top = {}, "/proc/%d/task" % host.process.pid
    for tid in os.listdir(top):
        with open("%s/%s/stat" % (top, tid), encoding="utf-8") as file:
            ticks[int(tid)] = int(file.read().rpartition(")")[2].split()[11])
    del ticks[host.process.pid]
    return ticks


def hashing(host):
    """A thread that hashes now: the one that works most."""
    worked = {0: 0}
    while max(worked.values()) < 2:
        before = threads(host)
        time.sleep(0.03)
        worked = {tid: ticks - before.get(tid, ticks) for tid, ticks in threads(host).items()}
    return max(worked, key=worked.get)


def begun(host, network):
    """Logins in flight, from strange places: eve's with wrong passwords, ada's with the right one."""
    talks = [Login(host, "eve", target_uid=3001, rhost="198.51.%d.%d" % (network, i)) for i in range(4)]
    talks += [Login(host, "ada", target_uid=1001, rhost="198.51.%d.%d" % (network, 100 + i)) for i in range(2)]
    for talk in talks:
        talk.next()
        talk.answer(PASSWORD if talk.user == "ada" else "wrong")
    return talks


def outcome(talk):
    with talk.peer:
        try:
            return verdict_name(talk.peer.recv()[1]["verdict"])
        except Hangup:
            return "hangup"


def counted(host, talks, what):
    """All that was charged is held against the account: what was denied, and what nobody heard of again."""
    got = [(talk.user, outcome(talk)) for talk in talks]
    diag("%s: %s" % (what, ", ".join("%s %s" % one for one in got)))
    ok("hangup" in [how for _, how in got], "%s: logins were cut off" % what)
    ok(("eve", "GRANTED") not in got, "%s: nobody got in for it" % what)
    is_(show(host, "eve")["failures"], 4, "%s: eve's 4 attempts are counted" % what)
    # One that was let in just then may have been cut off before it heard of it.
    ok(show(host, "ada")["failures"] <= got.count(("ada", "hangup")), "%s: of ada's none that was let in" % what)
    is_(login(host, "ada", target_uid=1001)[0], "GRANTED", "%s: where she is known she gets in" % what)
    for name in ("eve", "ada"):
        request(host, "user_unlock", user=name)


def hang(host, supervisor):
    ok(supervisor.await_silence(WATCHDOG_S) is None, "the watchdog hears of authcd")
    talks = begun(host, 100)
    supervisor.stop_thread(hashing(host))
    silence = supervisor.await_silence(20)
    ok(silence is not None and silence < 4 * WATCHDOG_S + 1, "a thread hangs: after %s s it hears no more" % silence)
    is_(login(host, "ada", target_uid=1001)[0], "GRANTED", "until it is ended, others are let in")
    began = time.monotonic()
    is_(supervisor.end(signal.SIGABRT), -signal.SIGABRT, "authcd is ended")
    later = Login(host, "ada", target_uid=1001)  # nobody listens now, but the socket is there
    supervisor.start()
    later.next()
    later.answer(PASSWORD)
    is_(outcome(later), "GRANTED", "whoever came meanwhile gets in, after %.0f ms" % ((time.monotonic() - began) * 1000))
    like(host.log(), "a hashing thread hangs", "the log says why")
    counted(host, talks, "hang")


def killed(host, supervisor):
    talks = begun(host, 101)
    hashing(host)
    is_(supervisor.end(signal.SIGKILL), -signal.SIGKILL, "authcd is killed amid logins")
    supervisor.start()
    counted(host, talks, "kill -9")


with Instance(CONFIG, start=False, deny_time="3s", argon2_memory="64MiB", argon2_passes="5") as instance:
    instance.start()  # makes its directories, and two accounts
    add(instance, "ada", 1001)
    add(instance, "eve", 3001)
    login(instance, "ada", target_uid=1001)
    instance.stop()
    supervisor = Supervisor(instance)
    supervisor.start()
    for test in (hang, killed):
        test(instance, supervisor)
    is_(login(instance, "eve", target_uid=3001)[0], "GRANTED", "and eve, whose limits were taken off, gets in")
done()
