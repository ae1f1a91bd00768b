#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# A journal that is absent, then there but not reading, then reading: logins never wait for it, and it gets every event, in order, each
# text one field whatever is in it: A1 A2
import os
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PHASE, Instance, done, is_, ok, skip_all  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
if os.environ.get("AUTHC_TEST_APART") != "1":  # a /run/systemd of our own: libsystemd knows one place only
    os.environ["AUTHC_TEST_APART"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, os.path.abspath(__file__)])
os.makedirs("/run/systemd", exist_ok=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/run/systemd"], check=True)
PLACE = "/run/systemd/journal/socket"
HOSTILE = "x%d\nPRIORITY=0\nMESSAGE=owned\x1b[2J"  # each asks once: too many from one source would be an event of another priority


def journal():
    os.makedirs(os.path.dirname(PLACE), exist_ok=True)
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.bind(PLACE)
    os.chmod(PLACE, 0o666)
    reader.settimeout(15)
    return reader


def fields(datagram):
    """An entry of the journal's native protocol: NAME=value, or NAME, length and value."""
    entry, at = [], 0
    while at < len(datagram):
        end = datagram.index(b"\n", at)
        line = datagram[at:end]
        if b"=" in line:
            name, value = line.split(b"=", 1)
            at = end + 1
        else:
            size, = struct.unpack_from("<Q", datagram, end + 1)
            name, value = line, datagram[end + 9:end + 9 + size]
            at = end + 10 + size
        entry.append((name.decode(), value.decode()))
    return entry


def asks(host, n):
    """n root logins of unknown names, answered; how long the slowest waited for its prompt."""
    slowest = 0.0
    for i in range(n):
        with host.connect() as peer:
            started = time.monotonic()
            peer.ask("begin", nonce=bytes(16), phase=PHASE["AUTH"], service="sshd", user="name%d" % i, target_uid=0xffffffff,
                     rhost=HOSTILE % i)
            slowest = max(slowest, time.monotonic() - started)
            peer.send("answer", secret=b"x")
    return slowest


def position(host):
    with host.connect() as peer:
        row = peer.ask("status_get")[0][1]
    return row["audit_seq"], row["audit_delivered"]


with Instance("[service sshd]\nfactors = password\n") as host:
    ok(asks(host, 100) < 0.5, "no journal: logins go on")
    time.sleep(0.5)
    seq, delivered = position(host)
    ok(seq > 100, "events are written down")
    is_(delivered, 0, "and kept")

    reader = journal()
    ok(asks(host, 100) < 0.5, "a journal that does not read: logins go on")
    until = time.monotonic() + 12
    while position(host)[1] == 0 and time.monotonic() < until:
        time.sleep(0.1)
    seq, delivered = position(host)
    ok(0 < delivered < seq, "it has got what its queue holds (%d of %d)" % (delivered, seq))

    entries = []
    while len(entries) < seq:
        entries.append(fields(reader.recv(65536)))
    is_([dict(entry)["AUTHC_SEQ"] for entry in entries], [str(n + 1) for n in range(seq)], "reading: every event, in order")
    until = time.monotonic() + 5
    while position(host)[1] < seq and time.monotonic() < until:
        time.sleep(0.1)
    is_(position(host), (seq, seq), "and authcd knows")
    names = [[name for name, _ in entry] for entry in entries]
    ok(all(len(set(each)) == len(each) for each in names), "no field is there twice")
    hostile = [dict(entry) for entry in entries if "PRIORITY=0" in dict(entry).get("AUTHC_SOURCE", "")]
    ok(len(hostile) >= 200, "what a stranger sent is in its field as it was")
    is_({entry["PRIORITY"] for entry in hostile}, {"5"}, "and in no other")
    ok(not any(char in entry["MESSAGE"] for entry in hostile for char in "\n\x1b"), "the message can be shown on a terminal")
    ok(all({"MESSAGE_ID", "SYSLOG_IDENTIFIER", "AUTHC_EVENT"} <= set(each) for each in names), "each has its fields")

    host.restart()
    entry = dict(fields(reader.recv(65536)))
    ok(int(entry["AUTHC_SEQ"]) > seq, "after a restart it goes on, nothing is repeated")
    reader.close()
done()
