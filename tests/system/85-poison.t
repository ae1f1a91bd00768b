#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W8: with a heap that is never clean, no reply of any request or login carries a byte that was not written for it: neither what the heap
# held, nor what others sent, nor anything but its one canonical form.
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import MESSAGES, NO_UID, PHASE, PROMPT, Hangup, Instance, Peer, decode, diag, done, encode, is_, ok, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, add_totp, login, request, set_password, totp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
CONFIG = "[service *]\nunenrolled = skip\n[service both]\ncombined = yes\n[audience web]\nacr = aal1\n[audience strong]\n"
# glibc fills what it gives out with 0x5a, and what it takes back with 0xa5; ASan is told to do the same.
POISON = {"MALLOC_PERTURB_": "165",
          "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":max_malloc_fill_size=1048576:malloc_fill_byte=90:max_free_fill_size=1048576:free_fill_byte=165"}
STALE = (b"ZZZZ", b"\xa5\xa5\xa5", b"CANARY", PASSWORD.encode())  # none of them is ever asked for or stored
CANARY = "CANARY" * 10

heard, wrong = {}, []


def judge(packet):
    """Every packet that any peer of this test receives comes by here."""
    try:
        name, row = decode(packet)
    except ValueError as error:
        wrong.append(str(error))
        return
    heard[name] = heard.get(name, 0) + 1
    if any(stale in packet for stale in STALE) and not row.get("kid"):
        wrong.append("%s: %r" % (name, packet))
    if name == "end" and row["count"] > 100 or name == "verdict" and row["verdict"] != 0 and verdict_name(row["verdict"]).startswith("0x"):
        wrong.append("%s: %r" % (name, row))


recv_raw = Peer.recv_raw


def watched(peer):
    packet = recv_raw(peer)
    judge(packet)
    return packet


Peer.recv_raw = watched


def talk(host, which, uid, packet):
    """All that a peer hears for one packet; what it may be is judge's."""
    with host.connect(which, uid, timeout=5) as peer:
        peer.send_raw(packet)
        try:
            while decode(peer.recv_raw())[0] not in ("end", "refused", "verdict", "prompt", "versions"):
                pass
        except (Hangup, ValueError):
            pass


def fill(host):
    """Long things first, so that what is short later lies where they were."""
    many = {"TEXT": lambda size: (CANARY * 200)[:size], "SECRET": lambda size: (CANARY * 200)[:size].encode()}
    for name, message in MESSAGES.items():
        if message.direction != "REQUEST":
            continue
        fields = {field: many[kind](size) for kind, field, size in message.fields if kind in many}
        for which, uid in (("system", 0), ("user", 1001)):
            packet = encode(name, **fields)
            with host.connect(which, uid) as peer:
                peer.send_raw(packet)
                try:
                    recv_raw(peer)  # a refusal may say what it refuses, to who sent it
                except Hangup:
                    pass


def canaries(host):
    """In logins, where nothing of them is repeated."""
    for user, uid in (("ada", 1001), ("bob", 1002), ("nobody-here", NO_UID)):
        for phase in PHASE:
            Login(host, user, phase=phase, target_uid=uid, auth_info=CANARY * 100, ruser=CANARY, handle=CANARY).run(
                dict.fromkeys(PROMPT.values(), CANARY * 15))
    request(host, "user_unlock", user="ada")
    request(host, "user_unlock", user="bob")


def logins(host, secret):
    verdicts = set()
    for service in ("sshd", "both"):
        for number, password in enumerate((PASSWORD, "wrong")):
            for user, uid in (("ada", 1001), ("bob", 1002), ("nobody-here", NO_UID)):
                verdict, row = login(host, user, password, lambda: totp(secret, number), service=service, target_uid=uid) \
                    if service == "sshd" else login(host, user, password, totp(secret), service=service, target_uid=uid)
                verdicts.add(verdict)
                if row.get("handle"):
                    Login(host, user, phase="OPEN", handle=row["handle"], target_uid=uid).run({})
    for phase in ("ACCT", "OPEN", "CLOSE"):
        for user, uid in (("ada", 1001), ("bob", 1003), ("dan", 1004), ("nobody-here", NO_UID)):
            for which, own in (("system", 0), ("user", 1001)):
                row = Login(host, user, which=which, peer_uid=own, phase=phase, target_uid=uid).run({})
                verdicts.add(verdict_name(row.get("verdict", 0)))
    for new in (["short", "x", "x"], ["a new password 1", "a new password 2"] * 3):
        talked = Login(host, "ada", service="passwd", phase="CHAUTHTOK", caller_uid=0, rhost="")
        with talked.peer:
            name = talked.next()[0]
            while name == "prompt" and new:
                talked.answer(new.pop(0))
                name = talked.next()[0]
    ok({"GRANTED", "DENIED", "UNKNOWN", "FORBIDDEN", "NO_SESSION"} <= verdicts, "logins with every outcome (%s)" % ", ".join(sorted(verdicts)))


def requests(host):
    """Every request, from root and from ada: about her, about others, about none; plain, empty, and with what is refused."""
    session = next((row["session"] for row in request(host, "session_list", "user", 1001)[0]), "")
    ok(session != "", "ada has a session")
    token = request(host, "token_mint", "user", 1001, audience="web", session=session)[0][0]["token"]
    request(host, "recovery_make", user="bob")
    request(host, "limits_list", all=1)
    talk(host, "system", 0, encode("begin", nonce=bytes(16), phase=PHASE["CHAUTHTOK"], service="authctl", user="cyd", target_uid=NO_UID,
                                   audit_session=NO_UID, flags=64))  # a one-time password
    texts = {"service": ["sshd", "sudo", ""], "user": ["ada", "bob", "none", ""], "session": [session, "none", ""], "audience": ["web", "strong", "none"],
             "token": [token, token[:-1], "a.b.c"], "role": ["user", "none"], "kind": ["totp", "none"], "label": ["", "desk", "!"], "acr": ["", "aal2", "x"]}
    last = ("session_kill", "user_disable", "user_delete")  # after these there is less to answer
    for name in [name for name in MESSAGES if name not in last] + list(last):
        message = MESSAGES[name]
        if message.direction != "REQUEST" or name in ("begin", "answer", "abort"):
            continue
        names = [field for _, field, _ in message.fields]
        for i in range(6):
            fields = {field: texts[field][i % len(texts[field])] for field in names if field in texts}
            fields.update({field: value for field, value in (("uid", NO_UID), ("limit", i), ("id", i)) if field in names})
            for which, uid in (("system", 0), ("user", 1001), ("user", 1002), ("user", 4242), ("user", 65534)):
                talk(host, which, uid, encode(name, **fields))
    add(host, "eve", 1005)
    peer = Login(host, "eve", which="user", peer_uid=1005, phase="STEPUP", rhost="")
    peer.next()
    peer.answer(PASSWORD)
    ok(verdict_name(peer.next()[1]["verdict"]) == "GRANTED" and peer.peer.ask("factor_add", kind="totp", label="own")[-1][0] == "end",
       "an enrolment of one's own")
    peer.peer.close()
    for packet in (b"", b"\2", b"\1", b"\1\0\1", b"\1\xff\xff", encode("status_get") + b"x", encode("verdict"), bytes(16384)):
        talk(host, "user", 1001, packet)
    with host.connect() as peer:
        cursor = 0
        while True:
            end = peer.ask("audit_list", after=cursor, limit=50)[-1]
            cursor = end[1]["cursor"]
            if cursor == 0:
                break


with Instance(CONFIG, start=False, deny_time="5ms") as instance:
    instance.start(env=dict(os.environ, **POISON))
    for number, person in enumerate(("ada", "bob", "cyd", "dan"), 1001):
        add(instance, person, number)
    fill(instance)
    canaries(instance)
    code = add_totp(instance, "bob", confirm=False)[0]
    request(instance, "factor_confirm", user="bob", id=1, code=totp(code, -1))
    logins(instance, code)
    set_password(instance, "ada")
    login_again = login(instance, "ada")
    Login(instance, "ada", phase="OPEN", handle=login_again[1]["handle"], target_uid=1001).run({})
    requests(instance)
    is_(wrong, [], "%d replies: each in its canonical form, without a stale byte" % sum(heard.values()))
    replies = {name for name, message in MESSAGES.items() if message.direction == "REPLY"}
    is_(replies - set(heard), set(), "every kind of reply was among them")
    diag(", ".join("%s %d" % item for item in sorted(heard.items())))
    instance.stop()
    with open(instance.log_path, encoding="utf-8", errors="surrogateescape") as file:
        is_([line for line in file if "CANARY" in line], [], "nor is anything of it in the log")
done()
