#!/usr/bin/python3
# D1: no reply leaves before what it says was synced to the disk; where a sync fails, authcd ends, and nothing of that turn leaves.
# SPDX-License-Identifier: MIT
import re
import shutil
import signal
import subprocess
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, done, is_, like, ok, skip_all
from logins import add, add_totp, login, request, show, totp

if os.geteuid() != 0 or not shutil.which("strace"):
    skip_all("needs uid 0 and strace")


class Trace:
    """strace looks over authcd's shoulder, and may make calls fail."""

    def __init__(self, host, *options):
        self.path = os.path.join(host.directory, "trace")
        self.command = ["strace", "-f", "-s", "0", *options, "-o", self.path, "-p", str(host.process.pid)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        if "attached" not in self.process.stderr.readline():
            skip_all("strace may not attach here")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def calls(self):
        """[(call, first argument), ...] in their order."""
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return re.findall(r"^\d+ +(\w+)\((\d+)", file.read(), re.M)


def unsynced_replies(calls, wal):
    """(replies after something was written, those of them that left before it was synced)."""
    dirty, wrote, replies, early = False, False, 0, 0
    for call, fd in calls:
        if fd == wal:
            dirty = call == "pwrite64"
            wrote = True
        elif call == "sendto" and wrote:
            replies, early, wrote = replies + 1, early + dirty, False
    return replies, early


def wal_of(host):
    folder = "/proc/%d/fd" % host.process.pid
    return next(fd for fd in os.listdir(folder) if os.readlink(os.path.join(folder, fd)).endswith("-wal"))


with Instance("[service *]\nunenrolled = skip\n[service sshd]\nsessions = yes\n") as host:
    add(host)
    secret, _ = add_totp(host)
    with Trace(host, "-e", "trace=pwrite64,fdatasync,sendto") as trace:
        is_(login(host, "ada", "wrong", code="000000")[0], "DENIED", "a login, denied")
        is_(login(host, "ada", code=totp(secret))[0], "GRANTED", "a login, granted")
        is_(request(host, "user_disable", user="ada")[1][0], "end", "an account disabled")
    replies, early = unsynced_replies(trace.calls(), wal_of(host))
    ok(replies >= 3, "%d replies about what was written" % replies)
    is_(early, 0, "each left after it was synced")
    request(host, "user_enable", user="ada")

    for what in ("user_disable", "a verdict"):
        with Trace(host, "-e", "trace=fdatasync,sendto", "-e", "inject=fdatasync:error=EIO") as trace:
            try:
                got = login(host, "ada", "wrong", code="000000")[0] if what == "a verdict" else request(host, what, user="ada")[1][0]
            except (Hangup, ConnectionResetError):
                got = "hung up"
            status = host.process.wait(10)
        is_((got, status), ("hung up", 1), "a sync that fails: %s does not leave, authcd ends" % what)
        is_([call for call, _ in trace.calls() if call == "fdatasync"][1:], [], "... and does not try again")
        like(host.log(), r"database: sync failed: .*: ending", "... which the log says")
        host.stop()
        host.start()
        ok(show(host)["state"] in ("active", "disabled"), "... and a new start finds the old state or the new")
        request(host, "user_enable", user="ada")
done()
