#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W7 M15: to who is not root another's account is what no account is: the same bytes, after the same time, whatever state it is in. A screen
# locker of one user unlocks nobody else, and leaves no trace on their account but in the audit.
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, MESSAGES, NO_UID, PHASE, PROMPT, Hangup, Instance, decode, diag, done, encode, is_, ok, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, add_totp, events, login, request, room_in_step, show, totp  # noqa: E402
from pam import Tried  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
RELEASE = os.environ.get("MODE", "release") == "release"
CONFIG = "[service *]\nunenrolled = skip\n[audience web]\nacr = aal1\n"
DENY_MS = 100  # more than a hash takes, also on a busy machine
NONE = "none0"
# Accounts in every state, with names as long as the one that is none's.
STATES = {"alive": 1101, "coded": 1102, "tried": 1103, "ended": 1104, "later": 1105, "admin": 1106, "login": 1107}
ASKER, STRANGER = 1001, 5000  # one with an account of her own, and uids without


def people(host):
    add(host, "ada", ASKER)
    for name, uid in STATES.items():
        add(host, name, uid, role="superadmin" if name == "admin" else "user", password=None if name == "later" else PASSWORD)
    add(host, "super", 1108, role="superadmin")
    add_totp(host, "coded")
    for _ in range(6):
        login(host, "tried", "wrong", target_uid=STATES["tried"])
    request(host, "user_disable", user="ended")
    verdict, row = login(host, "login", target_uid=STATES["login"])
    assert verdict == "GRANTED"
    row = Login(host, "login", phase="OPEN", handle=row["handle"], target_uid=STATES["login"]).run({})
    return row["handle"]


# ---- requests --------------------------------------------------------------------------------------------------------
def raw(peer, packet):
    """(all packets that answer, seconds)"""
    heard, started = [], time.perf_counter()
    peer.send_raw(packet)
    try:
        while not heard or decode(heard[-1])[0] not in ("end", "refused", "verdict", "prompt"):
            heard.append(peer.recv_raw())
    except Hangup:
        heard.append(b"hangup")
    return heard, time.perf_counter() - started


def proved(host):
    """ada, who has proved herself on this connection."""
    talk = Login(host, "ada", which="user", peer_uid=ASKER, phase="STEPUP", rhost="")
    talk.next()
    talk.answer(PASSWORD)
    assert verdict_name(talk.next()[1]["verdict"]) == "GRANTED"
    return talk.peer


def requests(host):
    about = [name for name, message in MESSAGES.items() if message.direction == "REQUEST" and name != "begin" and
             "user" in [field for _, field, _ in message.fields]]
    for what in about:
        more = dict(kind="totp") if what == "factor_add" else dict(role="user") if what in ("user_add", "user_set") else {}
        askers = {"ada": host.connect("user", ASKER), "one without an account": host.connect("user", STRANGER), "ada, proved": proved(host)}
        wrong, heard = [], None
        for who, peer in askers.items():
            with peer:
                none = raw(peer, encode(what, user=NONE, **more))[0]
                for name in STATES:
                    heard = raw(peer, encode(what, user=name, **more))[0]
                    if heard != none:
                        wrong.append((who, name, heard, none))
        is_(wrong, [], "%s: every account is to others what none is (%s)" % (what, decode(heard[-1])[1].get("text")))
    times = dict((name, []) for name in ("alive", NONE))
    for what in about:
        with proved(host) as peer:
            for _ in range(10):
                for name in times:
                    times[name].append(raw(peer, encode(what, user=name))[1] * 1e6)
    same_time("%d requests" % len(about), times, 20)


def same_time(what, times, least_us):
    """The medians of two lists of interleaved samples are one."""
    one, other = (statistics.median(each) for each in times.values())
    text = "%s: median of %d %.0f us, and %.0f us" % (what, len(times[NONE]), one, other)
    ok(abs(one - other) < max(least_us, 0.15 * max(one, other)) or not RELEASE, text)


# ---- conversations ---------------------------------------------------------------------------------------------------
def conversation(host, uid, phase, name, target_uid, answer, handle):
    """All that a peer of that uid hears, and how long it takes in all."""
    heard = []
    with host.connect("user", uid) as peer:
        packets, took = raw(peer, encode("begin", nonce=bytes(16), phase=PHASE[phase], service="screen", user=name, target_uid=target_uid,
                                         caller_uid=uid, flags=0, audit_session=NO_UID, handle=handle))
        heard += packets
        while decode(heard[-1])[0] == "prompt":
            packets, more = raw(peer, encode("answer", secret=answer))
            heard, took = heard + packets, took + more
    return [packet.replace(name.encode(), b"?") for packet in heard], took


