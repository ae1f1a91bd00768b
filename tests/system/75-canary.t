#!/usr/bin/python3
# A4 T7: a password or code typed in any way stays in no file, log, audit row, reply, argument, environment, core, nor
# in authcd's memory.
# SPDX-License-Identifier: MIT
import base64
import hashlib
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, PROMPT, done, encode, is_, like, ok, verdict_name
from logins import Login, add, add_totp, events, login, request, room_in_step, set_password, show, status, totp, traces

CONFIG = """
[service *]
unenrolled = skip
[service both]
unenrolled = deny
[service glued]
combined = yes
[audience web]
"""
RIGHT, CHANGED, WRONG = "Canary-one-Ziegelroth-8", "Canary-two-Ockergelb-9", "Canary-bad-Umbra-7"
SHORT, OTHER, NEVER, LONG = "Cnry4-x", "Canary-retyped-Siena-5", "Canary-late-Indigo-3", "Canary-long-" + "Kobalt" * 100
NAMED = "Canary-as-a-name-Purpur-2"  # typed where the name belongs: no secret to authcd, but not to be kept either
TYPED = [RIGHT, CHANGED, WRONG, SHORT, OTHER, NEVER, LONG]


def forms(text):
    """A secret as it might turn up: plain, in hex, base64, UTF-16, or under a hash without a salt."""
    raw = text.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1], base64.b32encode(raw).rstrip(b"=")[:-1],
            text.encode("utf-16-le"),
            hashlib.sha256(raw).digest(), hashlib.sha256(raw).hexdigest().encode(),
            hashlib.sha1(raw).hexdigest().encode()]


def wanted(typed):
    return [form for text in typed for form in forms(text)]


def memory(host, needles):
    """[(where, needle), ...] in all writable memory of authcd."""
    found, pid = [], host.process.pid
    with open("/proc/%d/maps" % pid, encoding="ascii", errors="replace") as maps, open("/proc/%d/mem" % pid, "rb",
                                                                                       0) as mem:
        for line in maps:
            low, high = (int(word, 16) for word in line.split()[0].split("-"))
            if "rw" not in line.split()[1] or high - low > 64 << 20:
                continue
            try:
                mem.seek(low)
                data = mem.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue
            found += [(line.split()[-1], needle) for needle in needles if needle in data]
    return found


def forgotten(host, needles):
    """What is left in memory when hashes of those who hung up are done, too: [] or what memory() says."""
    until = time.monotonic() + 5
    while memory(host, needles) and time.monotonic() < until:
        time.sleep(0.05)
    return memory(host, needles)


def change(host, old, code, new, retyped, **fields):
    row = Login(host, "ada", service="passwd", phase="CHAUTHTOK", rhost="", caller_uid=1001, **fields).run(
        {PROMPT["CURRENT_PASSWORD"]: old, PROMPT["PASSWORD"]: old, PROMPT["CODE"]: code, PROMPT["NEW_PASSWORD"]: new,
         PROMPT["RETYPE_PASSWORD"]: retyped})
    return verdict_name(row["verdict"]), row["reason"]


def type_recovery_codes(host):
    """Those that were made and one that was not, as they were printed and as they are stored."""
    made = [row["code"] for row in request(host, "recovery_make", user="ada")[0]]
    typed = [made[0], made[0], made[1].replace("-", ""), "bcde-fghj-knpr-stvx-bcde"]
    is_([login(host, "ada", RIGHT, code)[0] for code in typed], ["GRANTED", "DENIED", "GRANTED", "DENIED"],
        "recovery codes: a right, a used, another and a wrong one")
    request(host, "user_unlock", user="ada")
    return made + [code.replace("-", "") for code in made] + typed[3:]


def type_everything(host):
    """Returns the codes typed."""
    is_(set_password(host, "ada", RIGHT), "GRANTED", "a password is set")
    is_((login(host, "ada", RIGHT)[0], login(host, "ada", WRONG)[0]), ("GRANTED", "DENIED"), "typed right and wrong")
    login(host, "nobody-here", WRONG, target_uid=0xFFFFFFFF)
    is_(login(host, "ada", LONG)[0], "DENIED", "typed too long")
    secret, _ = add_totp(host, "ada", digits=8, confirm=False)
    room_in_step(4)
    codes = [totp(secret, offset, 8) for offset in (-1, 0, 1)] + ["86419753"]
    request(host, "factor_confirm", user="ada", id=0, code=codes[3])
    request(host, "factor_confirm", user="ada", id=0, code=codes[0])
    is_([login(host, "ada", RIGHT, code)[0] for code in (codes[3], codes[1], codes[1])],
        ["DENIED", "GRANTED", "DENIED"],
        "with a wrong, a right and a used code")
    is_(login(host, "ada", RIGHT, codes[2], service="glued")[0], "GRANTED", "both in one")
    is_(login(host, "ada", WRONG, codes[2], service="glued")[0], "DENIED", "both in one, wrong")
    request(host, "user_unlock", user="ada")
    codes += type_recovery_codes(host)
    request(host, "factor_remove", user="ada", id=1)

    said = [change(host, RIGHT, "", SHORT, SHORT), change(host, RIGHT, "", OTHER, OTHER + "x"),
            change(host, WRONG, "", OTHER, OTHER)]
    ok(all(verdict != "GRANTED" for verdict, _ in said),
       "a change too short, mistyped, by the wrong password (%s)" % said)
    is_([text for text in TYPED if text in repr(said)], [], "... no reason repeats what was typed")
    request(host, "user_unlock", user="ada")
    is_(change(host, RIGHT, "", CHANGED, CHANGED)[0], "GRANTED", "a change that is right")
    with host.connect("user", 1001) as peer:
        reply = peer.ask("begin", nonce=bytes(16), phase=6, service="authctl", user="ada", target_uid=1001,
                         caller_uid=1001)[-1]
        while reply[0] == "prompt":
            reply = peer.ask("answer", secret=CHANGED)[-1]
        is_(verdict_name(reply[1]["verdict"]), "GRANTED", "a proof to authctl")
    return codes


