#!/usr/bin/python3
# M8: no authcd, or one that says it has no state, is AUTHINFO_UNAVAIL at once; one that is stopped, does not accept, has a full
# backlog or hangs up denies, within 500 ms of the timeout; a person may type for longer than that.
# SPDX-License-Identifier: MIT
import signal
import socket
import subprocess
import threading
import time
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, PAMTRY, needs_root

PHASES = ("auth", "acct", "chauthtok", "open")


def at_once(host, name):
    """All phases say AUTHINFO_UNAVAIL, each within 50 ms in the best of five tries (the machine may be busy)."""
    best = {phase: 10**6 for phase in PHASES}
    for _ in range(5):
        tried = host.run(",".join(PHASES), "--user", "ada", answers=["x"])
        for phase in PHASES:
            best[phase] = min(best[phase], tried.ms(phase))
    is_([tried.code(phase) for phase in PHASES], ["PAM_AUTHINFO_UNAVAIL"] * 4, name)
    ok(max(best.values()) < 50, "... at once: %s ms" % best)


needs_root()
with Host("timeout=60") as host:
    at_once(host, "no socket")
    host.service("nowhere", socket="/nonexistent/authc/system.sock")
    is_(host.run("auth", "--user", "ada", "--service", "nowhere").code("auth"), "PAM_AUTHINFO_UNAVAIL", "no directory")
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dead.bind(host.socket)
    at_once(host, "a socket that nobody listens on")
    dead.close()
    at_once(host, "a socket that somebody left behind")
    host.fake("recv", "verdict=UNAVAILABLE")
    at_once(host, "authcd says UNAVAILABLE")
    host.fake("recv", "refused=8")
    at_once(host, "authcd refuses, it has no state")
    is_(host.run("setcred,close", "--user", "ada").code("close"), "PAM_PERM_DENIED", "setcred and close of nothing ask nobody")

# The slow ones side by side.
results = {}


def try_slow(name, host, prepare):
    with host:
        keep = prepare(host)
        results[name] = host.run("auth,acct,open", "--user", "ada", "--check-host", answers=["x"])
        for thing in keep or ():
            thing.close()


def not_accepting(host, backlog=8):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(host.socket)
    listener.listen(backlog)
    return [listener]


def full_backlog(host):
    things = not_accepting(host, 0)
    while True:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.setblocking(False)
        try:
            peer.connect(host.socket)
        except BlockingIOError:
            peer.close()
            return things
        things.append(peer)


def stopped(host):
    host.fake("recv", "verdict=GRANTED")
    host.process.send_signal(signal.SIGSTOP)


def wake(host):
    if host.process is not None:
        host.process.send_signal(signal.SIGCONT)


class Sleeper(Host):
    def __exit__(self, *rest):
        wake(self)
        super().__exit__(*rest)


CASES = [("bound, nobody accepts", Host, not_accepting), ("a full backlog", Host, full_backlog), ("stopped", Sleeper, stopped),
         ("silent after BEGIN", Host, lambda host: host.fake("recv", "hold")),
         ("silent after an answer", Host, lambda host: host.fake("recv", "prompt:password=?", "recv", "hold")),
         ("a drip of INFO", Host, lambda host: host.fake("recv", "info=.", "sleep=300", "goto=2"))]
threads = [threading.Thread(target=try_slow, args=(name, kind("timeout=1"), prepare)) for name, kind, prepare in CASES]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for name, _, _ in CASES:
    tried = results[name]
    is_(tried.code("auth"), "PAM_AUTH_ERR", name + ": denied")
    ok(900 <= tried.ms("auth") <= 1500, "... in time: %d ms" % tried.ms("auth"))
    is_((tried.code("acct"), tried.code("open")), ("PAM_AUTH_ERR", "PAM_SESSION_ERR"), "... by acct and open, too")
    ok("fds +0" in tried.lines and "host unchanged" in tried.lines, "... and nothing is left")

with Host("timeout=1") as host:
    host.fake("recv", "prompt:password=Password: ", "recv", "prompt:code=Code: ", "recv", "verdict=GRANTED")
    with subprocess.Popen([PAMTRY, "--confdir", host.confdir, "--user", "ada", "--do", "auth", "--answers-fd", "0"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as person:
        for answer in ("hunter2\n", "123456\n"):
            person.stdout.readline()
            time.sleep(0.7)  # together longer than the timeout
            person.stdin.write(answer)
            person.stdin.flush()
        ok("PAM_SUCCESS" in person.stdout.readline(), "the time in which a person types is not charged")
done()
