#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W5: who sent a packet is who connected, by the kernel's word on both, or the connection ends. Descriptors sent along never become
# authcd's, and closing them holds up nobody. Uids of other user namespaces are nobody's, a container's root is not this host's.
import ctypes
import os
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import MESSAGES, NO_UID, PROMPT, Hangup, Instance, done, encode, is_, ok, refusal_name, skip_all, verdict_name  # noqa: E402
from logins import Login, add, login, open_fds, request  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
USER, NOBODY = 4242, 65534
SO_PASSRIGHTS = 83
CONFIG = "[service *]\nunenrolled = skip\n"


def outcome(peer):
    """What a peer hears last, in one word."""
    try:
        name, row = peer.recv()
    except Hangup:
        return "hangup"
    return refusal_name(row["error"]) if name == "refused" else name


def as_uid(uid, act, real=None):
    """Runs act() in a child of that uid (real: real uid, where it is another); its result, which is text."""
    r, w = os.pipe()
    child = os.fork()
    if child == 0:
        said = "failed"
        try:
            if real is None:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            else:
                os.setreuid(real, uid)
            said = str(act())
        except OSError as error:
            said = type(error).__name__
        finally:
            os.write(w, said.encode())
            os._exit(0)
    os.close(w)
    with os.fdopen(r) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def becomes(peer):
    """Whoever runs this sends as what it is."""
    peer.uid, peer.gid, peer.pid = os.geteuid(), os.getegid(), os.getpid()


def refused(peer, name):
    heard = outcome(peer)
    ok(heard in ("PROTOCOL", "hangup") and peer.closed(3), "%s: refused and cut off (%s)" % (name, heard))


# ---- two uids on one connection --------------------------------------------------------------------------------------
def inherited(host):
    def sends(peer, credentials=True):
        def act():
            becomes(peer)
            peer.send_raw(encode("user_list", limit=10), credentials=credentials)
        return act

    for credentials in (True, False):
        how = "with its credentials" if credentials else "without any"
        with host.connect() as peer:
            as_uid(USER, sends(peer, credentials))
            refused(peer, "root connects, a user sends " + how)
        with host.connect("user") as peer:
            as_uid(USER, sends(peer, credentials))
            refused(peer, "... the same at user.sock")
        with host.connect("user", uid=USER) as peer:
            as_uid(USER + 1, sends(peer, credentials))
            refused(peer, "a user connects, another sends " + how)
        with host.connect("user", uid=USER) as peer:
            sends(peer, credentials)()
            refused(peer, "a user connects, root sends " + how)
    # In the middle of a login: whoever has the descriptor cannot finish it.
    talk = Login(host, "ada")
    talk.next()

    def answers():
        becomes(talk.peer)
        talk.answer("correct horse battery staple")
    as_uid(USER, answers)
    refused(talk.peer, "root begins a login, a user answers")
    with host.connect("user", uid=USER) as peer:
        is_(as_uid(0, lambda: (becomes(peer), setattr(peer, "uid", USER), peer.send("user_list"), outcome(peer))[-1]), "NOT_ALLOWED",
            "root may say that it acts for the user, and then has the user's rights")


def forged(host):
    """What a user may not write into credentials the kernel refuses; what root may, authcd judges."""
    for what, change in (("uid", dict(uid=0)), ("gid", dict(gid=0)), ("pid", dict(pid=1)), ("another's uid", dict(uid=USER + 1))):
        def act():
            with host.connect("user") as peer:
                becomes(peer)
                for key, value in change.items():
                    setattr(peer, key, value)
                peer.send("user_list")
                return outcome(peer)
        is_(as_uid(USER, act), "PermissionError", "a user who lies about its %s is stopped by the kernel" % what)
    with host.connect() as peer:
        peer.pid = 1
        is_(peer.ask("status_get")[-1][0], "end", "root may name another process: the pid of a packet decides nothing")
    with host.connect() as peer:
        peer.uid = USER
        peer.send("status_get")
        refused(peer, "root's connection, credentials of a user")
    for order in ((0, USER), (USER, 0)):
        with host.connect() as peer:
            extra = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("=iII", os.getpid(), uid, uid)) for uid in order]
            peer.socket.sendmsg([encode("status_get")], extra)
            heard = outcome(peer)
            ok(heard == ("PROTOCOL" if order[-1] else "row_status"), "two credentials, %d and %d: the kernel keeps the last (%s)" % (*order, heard))
    with host.connect("user", uid=USER) as peer:
        peer.socket.sendmsg([encode("status_get")], [])
        refused(peer, "no credentials: the kernel adds root's, who sends")


