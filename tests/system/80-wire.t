#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W1 W2 W3: whatever bytes come instead of a message, root's or anybody's, over either socket, are refused and the connection closed;
# what is another message is answered as that one. authcd lives, and neither descriptors nor memory grow.
import os
import re
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import (BUILD, MESSAGES, PACKET_MAX, PHASE, Hangup, Instance, diag, done, encode, is_, ok, refusal_name,  # noqa: E402
                   skip_all)
from logins import add, add_totp, events, login, memory_kb, open_fds  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
NOISE = os.path.join(BUILD, "tests", "tools", "wirenoise")
RELEASE = os.environ.get("MODE", "release") == "release"
USER = 4242
ENOUGH = 3  # of what is wrong: each may take seconds to show
CONFIG = "[service *]\nunenrolled = skip\n[audience web]\nacr = aal1\n"

# Specimens of requests, short, because each of their bytes becomes each other byte; of any other request one of zeros does.
SPECIMENS = {
    "begin": dict(nonce=b"0123456789abcdef", phase=PHASE["AUTH"], service="sshd", user="ada", target_uid=1001, tty="ssh", rhost="10.0.0.7",
                  ruser="r", flags=1, auth_info="publickey ssh-rsa AA", audit_session=7, handle="abc"),
    "answer": dict(secret=b"hunter2"), "abort": {},
    "user_add": dict(user="eve", uid=70000, role="user"), "user_list": dict(after=0, limit=2), "user_show": dict(user="ada"),
    "user_set": dict(user="bob", role="user", uid=1002), "user_disable": dict(user="bob"), "user_enable": dict(user="bob"),
    "user_unlock": dict(user="bob"), "user_delete": dict(user="fay"),
    "factor_add": dict(user="bob", kind="totp", label="l", algorithm="SHA1", digits=6), "factor_confirm": dict(user="bob", id=1, code="000000"),
    "factor_list": dict(user="bob"), "factor_remove": dict(user="bob", id=3),
    "session_list": dict(user="bob", after=1), "session_kill": dict(user="bob", session="abc"),
    "token_mint": dict(audience="web", acr="aal1", session="abc"), "token_verify": dict(token="a.b.c", audience="web"),
    "audit_list": dict(user="bob", after=1, since_at=1, limit=2), "whoami": dict(session="abc"),
}
SPECIMENS.update((name, {}) for name, message in MESSAGES.items() if message.direction == "REQUEST" and name not in SPECIMENS)


def outcome(peer):
    """What a peer hears last, in one word."""
    try:
        name, row = peer.recv()
    except Hangup:
        return "hangup"
    return refusal_name(row["error"]) if name == "refused" else name


def noise(host, which, uid, every):
    """Every variant (or one in `every`) of every specimen; how many were sent."""
    text = "".join(encode(name, **fields).hex() + "\n" for name, fields in SPECIMENS.items())
    run = subprocess.run([NOISE, host.socket_path(which), str(uid), str(every)], input=text, capture_output=True, text=True, timeout=300,
                         check=False)
    diag(run.stderr)
    counts = dict(zip(re.findall("[a-z]+", run.stdout), map(int, re.findall("[0-9]+", run.stdout))))
    ok(run.returncode == 0 and counts["wrong"] == 0 and counts["refused"] > 0 < counts["answered"],
       "%s, uid %d: every variant is refused and cut off, or answered as what it is (%s)" % (which, uid, run.stdout.strip()))
    return counts["sent"]


def variants(host):
    """W1"""
    peers = (("system", 0), ("user", 0), ("user", USER))
    for which, uid in peers:
        noise(host, which, uid, 41 if RELEASE else 401)
    said = [line for line in host.log().splitlines() if line.startswith("authcd: ")]
    fds, memory, started = open_fds(host), memory_kb(host), time.monotonic()
    sent = sum(noise(host, which, uid, every) for (which, uid), every in zip(peers, (1, 5, 3) if RELEASE else (7, 29, 19)))
    grown = memory_kb(host) - memory
    diag("%d packets in %.1f s, memory %+d KiB" % (sent, time.monotonic() - started, grown))
    is_([line for line in host.log().splitlines() if line.startswith("authcd: ")], said, "authcd has nothing to say of them")
    is_(open_fds(host, fds), fds, "no descriptor is left of them")
    ok(grown < 2048 or not RELEASE, "nor memory (%+d KiB)" % grown)


