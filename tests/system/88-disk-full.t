#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# D3: on a full disk, and on one that is read-only, logins go on and limits hold, nothing is minted, changes are refused; the state
# survives restarts and kill -9; when there is room again everything is there.
import os
import signal
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, done, is_, like, ok, refusal_name, skip_all  # noqa: E402
from logins import PASSWORD, Login, add, add_totp, events, login, request, set_password, show, status, totp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
if os.environ.get("AUTHC_TEST_APART") != "1":  # file systems of our own
    os.environ["AUTHC_TEST_APART"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, os.path.abspath(__file__)])

CONFIG = """
[service *]
factors = password
[service both]
factors = password otp
unenrolled = deny
[service sshd]
factors = password
sessions = yes
[audience web]
acr = aal1
"""
FULL = r"the disk is full: nothing can be changed until there is room in /"
READ_ONLY = r"the disk is read-only: nothing can be changed until it can be written"


class Disk:
    """A file system in memory, of so many MiB, for a directory of the host's."""

    def __init__(self, path, mib, mode, owner):
        self.path, self.filler = path, os.path.join(path, "filler")
        os.makedirs(path)
        options = "size=%dm,mode=%o,uid=%d" % (mib, mode, owner)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path], check=True)

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def remount(self, how):
        subprocess.run(["mount", "-o", "remount," + how, self.path], check=True)

    def empty(self):
        os.unlink(self.filler)


def state(host):
    row = status(host)
    return row["state"], row["reason"]


def refuge(host):
    return sorted(os.listdir(os.path.join(host.run_dir, "refuge")))


def reserve(host):
    try:
        info = os.stat(os.path.join(host.state_dir, "authc.reserve"))
    except FileNotFoundError:
        return None
    return oct(info.st_mode & 0o7777), info.st_size, info.st_blocks * 512 >= info.st_size


UID = {"ada": 1001, "bob": 1002, "cyd": 1003, "dee": 1004}


def enter(host, user, password=PASSWORD, **fields):
    """A login of user's from an address of their own, or from another; the verdict's name."""
    fields.setdefault("rhost", "192.0.2.%d" % (UID[user] - 1000))
    return login(host, user, password, target_uid=UID[user], **fields)[0]


def enter_code(host, user, code):
    return enter(host, user, code=code, service="both")


def open_session(host, user):
    rhost = "192.0.2.%d" % (UID[user] - 1000)
    verdict, row = login(host, user, target_uid=UID[user], rhost=rhost)
    assert verdict == "GRANTED", verdict
    return Login(host, user, phase="OPEN", handle=row["handle"], target_uid=UID[user], rhost=rhost).run({})["handle"]


def mint(host, session):
    """"token", or the refusal's name and text."""
    rows, last = request(host, "token_mint", "user", 1001, audience="web", session=session)
    return "token" if last[0] == "end" and rows else (refusal_name(last[1]["error"]), last[1]["text"])


def is_frozen(host, session, why, when):
    name, text = mint(host, session)
    is_(name, "UNAVAILABLE", when + ": no token is minted")
    like(text, why, "... and the text says why")
    refused = host.authctl("user", "disable", "dee", json=False)
    is_((refused.code, show(host, "dee")["state"]), (1, "active"), "... no account is changed")
    like(refused.err, why, "... and authctl says why")
    row = Login(host, "dee", service="passwd", phase="CHAUTHTOK", target_uid=1004, caller_uid=0, rhost="").run({})
    like(row.get("reason", ""), why, "... nor a password, and the person is told why")
    name, text = state(host)
    is_(name, "degraded", "... status: degraded")
    like(text, why, "... and why")
    ok(len(request(host, "session_list")[0]) >= 1 and request(host, "audit_verify")[0][0]["intact"], "... what only reads goes on")


def fill_up(host, disk):
    """Until the database is in its refuge."""
    for _ in range(200):
        disk.fill()
        enter(host, "bob")
        if "authc.db" in refuge(host):
            return True
    return False


def full(host, disk):
    add(host, "ada"), add(host, "bob", 1002), add(host, "cyd", 1003), add(host, "dee", 1004)
    ada, _ = add_totp(host, "ada")
    code, later = totp(ada), totp(ada, 1)
    session = open_session(host, "ada")
    host.restart()  # with an empty WAL: the next write needs room
    is_((state(host), reserve(host), refuge(host)), (("serving", ""), ("0o600", 8 << 20, True), []), "room: serving, with a reserve")
    is_(mint(host, session), "token", "a token is minted")
    for _ in range(2):
        enter(host, "cyd", "wrong", rhost="198.51.100.9")

    disk.fill()
    is_(enter(host, "ada"), "GRANTED", "a full disk: a login is granted")
    is_((reserve(host), refuge(host)), (None, []), "... in the room of the reserve, which was given up")
    is_frozen(host, session, FULL, "full")
    is_(enter_code(host, "ada", code), "GRANTED", "a code is taken")
    is_(enter_code(host, "ada", code), "DENIED", "... once")
    enter(host, "cyd", "wrong", rhost="198.51.100.9")

    ok(fill_up(host, disk), "fuller yet: the database goes to its refuge, and nobody was denied for that")
    is_(show(host, "cyd")["failures"], 3, "failures are still counted")
    is_frozen(host, session, FULL, "in the refuge")
    for _ in range(3):
        enter(host, "cyd", "wrong", rhost="198.51.100.9")
    is_((enter(host, "cyd"), show(host, "cyd")["failures"]), ("DENIED", 5), "five failures: the right one is not looked at")

    host.restart(signal.SIGKILL)
    is_((enter(host, "cyd"), show(host, "cyd")["failures"]), ("DENIED", 5), "after a kill -9 the limit holds")
    is_(enter(host, "ada"), "GRANTED", "... logins go on")
    is_frozen(host, session, FULL, "after a kill -9")
    is_(enter_code(host, "ada", code), "DENIED", "... and the used code stays used")
    is_(enter_code(host, "ada", later), "GRANTED", "... the next one is taken")

    host.stop()
    disk.remount("ro")
    host.start()
    is_frozen(host, session, READ_ONLY, "read-only, and started anew")
    is_(enter(host, "ada"), "GRANTED", "... logins go on")
    is_((enter(host, "cyd"), enter_code(host, "ada", later)), ("DENIED", "DENIED"), "... limits hold, codes too")
    before = len(events(host))
    disk.remount("rw")
    is_frozen(host, session, r"the disk is ", "writable, and still full")

    disk.empty()
    refused = host.authctl("user", "disable", "bob", json=False)
    is_((refused.code, show(host, "bob")["state"]), (0, "disabled"), "room: the next change is made")
    is_((state(host), reserve(host), refuge(host)), (("serving", ""), ("0o600", 8 << 20, True), []), "serving, with a reserve, without a refuge")
    names = [row["event"] for row in events(host)]
    ok(len(names) > before and names.count("state.degraded") >= 2 and names.count("state.restored") == 1, "the audit tells of all of it")
    host.restart()
    is_(request(host, "audit_verify")[0][0]["intact"], 1, "... and is whole, after a restart, too")
    is_((enter(host, "cyd"), enter_code(host, "ada", later)), ("DENIED", "DENIED"), "limits hold, codes too")
    is_(mint(host, session), "token", "a token is minted again")
    request(host, "user_enable", user="bob"), request(host, "user_unlock", user="cyd")


