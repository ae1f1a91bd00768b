#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# authcd in the foreground: starts as root and keeps nothing of it, refuses to run beside itself, ends on SIGTERM, starts again after
# SIGKILL with all it had (L9, S3), and says on stderr what it does while there is no journal, escaped (A2).
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, Instance, diag, done, is_, like, ok, skip_all  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def no_journal():
    return not os.path.exists("/run/systemd/journal/socket")


with Instance() as host:
    status = status_of(host.process.pid)
    ok("0" not in status["Uid"].split("\t"), "runs as somebody else")
    is_(status["Groups"].strip(), "", "in no other group")
    is_([status[key].strip("0") for key in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [""] * 4, "without a capability")
    is_(status["NoNewPrivs"], "1", "and can gain none")
    limits = open("/proc/%d/limits" % host.process.pid, encoding="utf-8").read()
    like(limits, r"Max core file size +0 +0 ", "leaves no core")
    is_(os.stat("/proc/%d/mem" % host.process.pid).st_uid, 0, "and its memory is closed to its own user (not dumpable)")
    is_([oct(os.stat(path).st_mode & 0o777) for path in (host.state_dir, host.run_dir, host.socket_path("system"),
                                                         host.socket_path("user"))],
        ["0o711", "0o755", "0o600", "0o666"], "directories and sockets have their modes")

    second = subprocess.run([os.path.join(BUILD, "authcd"), "--config", host.config_path], capture_output=True, text=True,
                            timeout=20, check=False)
    is_(second.returncode, 1, "a second one does not start")
    like(second.stderr, "another authcd", "and says why")
    with host.connect() as peer:
        is_(peer.ask("user_add", user="ada", uid=1001, role="admin")[-1][0], "end", "the first one serves on")

    os.kill(host.process.pid, signal.SIGHUP)
    with host.connect() as peer:
        is_(peer.ask("user_list", limit=10)[0][1]["user"], "ada", "SIGHUP changes nothing")
        before = peer.ask("status_get")[0][1]["audit_seq"]
    host.restart(signal.SIGKILL)
    with host.connect() as peer:
        is_(peer.ask("user_list", limit=10)[0][1]["user"], "ada", "killed and started again: what was answered is there")
        ok(peer.ask("status_get")[0][1]["audit_seq"] > before, "and the audit goes on")
        rows = peer.ask("audit_list", limit=100)
        is_([row["seq"] for name, row in rows if name == "row_event"], list(range(1, len(rows))), "without a gap")

    with host.connect() as peer:
        peer.send("begin", nonce=bytes(16), phase=1, service="sshd", user="eve", target_uid=0xffffffff,
                  rhost="x\nPRIORITY=0\x1b[2J")
        peer.recv()
        peer.send("answer", secret=b"guess")
        peer.closed(1.0)
    started = time.monotonic()
    is_(host.stop(), 0, "SIGTERM ends it with 0")
    ok(time.monotonic() - started < 5, "at once where nothing is in flight")
    log = host.log()
    if no_journal():
        like(log, r"(?m)^\d+ user\.add ada ", "events are shown where there is no journal")
        like(log, r"(?m)^\d+ authcd\.stop ", "to the last")
        like(log, r"x\\x0aPRIORITY=0\\x1b\[2J", "what a stranger sent is one line, escaped")
        ok("\x1b" not in log and "\nPRIORITY" not in log, "and nothing of it reaches the terminal raw")
    ok("guess" not in log, "what was typed is in no log (A4)")

    host.write_config(open(host.config_path, encoding="utf-8").read().replace("user = " + host.user, "user = no-such-user"))
    try:
        host.start()
        ok(False, "a user that does not exist")
    except RuntimeError as error:
        like(str(error), 'no user "no-such-user".*useradd', "a user that does not exist: what to do is said")
    host.write_config(open(host.config_path, encoding="utf-8").read().replace("user = no-such-user", "user = root"))
    try:
        host.start()
        ok(False, "root as user")
    except RuntimeError as error:
        like(str(error), "runs without privileges", "root as user is refused")
done()