def setuid_root(host):
    """sudo, su, passwd: real uid the caller's, effective uid 0"""
    def act():
        with host.connect() as peer:
            becomes(peer)
            return peer.ask("user_list", limit=1)[-1][0]
    is_(as_uid(0, act, real=USER), "end", "a setuid-root program that says who it is is root")

    def implicit():
        with host.connect() as peer:
            peer.send_raw(encode("status_get"), credentials=False)
            return outcome(peer)
    is_(as_uid(0, implicit, real=USER), "PROTOCOL", "... and one that says nothing is its caller to the kernel, and refused")

    def dropped():
        with host.connect() as peer:
            os.setresuid(USER, USER, USER)
            becomes(peer)
            peer.send("user_list", limit=1)
            return outcome(peer)
    is_(as_uid(0, dropped, real=USER), "PROTOCOL", "... and once it has dropped root its connection is of no use")


# ---- descriptors -----------------------------------------------------------------------------------------------------
def slow_socket(seconds):
    """(peer's end, a TCP socket whose last close takes that long)"""
    listener = socket.create_server(("127.0.0.1", 0))
    out = socket.create_connection(listener.getsockname())
    out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
    out.setblocking(False)
    try:
        while True:
            out.send(bytes(1 << 20))
    except BlockingIOError:
        pass
    return listener, out


def with_fds(peer, packet, fds):
    """True: it went out. False: a kernel that carries no descriptors to who does not want them."""
    try:
        peer.send_raw(packet, fds=fds)
        return True
    except PermissionError:
        return False


def descriptors(host, kernel):
    before = open_fds(host)
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(253)]
    for which, uid in (("system", 0), ("user", USER)):
        for count in (1, 2, 253):
            for packet in (encode("status_get"), b"", b"\1\xff\xff"):
                with host.connect(which, uid) as peer:
                    if uid:
                        os.setegid(peer.gid)
                        os.seteuid(uid)
                    try:
                        carried = with_fds(peer, packet, fds[:count])
                    finally:
                        os.seteuid(0)
                        os.setegid(0)
                    if carried:
                        refused(peer, "%s, %s: %d descriptors with %d bytes" % (kernel, which, count, len(packet)))
                    else:
                        ok(kernel == "new kernel", "%s, %s: %d descriptors do not leave their sender" % (kernel, which, count))
    for fd in fds:
        os.close(fd)
    is_(open_fds(host, before), before, kernel + ": none of them is authcd's")


def slow_descriptors(host, kernel):
    """A user's descriptors that nobody reads, behind whatever: root is served at once while they close."""
    before, kept = open_fds(host), []

    def in_queue(peer):
        talk = Login(host, "nobody-here", which="user", peer_uid=USER, rhost="")
        talk.next()
        talk.answer("x")
        if talk.next()[0] == "prompt":
            talk.answer("x")
        time.sleep(0.05)  # denied, and held back: nothing more is read from it
        talk.peer.uid = peer.uid
        return talk.peer

    def too_many(peer):
        kept.extend(host.connect("user", uid=USER) for _ in range(63))  # and the first
        kept[-1].ask("status_get")
        host.process.send_signal(signal.SIGSTOP)  # so that it is sent before the connection is turned away
        return host.connect("user", uid=USER)

    for what, way in (("read", lambda peer: peer), ("left unread", in_queue), ("beyond one's share of connections", too_many)):
        other, slow = slow_socket(2)
        with host.connect("user", uid=USER) as first:
            peer = way(first)
            peer.uid = 0 if way is too_many else USER  # root may send as anybody: this is about the descriptor
            carried = with_fds(peer, encode("status_get"), [slow.fileno()])
            host.process.send_signal(signal.SIGCONT)
            if not carried:  # else the last close is not ours
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes(8))
            slow.close()
            longest = 0
            until = time.monotonic() + (0.6 if carried else 0)
            while time.monotonic() < until:
                started = time.monotonic()
                with host.connect() as root:
                    root.ask("status_get")
                longest = max(longest, time.monotonic() - started)
                time.sleep(0.01)
            ok(longest < 0.3, "%s: a descriptor that closes slowly, %s: root waits %.0f ms%s"
               % (kernel, what, longest * 1000, "" if carried else " (it was not carried)"))
            peer.close()
        while kept:
            kept.pop().close()
        other.close()
    is_(open_fds(host, before), before, kernel + ": in the end all is closed")


# ---- user namespaces -------------------------------------------------------------------------------------------------
CLONE_NEWUSER, PR_SET_DUMPABLE = 0x10000000, 4