def type_where_it_does_not_belong(host):
    for field in ("user", "handle"):
        try:
            Login(host, **{"user": "ada", field: NAMED}).run(dict.fromkeys(PROMPT.values(), NEVER))
        except (Hangup, BrokenPipeError):
            pass


def out_of_order(host):
    with host.connect() as peer:
        peer.send("answer", secret=NEVER)
        peer.closed()


def malformed(host):
    one = Login(host, "ada")
    one.next()
    one.peer.send_raw(bytes([1, 0, 2, 0, len(NEVER) + 9]) + NEVER.encode())
    one.peer.closed()


def no_credentials(host):
    one = Login(host, "ada")
    one.next()
    one.peer.send_raw(encode("answer", secret=NEVER), credentials=False)
    one.peer.closed()


def gone_at_once(host):
    """More than may be looked at together, so that some wait with their passwords; then all hang up."""
    many = [Login(host, "ada") for _ in range(12)]
    for one in many:
        one.next()
    for one in many:
        one.answer(NEVER)
        one.peer.close()


def gone_before_the_code(host):
    one = Login(host, "ada", service="both")
    one.next()
    one.answer(NEVER)
    one.next()
    one.peer.close()


def mistyped_change(host):
    change(host, CHANGED, "", NEVER, NEVER + "x")


def wrong_code(host):
    with host.connect() as peer:
        peer.ask("factor_confirm", user="ada", code=NEVER)


def nothing_left(host):
    """Looks right after each, before another packet or hash could cover what was left behind."""
    request(host, "user_unlock", user="ada")
    add_totp(host, "ada", confirm=False)
    for way in (lambda host: login(host, "ada", NEVER), out_of_order, malformed, no_credentials, gone_before_the_code,
                mistyped_change, wrong_code,
                gone_at_once):
        way(host)
        is_(forgotten(host, [NEVER.encode()]), [],
            "%s: nothing of it is left in memory" % way.__name__.replace("<lambda>", "a wrong password"))


def nowhere(host, needles, when):
    is_(traces(host, *needles), [], when + "in no file and no log")
    is_([needle for needle in needles if needle in repr(events(host)).encode()], [], when + "not in the audit")
    open_files = []
    for name in os.listdir("/proc/%d/fd" % host.process.pid):
        try:
            open_files.append(os.readlink("/proc/%d/fd/%s" % (host.process.pid, name)))
        except FileNotFoundError:  # a connection that has ended meanwhile
            pass
    strange = [path for path in open_files if path.startswith("/") and not path.startswith((host.directory,
                                                                                            "/dev/null"))]
    is_(strange, [], "... and authcd has no other file open")


with Instance(CONFIG, deny_time="5ms") as instance:
    add(instance, password=None)
    codes_typed = type_everything(instance)
    plain_all = [text.encode() for text in TYPED + codes_typed]
    needles_all = wanted(TYPED) + plain_all
    nowhere(instance, needles_all, "what was typed is ")
    login(instance, "nobody-here", "x", target_uid=0xFFFFFFFF)  # the hashing threads have had other work since
    is_(forgotten(instance, plain_all), [], "nor in authcd's memory")
    for name in ("environ", "cmdline", "comm", "status"):
        with open("/proc/%d/%s" % (instance.process.pid, name), "rb") as file:
            data = file.read()
        is_([needle for needle in needles_all if needle in data], [], "nor in its " + name)
    with open("/proc/%d/limits" % instance.process.pid, encoding="ascii") as file:
        like(file.read(), r"Max core file size\s+0\s+0\s", "it may leave no core")
    type_where_it_does_not_belong(instance)
    is_(status(instance)["state"], "serving", "it serves on after secrets in the wrong place")
    nothing_left(instance)
    nowhere(instance, wanted([NEVER, NAMED]), "these are ")
    ok(memory(instance, [b"ada"]) != [], "(its memory can be looked at)")
    before = set(os.listdir("/")) | set(os.listdir(instance.state_dir))
    instance.stop(signal.SIGABRT)
    is_(sorted((set(os.listdir("/")) | set(os.listdir(instance.state_dir))) - before), [], "SIGABRT leaves no core")
    instance.start()
    nowhere(instance, needles_all + wanted([NAMED]), "after that and a new start it is ")
done()
