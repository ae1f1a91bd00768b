#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Hostile peers: malformed packets, packets of another uid than connected, floods: W2 W3 W4 W5 W6. After each,
# authcd serves on and holds no descriptor more.
import os
import random
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import (Hangup, Instance, MESSAGES, PHASE, done, encode, is_, ok, refusal_name, skip_all)  # noqa: E402
from logins import open_fds  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
USER = 4242  # nobody has to be behind it


def outcome(peer):
    """What a peer hears last, in one word, and whether it was hung up on."""
    try:
        name, row = peer.recv()
    except Hangup:
        return "hangup"
    return refusal_name(row["error"]) if name == "refused" else name


with Instance() as host:
    begin = dict(nonce=bytes(16), phase=PHASE["AUTH"], service="sshd", user="ada", target_uid=0xffffffff, rhost="10.0.0.7")
    before = open_fds(host)

    def sends(packet, name, want="PROTOCOL", closes=True, **more):
        with host.connect() as peer:
            peer.send_raw(packet, **more)
            is_(outcome(peer), want, name)
            if closes:
                ok(peer.closed(3), name + ": closed")

    good = encode("begin", **begin)
    sends(good[:-1], "a truncated message")
    sends(good + b"x", "a trailing byte")
    sends(encode("begin", **dict(begin, user="a\0b")), "NUL in text")
    sends(encode("begin", **dict(begin, user=b"\xc3\x28")), "bad UTF-8")
    sends(encode("begin", **dict(begin, service="s" * 65)), "a text over its limit")
    sends(b"\1\0\1" + bytes(17) + b"\xff\xff", "a length beyond the packet")
    sends(b"\1\xff\xff", "an unknown number")
    sends(b"\2" + good[1:], "another version", "versions")
    sends(b"", "an empty packet")
    sends(good + bytes(16384), "a packet that is cut")
    sends(encode("verdict", verdict=1), "a reply sent by a peer")
    sends(encode("answer", secret=b"x"), "an answer before BEGIN")

    with host.connect() as peer:
        peer.send("begin", **begin)
        is_(outcome(peer), "prompt", "a login")
        peer.send("begin", **begin)
        is_(outcome(peer), "PROTOCOL", "that begins twice is refused")
        ok(peer.closed(3), "and closed")

    # connected by root, used by another
    with host.connect() as peer:
        child = os.fork()
        if child == 0:
            os.setgid(USER)
            os.setuid(USER)
            peer.uid = peer.gid = USER
            peer.pid = os.getpid()
            peer.send("user_list", limit=10)
            os._exit(0)
        is_(os.waitpid(child, 0)[1], 0, "another uid sends on an inherited descriptor")
        is_(outcome(peer), "PROTOCOL", "and is refused")
        ok(peer.closed(3), "and closed")
    with host.connect() as peer:
        child = os.fork()
        if child == 0:
            os.setgid(USER)
            os.setuid(USER)
            peer.send_raw(encode("user_list", limit=10), credentials=False)
            os._exit(0)
        os.waitpid(child, 0)
        is_(outcome(peer), "PROTOCOL", "without credentials of its own: the kernel adds the sender's, refused")
    with host.connect("user", uid=USER) as peer:
        peer.uid = 0
        peer.gid = 0
        peer.send("user_list", limit=10)
        is_(outcome(peer), "PROTOCOL", "root's credentials on another's connection are refused too")
    with host.connect("user", uid=USER) as peer:
        peer.send("user_list", limit=10)
        is_(outcome(peer), "NOT_ALLOWED", "who is not root may not list accounts")
    # sudo: real uid of the caller, effective uid 0
    with host.connect() as peer:
        child = os.fork()
        if child == 0:
            os.setreuid(USER, 0)
            own = host.connect()
            own.send("status_get")
            os._exit(0 if own.recv()[0] == "row_status" else 1)
        is_(os.waitpid(child, 0)[1], 0, "a setuid-root peer that says who it is works")
    try:
        host.connect("system", uid=USER)
        ok(False, "system.sock is root's")
    except PermissionError:
        ok(True, "system.sock is root's")

    is_(open_fds(host, before), before, "no descriptor is left of all that")

    # noise
    random.seed(7)
    names = [name for name, message in MESSAGES.items() if message.direction == "REQUEST"]
    for _ in range(300):
        packet = bytearray(encode(random.choice(names)))
        for _ in range(random.randint(0, 3)):
            packet[random.randrange(len(packet))] = random.randrange(256)
        with host.connect() as peer:
            peer.send_raw(bytes(packet[:random.randint(0, len(packet))]) or struct.pack(">BH", 1, 1))
    with host.connect() as peer:
        is_(peer.ask("status_get")[0][1]["state"], "serving", "after 300 packets of noise it serves")

    # floods
    silent = [host.connect("user", uid=USER) for _ in range(64)]
    with host.connect("user", uid=USER) as peer:
        is_(outcome(peer), "BUSY", "the 65th connection of one uid is told so")
        ok(peer.closed(3), "and closed")
    with host.connect("user", uid=USER + 1) as peer:
        is_(peer.ask("status_get")[0][0], "row_status", "another uid is served")
    started = time.monotonic()
    with host.connect() as peer:
        is_(peer.ask("begin", **begin)[0][0], "prompt", "root's login too")
    ok(time.monotonic() - started < 2, "in less than 2 s")
    ok(all(peer.closed(8) for peer in silent), "who never says anything is cut off within seconds")
    for peer in silent:
        peer.close()
    with host.connect() as deaf:
        for _ in range(200):
            try:
                deaf.socket.settimeout(0.2)
                deaf.send("config_list")
            except (TimeoutError, BrokenPipeError):
                break
        with host.connect() as peer:
            is_(peer.ask("status_get")[0][0], "row_status", "somebody who never reads holds up nobody")
        time.sleep(6.5)
        with host.connect() as peer:
            is_(peer.ask("status_get")[0][1]["connections"], 1, "and is cut off")
    is_(open_fds(host, before), before, "no descriptor is left")
done()
