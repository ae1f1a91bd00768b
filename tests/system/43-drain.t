#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# SIGTERM with logins in flight: who has answered gets the verdict, who still types is hung up on within 10 s, who comes later finds
# nobody; a second SIGTERM does not wait: S3
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PHASE, Hangup, Instance, done, is_, ok, skip_all, verdict_name  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")


def begin(host, user):
    peer = host.connect()
    peer.send("begin", nonce=os.urandom(16), phase=PHASE["AUTH"], service="sshd", user=user, target_uid=0xffffffff,
              rhost="10.0.0.7")
    peer.recv()
    return peer


with Instance("[service sshd]\nfactors = password\n", deny_time="2s") as host:
    answered = [begin(host, "user%d" % i) for i in range(50)]
    typing = begin(host, "slow")
    idle = host.connect()
    idle.ask("status_get")
    fresh = host.connect()
    fresh.ask  # accepted, and has not said a word
    for peer in answered:
        peer.send("answer", secret=b"wrong")
    time.sleep(0.2)
    process, started = host.process, time.monotonic()
    process.send_signal(signal.SIGTERM)
    verdicts = [verdict_name(peer.recv()[1]["verdict"]) for peer in answered]
    is_(set(verdicts), {"DENIED"}, "50 logins that had answered get their verdicts")
    ok(time.monotonic() - started < 5, "when they are due, not when time is up")
    ok(idle.closed(1), "an idle connection is closed at once")
    try:
        host.connect()
        ok(False, "nobody accepts any more")
    except ConnectionRefusedError:
        ok(True, "nobody accepts any more")
    fresh.send("begin", nonce=bytes(16), phase=PHASE["ACCT"], service="sshd", user="ada", target_uid=0xffffffff)
    try:
        is_(fresh.recv()[0], "verdict", "a login that was connected before, and begins now, is served")
    except Hangup:
        ok(False, "a login that was connected before, and begins now, is served")
    ok(process.poll() is None, "somebody still types: authcd waits")
    ok(typing.closed(12), "but not for ever")
    waited = time.monotonic() - started
    ok(waited < 11, "ten seconds, and it hangs up (%.1f s)" % waited)
    is_(process.wait(5), 0, "and ends with 0")
    host.process = None

    host.start()
    typing = begin(host, "slow")
    process, started = host.process, time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    is_(process.wait(5), 0, "the second SIGTERM ends it")
    ok(time.monotonic() - started < 3, "at once")
    host.process = None
done()