def conversations(host, session):
    uid, wrong = STRANGER, 0
    for phase in PHASE:
        handle = session if phase in ("OPEN", "CLOSE") else ""
        none = conversation(host, ASKER, phase, NONE, NO_UID, "wrong", handle)[0]
        for name, target, answer in [(name, uid, PASSWORD) for name, uid in STATES.items()] + [("alive", ASKER, "wrong")]:
            heard = conversation(host, uid, phase, name, target, answer, handle)[0]
            if heard != none:
                wrong += 1
                diag("%s of %s as %d: %r, not %r" % (phase, name, target, heard, none))
        uid += 1
        is_(wrong, 0, "%s: every account is to others what none is, right password or wrong" % phase.lower())
    for phase in ("ACCT", "CHAUTHTOK", "OPEN", "AUTH"):
        uid, times = uid + 1, dict((name, []) for name in ("alive", NONE))
        for _ in range(7 if phase == "AUTH" else 50):
            for name in times:
                times[name].append(conversation(host, uid, phase, name, NO_UID, "wrong", "")[1] * 1e6)
        same_time(phase.lower(), times, 1500 if phase == "AUTH" else 30)
    seen = [row["event"] for row in events(host) if row["source"] == "self:%d" % uid]
    is_(len(seen), 14, "each attempt is in the audit")


# ---- a screen locker -------------------------------------------------------------------------------------------------
class Locker:
    """A program with PAM that runs as a user."""

    def __init__(self, host):
        self.directory = os.path.join(host.directory, "locker")
        os.makedirs(os.path.join(self.directory, "pam.d"))
        for each in (os.path.join(BUILD, "pam_authc.so"), os.path.join(BUILD, "tests", "tools", "pamtry")):
            shutil.copy(each, self.directory)  # the build may be where a user cannot go
        with open(os.path.join(self.directory, "pam.d", "screen"), "w", encoding="utf-8") as file:
            for kind in ("auth", "account", "password", "session"):
                file.write("%s required %s/pam_authc.so socket=%s\n" % (kind, self.directory, host.socket_path("user")))

    def run(self, uid, user, do, *answers):
        command = [os.path.join(self.directory, "pamtry"), "--confdir", os.path.join(self.directory, "pam.d"), "--service", "screen",
                   "--user", user, "--tty", ":0", "--do", do]
        for answer in answers:
            command += ["--answer", answer]
        run = subprocess.run(command, capture_output=True, text=True, user=uid, group=65534, extra_groups=[], timeout=60, check=False)
        diag(run.stderr)
        return Tried(run.stdout, run.stderr, run.returncode)


def lockers(host):
    """M15"""
    add(host, "eve", 1201)
    add(host, "fay", 1202)
    hers, his = add_totp(host, "eve")[0], add_totp(host, "fay")[0]
    room_in_step(8)
    locker = Locker(host)
    for i in range(2):
        login(host, "eve", "wrong", "000000", target_uid=1201, rhost="198.51.100.%d" % i)
    tried = locker.run(1201, "eve", "auth,acct", PASSWORD, totp(hers))
    is_((tried.code("auth"), tried.code("acct"), tried.prompts), ("PAM_SUCCESS", "PAM_SUCCESS", ["Password: ", "Code: "]),
        "a locker unlocks for who runs it")
    is_({"AUTHC_SESSION", "AUTHC_HANDLE"} & set(tried.env), set(), "... and gets neither a handle nor a session")
    is_(show(host, "eve")["failures"], 2, "... and forgives strangers nothing")
    wrong = locker.run(1201, "eve", "auth", "wrong", "000000")
    is_(wrong.code("auth"), "PAM_AUTH_ERR", "... not with something else")
    before, last = show(host, "fay"), events(host)[-1]["seq"]
    code = totp(his)
    for answers in ((PASSWORD, code), ("wrong", "000000"), ("", "")):
        other = locker.run(1201, "fay", "auth", *answers)
        is_((other.code("auth"), other.prompts), ("PAM_AUTH_ERR", wrong.prompts), "another's account: refused after the same prompts")
        is_((other.said("info"), other.said("error"), other.env), (wrong.said("info"), wrong.said("error"), {}), "... and no other word")
        ok(other.ms("auth") >= DENY_MS, "... and not before time (%d ms)" % other.ms("auth"))
    is_(locker.run(1201, "fay", "acct").code("acct"), "PAM_USER_UNKNOWN", "acct of another's account: unknown")
    changes = [locker.run(1201, user, "chauthtok", PASSWORD, "another good password", "another good password") for user in ("fay", "nobody-here")]
    is_([(each.code("chauthtok"), each.prompts, each.said("error")) for each in changes], [("PAM_PERM_DENIED", [], [])] * 2,
        "a new password for another: as for nobody, nothing is asked")
    rows = [(row["event"], row["source"], row["result"]) for row in events(host, last) if row["event"].startswith("login.")]
    is_(len(rows), 3, "each attempt is in the audit")
    ok(all(row[:2] == ("login.refused", "self:1201") and row[2].startswith("asked by another uid") for row in rows), "... with who tried (%s)" % (rows[0],))
    is_(show(host, "fay"), before, "fay's account is as it was: no failure, no change")
    is_(login(host, "fay", code=code, target_uid=1202)[0], "GRANTED", "her code was not used up: she gets in with it")
    is_(locker.run(65534, "eve", "auth", PASSWORD, totp(hers, 1)).code("auth"), "PAM_AUTH_ERR", "uid 65534 unlocks nothing")
    is_(locker.run(0, "eve", "auth", PASSWORD, totp(hers, 1)).code("auth"), "PAM_SUCCESS", "root's programs may, also over this socket")


with Instance(CONFIG, deny_time="%dms" % DENY_MS) as instance:
    name_of_session = people(instance)
    requests(instance)
    conversations(instance, name_of_session)
    lockers(instance)
done()