def in_namespace(uid, act, mapping=None):
    """act() as that uid in a user namespace of its own; mapping: "inside outside" of one uid, written by the uid itself."""
    def child():
        outside_gid = os.getegid()
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
            return "no user namespaces"
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # its own uid_map is not its to write otherwise
        if mapping is not None:
            with open("/proc/self/uid_map", "w", encoding="ascii") as file:
                file.write("%d %d 1" % mapping)
            with open("/proc/self/setgroups", "w", encoding="ascii") as file:
                file.write("deny")
            with open("/proc/self/gid_map", "w", encoding="ascii") as file:
                file.write("%d %d 1" % (mapping[0], outside_gid))
        return act()
    return as_uid(uid, child)


def rootless(host):
    """A container's root is its user on the host."""
    def asks(what, **fields):
        def act():
            with host.connect("user") as peer:
                becomes(peer)
                name, row = peer.ask(what, **fields)[0]
                return refusal_name(row["error"]) if name == "refused" else "%s %s" % (name, row.get("user", ""))
        return act

    ids = in_namespace(1001, lambda: "%d %d" % (os.geteuid(), os.getuid()), mapping=(0, 1001))
    if ids == "no user namespaces":
        ok(True, "a rootless container's root # SKIP no user namespaces here")
        return
    is_(ids, "0 0", "a rootless container: its root has uid 0 there")
    is_(in_namespace(1001, asks("whoami"), mapping=(0, 1001)), "row_whoami ada", "... and is ada here")
    is_(in_namespace(1001, asks("user_show", user="ada"), mapping=(0, 1001)), "row_user ada", "... who may see her own account")
    is_(in_namespace(1001, asks("user_show", user="bob"), mapping=(0, 1001)), "NOT_ALLOWED", "... nobody else's")
    for what in [name for name, message in MESSAGES.items() if message.who in ("ADMIN", "ROOT")]:
        is_(in_namespace(1001, asks(what), mapping=(0, 1001)), "NOT_ALLOWED", "... and is no ADMIN: " + what)
    is_(in_namespace(1001, asks("factor_add", kind="totp"), mapping=(0, 1001)), "STEPUP", "... and has proved nothing")

    def connects():
        with host.connect() as peer:
            return "connected %d" % peer.uid
    is_(in_namespace(1001, connects, mapping=(0, 1001)), "PermissionError", "... system.sock is closed to it")
    is_(in_namespace(1001, asks("whoami")), "OSError", "a process without any uid there cannot even say who it is")

    def implicit():
        with host.connect("user") as peer:
            peer.send_raw(encode("whoami"), credentials=False)
            name, row = peer.recv()
            return row.get("user", refusal_name(row.get("error", 0)))
    is_(in_namespace(1001, implicit), "ada", "... but the kernel can: she is ada, and nobody else")
    is_(in_namespace(USER, implicit), "NOT_ALLOWED", "... or without an account")


def overflow(host):
    """The uid of all who have none."""
    is_(request(host, "user_add", user="nemo", uid=NOBODY, role="user")[1][0], "refused", "no account has uid %d" % NOBODY)
    is_(request(host, "user_add", user="nemo", uid=NO_UID, role="user")[1][0], "refused", "nor %d" % NO_UID)
    for what, message in MESSAGES.items():
        if message.direction == "REQUEST" and what not in ("begin", "answer", "abort"):
            is_(refusal_name(request(host, what, "user", NOBODY)[1][1].get("error", 0)), "NOT_ALLOWED", "uid %d: %s" % (NOBODY, what))
    for person in ("ada", "nobody", "nobody-here"):
        row = Login(host, person, which="user", peer_uid=NOBODY, target_uid=NOBODY, rhost="").run(
            dict.fromkeys(PROMPT.values(), "correct horse battery staple"))
        ok(verdict_name(row["verdict"]) == "DENIED" and row["handle"] == "", "uid %d proves nothing as %s" % (NOBODY, person))


with Instance(CONFIG, deny_time="300ms") as instance:
    for number, person in enumerate(("ada", "bob"), 1001):
        add(instance, person, number)
    for test in (inherited, forged, setuid_root, rootless, overflow):
        test(instance)
    descriptors(instance, "new kernel")
    slow_descriptors(instance, "new kernel")
    instance.stop()
    listeners = instance.start_handed()
    instance.connect().ask("status_get")
    for each in listeners.values():  # a kernel before 6.16 carries what it is given
        try:
            each.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, 1)
        except OSError:
            pass
    for test in (descriptors, slow_descriptors):
        test(instance, "old kernel")
    for each in listeners.values():
        each.close()
    is_(login(instance, "ada")[0], "GRANTED", "and ada gets in")
done()