def read_only_from_the_start(host, disk):
    code = totp(add_totp(host, "bob")[0])
    session = open_session(host, "ada")
    host.stop(signal.SIGKILL)  # with a WAL that has all of this
    disk.remount("ro")
    host.start()
    is_frozen(host, session, READ_ONLY, "started on a read-only disk")
    is_(enter_code(host, "bob", code), "GRANTED", "a code is taken")
    enter(host, "bob", "wrong", rhost="198.51.100.9")
    host.restart(signal.SIGKILL)
    is_((enter_code(host, "bob", code), show(host, "bob")["failures"]), ("DENIED", 1), "... once, also over a kill -9")
    disk.remount("rw")
    host.restart()
    is_((state(host), refuge(host)), (("serving", ""), []), "writable, and started anew: serving")
    is_((enter_code(host, "bob", code), show(host, "bob")["failures"]), ("DENIED", 1), "... with the failures and the codes")
    is_((mint(host, session), request(host, "audit_verify")[0][0]["intact"]), ("token", 1), "... and everything else")


def read_only_while_it_runs(host):
    """As a file system does that found an error: writes fail from one moment to the next."""
    if not shutil.which("strace"):
        return
    wal = os.path.join(host.state_dir, "authc.db-wal")
    trace = subprocess.Popen(["strace", "-f", "-P", wal, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=EROFS", "-o", "/dev/null", "-p",
                              str(host.process.pid)], stderr=subprocess.PIPE, text=True)
    if "attached" not in trace.stderr.readline():
        return
    is_((enter(host, "ada"), state(host)[0]), ("GRANTED", "degraded"), "read-only from one moment to the next: a login is granted")
    like(state(host)[1], READ_ONLY, "... and status tells")
    trace.send_signal(signal.SIGINT)
    trace.wait()
    host.restart()
    is_((state(host), refuge(host)), (("serving", ""), []), "writable, and started anew: serving")


def no_refuge(host, disk):
    """Nothing can be written anywhere: denied, and never UNAVAILABLE, which could open a fallback."""
    host.stop()
    os.rmdir(os.path.join(host.run_dir, "refuge"))
    listeners = host.start_handed()  # never root, so it cannot make one
    state(host)
    like(host.log(), r"no refuge, so a full disk will stop logins: .*/refuge: no such directory", "no refuge: the log says so at the start")
    for _ in range(100):
        disk.fill()
        with Login(host, "bob").peer as peer:
            name, row = peer.recv()
            if name == "prompt":
                peer.send("answer", secret="wrong")
                name, row = peer.recv()
        if name == "refused":
            break
    is_((name, refusal_name(row.get("error", 0))), ("refused", "BUSY"), "no refuge: a login is refused as busy")
    like(host.log(), r"no refuge for the database.*/refuge: no such directory; systemd-tmpfiles --create", "... and the log says what to do")
    is_(state(host)[0], "degraded", "... status tells")
    host.stop()
    for listener in listeners.values():
        listener.close()
    disk.fill()

    listeners = host.start_handed()
    name, row = Login(host, "ada").next()
    is_((name, refusal_name(row.get("error", 0))), ("refused", "BUSY"), "nor at a start on that disk")
    is_(state(host)[0], "broken", "... status: broken")
    disk.empty()
    is_(host.process.wait(10), 0, "with room it ends, to be started again")
    host.process = None
    for listener in listeners.values():
        listener.close()
    host.start()
    is_((enter(host, "ada"), state(host)[0]), ("GRANTED", "serving"), "... and serves")


with Instance(CONFIG, start=False, deny_time="20ms") as host:
    owner = int(subprocess.run(["id", "-u", host.user], capture_output=True, text=True, check=True).stdout)
    disk = Disk(host.state_dir, 24, 0o711, owner)
    run = Disk(host.run_dir, 24, 0o755, 0)
    try:
        host.start()
        full(host, disk)
        read_only_from_the_start(host, disk)
        read_only_while_it_runs(host)
        no_refuge(host, disk)
    finally:
        host.stop(signal.SIGKILL)
        for each in (disk, run):
            subprocess.run(["umount", "-l", each.path], check=False)
done()
