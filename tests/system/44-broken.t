#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# authcd that was handed its sockets and has nothing to serve from answers UNAVAILABLE to root's logins in less than 50 ms, whatever is
# broken: configuration, key, database, state directory (S2, M8, D6, D7, D8); without sockets handed over it says why and exits 1.
import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, PHASE, Hangup, Instance, Peer, done, is_, like, ok, skip_all, verdict_name  # noqa: E402
from logins import edit  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")


def handed(host):
    """authcd with sockets 3 and 4 and never root, as PID 1 would start it."""
    for each in host.start_handed().values():
        each.close()
    process, host.process = host.process, None
    return process


def broken(host, name, why, damage):
    """Damages, starts both ways, and puts nothing back."""
    damage()
    alone = subprocess.run([os.path.join(BUILD, "authcd"), "--config", host.config_path], capture_output=True, text=True,
                           timeout=20, check=False)
    is_(alone.returncode, 1, name + ": on its own it does not start")
    like(alone.stderr, why, name + ": and says why")
    process = handed(host)
    try:
        with host.connect() as peer:
            is_(peer.ask("status_get")[0][1]["state"], "broken", name + ": with sockets it serves, broken")
        with host.connect() as peer:
            like(peer.ask("status_get")[0][1]["reason"], why, name + ": root is told why")
        with host.connect() as peer:
            nonce, started = os.urandom(16), time.monotonic()
            row = peer.ask("begin", nonce=nonce, phase=PHASE["AUTH"], service="sshd", user="ada", target_uid=1001)[0]
            took = time.monotonic() - started
        is_((row[0], verdict_name(row[1].get("verdict", 0)), row[1].get("nonce"), row[1].get("user")),
            ("verdict", "UNAVAILABLE", nonce, "ada"), name + ": a login hears UNAVAILABLE")
        ok(took < 0.05, name + ": in less than 50 ms")
        with host.connect("user", uid=4242) as peer:
            is_(peer.ask("whoami")[0][0], "refused", name + ": others are refused")
    finally:
        process.send_signal(signal.SIGTERM)
        is_(process.wait(15), 0, name + ": it ends as asked")


def overloaded(host, database):
    """Too many open files at the start are nothing to fall back on: the next start may find fewer, and logins wait for it."""
    if not shutil.which("strace"):
        return
    for each in host.start_handed(wrapper=("strace", "-D", "-o", "/dev/null", "-P", database, "-e", "inject=openat:error=ENFILE")).values():
        each.close()
    with host.connect() as peer:
        peer.send("begin", nonce=bytes(16), phase=PHASE["AUTH"], service="sshd", user="ada", target_uid=1001)
        peer.socket.settimeout(15)
        try:
            said = peer.recv()
        except Hangup:
            said = "hung up"
        is_(said, "hung up", "no descriptors at the start: no verdict")
    is_(host.process.wait(15), 1, "... and authcd ends, to be started again")
    host.process = None


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


with Instance() as host:
    with host.connect() as peer:
        peer.ask("user_add", user="ada", uid=1001, role="admin")
    host.stop()
    database, key = os.path.join(host.state_dir, "authc.db"), os.path.join(host.state_dir, "authc.key")
    whole = {path: open(path, "rb").read() for path in (database, host.config_path)}
    subprocess.run(["cp", "-a", host.state_dir, host.state_dir + ".whole"], check=True)

    def mend():
        put(host.config_path, whole[host.config_path])
        subprocess.run(["rm", "-r", host.state_dir], check=True)
        subprocess.run(["cp", "-a", host.state_dir + ".whole", host.state_dir], check=True)

    process = handed(host)
    with host.connect() as peer:
        is_(peer.ask("status_get")[0][1]["state"], "serving", "whole, with sockets handed over: serves")
    with host.connect("user", uid=4242) as peer:
        is_(peer.ask("status_get")[0][0], "row_status", "on both")
    process.send_signal(signal.SIGTERM)
    is_(process.wait(15), 0, "and ends")

    broken(host, "bad configuration", r"authcd\.conf:\d+: ", lambda: put(host.config_path, whole[host.config_path] + b"x = 1\n"))
    mend()
    broken(host, "no key", "key", lambda: os.unlink(key))
    mend()
    broken(host, "another key", "key", lambda: put(key, os.urandom(32)))
    mend()
    broken(host, "key open to others", "key", lambda: os.chmod(key, 0o644))
    mend()
    broken(host, "corrupt database", "database|authc.db", lambda: put(database, whole[database][:50] + os.urandom(8000)))
    mend()
    flipped = bytearray(whole[database])
    flipped[3000] ^= 1  # of a page that every start reads
    broken(host, "a byte of it changed", "damaged", lambda: put(database, flipped))
    mend()
    broken(host, "newer schema", "newer|schema", lambda: edit(host, ("PRAGMA user_version = 1048575",)))
    mend()
    overloaded(host, database)
    process = handed(host)
    with host.connect() as peer:
        is_(peer.ask("user_list", limit=1)[0][1]["user"], "ada", "mended: all is there")
    process.send_signal(signal.SIGTERM)
    process.wait(15)
done()