def lengths(host):
    """W2: the length of every field of variable size, of every request, as it must not be."""
    wrong = []
    for name, fields in SPECIMENS.items():
        good, at = encode(name, **fields), 3
        for kind, field, size in MESSAGES[name].fields:
            if kind not in ("TEXT", "SECRET"):
                at += {"U8": 1, "FLAG": 1, "U32": 4, "I64": 8}.get(kind, size)
                continue
            own, rest = struct.unpack_from(">H", good, at)[0], len(good) - at - 2
            for length in {0, own - 1, rest + 1, size + 1, 0x7fff, 0x8000, 0xffff} - {own, -1}:
                with host.connect("user", uid=USER) as peer:
                    peer.send_raw(good[:at] + struct.pack(">H", length) + good[at + 2:])
                    heard = outcome(peer)
                    if len(wrong) < ENOUGH and (heard != "PROTOCOL" or not peer.closed(3)):
                        wrong.append((name, field, length, heard))
            at += 2 + own
    # A shorter text may leave bytes that are another field's as well as its own: then it is another message.
    is_(wrong, [], "a length of 0, beyond the rest or the limit: refused and cut off")


def sizes(host):
    """W2: MSG_TRUNC"""
    good = encode("begin", **SPECIMENS["begin"])
    for size in (PACKET_MAX, PACKET_MAX + 1, PACKET_MAX + 2, 2 * PACKET_MAX, 65536, 131072):
        for packet in (good + bytes(size - len(good)), encode("status_get") + bytes(size - 3)):
            with host.connect("user", uid=USER) as peer:
                peer.send_raw(packet)
                is_((outcome(peer), peer.closed(3)), ("PROTOCOL", True), "%d bytes that begin well: refused and cut off" % size)
    big = dict(SPECIMENS["begin"], service="s" * 64, user="u" * 256, tty="t" * 256, rhost="h" * 1024, ruser="r" * 256, auth_info="x" * 8000,
               handle="h" * 64)
    with host.connect() as peer:
        is_(peer.ask("begin", **big)[-1][0], "prompt", "the longest BEGIN of all is one")
    for field in ("service", "user", "tty", "rhost", "ruser", "auth_info", "handle"):
        with host.connect() as peer:
            peer.send("begin", **dict(big, **{field: big[field] + "x"}))
            is_((outcome(peer), peer.closed(3)), ("PROTOCOL", True), "a byte more in its %s: refused and cut off" % field)


def texts(host):
    """W3: each text of each request, with bytes that no text has"""
    wrong = []
    for name, fields in SPECIMENS.items():
        for kind, field, size in MESSAGES[name].fields:
            if kind != "TEXT":
                continue
            for bad in (b"\0", b"a\0", b"\xc3", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xff", b"a" * (size + 1)):
                with host.connect("user", uid=USER) as peer:
                    peer.send(name, **dict(fields, **{field: bad}))
                    heard = outcome(peer)
                    if len(wrong) < ENOUGH and (heard != "PROTOCOL" or not peer.closed(3)):
                        wrong.append((name, field, bad[:8], heard))
    is_(wrong, [], "NUL, broken UTF-8 and a byte too much, in every text: refused and cut off")
    for name, fields in SPECIMENS.items():
        with host.connect("user", uid=USER) as peer:
            peer.send_raw(encode(name, **fields) + b"\0")
            is_((outcome(peer), peer.closed(3)), ("PROTOCOL", True), "%s and a byte: refused and cut off" % name)


def numbers(host):
    """W3: versions and message numbers"""
    for version in (0, 2, 3, 127, 128, 255):
        for rest in (encode("status_get")[1:], b"", b"\xff" * 40):
            with host.connect("user", uid=USER) as peer:
                peer.send_raw(bytes([version]) + rest)
                name, row = peer.recv()
                is_((name, row.get("lowest"), row.get("highest"), peer.closed(3)), ("versions", 1, 1, True),
                    "version %d: told which are spoken, and cut off" % version)
    known = {message.number for message in MESSAGES.values() if message.direction == "REQUEST"}
    wrong = []
    for number in [n for n in range(512) if n not in known] + [0x7fff, 0x8000, 0xffff]:
        with host.connect("user", uid=USER) as peer:
            peer.send_raw(struct.pack(">BH", 1, number))
            if len(wrong) < ENOUGH and (outcome(peer) != "PROTOCOL" or not peer.closed(3)):
                wrong.append(number)
    is_(wrong, [], "every number that is no request's: refused and cut off")


with Instance(CONFIG, deny_time="5ms") as instance:
    for number, person in enumerate(("ada", "bob", "cyd"), 1001):
        add(instance, person, number)
    add_totp(instance, "bob")
    pid = instance.process.pid
    for test in (lengths, sizes, texts, numbers, variants):
        test(instance)
    ok(instance.process.poll() is None and instance.process.pid == pid, "authcd lives")
    failed = [row["event"] for row in events(instance) if row["event"].startswith("login.")]
    is_(failed, [], "no attempt was counted: nobody answered a prompt")
    is_(login(instance, "cyd", target_uid=1003)[0], "GRANTED", "cyd, who has nothing to do with all this, gets in")
done()
