# SPDX-License-Identifier: MIT
#
# For the system tests: a private authcd in a directory of its own, peers that speak to it byte by byte (also wrongly), and
# TAP. Packets are built from common/messages.def, so that a test needs no C. Needs uid 0, as the daemon's root peers do.
#
#   with Instance() as host:
#       host.authctl("user", "add", "ada", "--uid", "1001", "--role", "admin")
#       peer = host.connect("system")
#       peer.send("begin", nonce=bytes(16), phase=PHASE["AUTH"], service="sshd", user="ada", target_uid=1001)
#       name, row = peer.recv()
"""A private authcd, hand-made peers, and TAP, for tests/system/*.t (see the comment above)."""
import array
import json as json_module
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
PACKET_MAX = 16384
NO_UID = NO_SESSION = 0xFFFFFFFF


# ---- the messages, from the same lists as the C --------------------------------------------------------------------
def _source(name):
    with open(os.path.join(ROOT, "common", name), encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


class Message:
    def __init__(self, name, number, direction, who):
        self.name, self.number, self.direction, self.who = name, number, direction, who
        self.fields = []  # (kind, name, max)


def _messages():
    messages, now = {}, None
    for kind, body in re.findall(r"\b([A-Z][A-Z0-9]*)\(([^)]*)\)", _source("messages.def")):
        words = [word.strip() for word in body.split(",")]
        if kind == "MESSAGE":
            now = messages[words[0]] = Message(words[0], int(words[1]), words[2], words[3])
        elif kind != "END":
            now.fields.append((kind, words[0], int(words[1]) if len(words) > 1 else 1024))
    return messages


def _enum(text, name):
    body = re.search(r"enum %s \{([^}]*)\}" % name, text).group(1)
    return {key: int(value) for key, value in re.findall(r"(\w+) = (\d+)", body)}


MESSAGES = _messages()
BY_NUMBER = {message.number: message for message in MESSAGES.values()}
VERDICT = {name: int(value, 16) for name, value in re.findall(r"VERDICT\((\w+),\s*(0x\w+)", _source("verdict.def"))}
PHASE = {key[6:]: value for key, value in _enum(_source("protocol.h"), "phase").items()}
PROMPT = {key[7:]: value for key, value in _enum(_source("protocol.h"), "prompt_kind").items()}
REFUSAL = {key[8:]: value for key, value in _enum(_source("protocol.h"), "refusal").items()}
_FORMAT = {"U8": ">B", "FLAG": ">B", "U32": ">I", "I64": ">q"}


def verdict_name(number):
    return {value: name for name, value in VERDICT.items()}.get(number, hex(number))


def refusal_name(number):
    return {value: name for name, value in REFUSAL.items()}.get(number, str(number))


def encode(name, /, **values):
    """The packet of a message. Fields not given are 0, empty, or zeros; limits are NOT held, so that tests can break them."""
    message = MESSAGES[name]
    unknown = set(values) - {field for _, field, _ in message.fields}
    if unknown:
        raise KeyError("%s has no field %s" % (name, ", ".join(sorted(unknown))))
    out = struct.pack(">BH", 1, message.number)
    for kind, field, size in message.fields:
        value = values.get(field)
        if kind in _FORMAT:
            out += struct.pack(_FORMAT[kind], value or 0)
        elif kind == "FIXED":
            out += value if value is not None else bytes(size)
        else:
            raw = value.encode("utf-8") if isinstance(value, str) else (value or b"")
            out += struct.pack(">H", len(raw)) + raw
    return out


def decode(packet):
    """(name, {field: value}) of a packet; ValueError if it is not exactly one message, within its limits and in its one form."""
    version, number = struct.unpack_from(">BH", packet)
    if version != 1 or number not in BY_NUMBER:
        raise ValueError("not a message: %r" % packet[:16])
    message, at, values = BY_NUMBER[number], 3, {}
    for kind, field, size in message.fields:
        if kind in _FORMAT:
            values[field], = struct.unpack_from(_FORMAT[kind], packet, at)
            at += struct.calcsize(_FORMAT[kind])
        elif kind == "FIXED":
            values[field], at = packet[at:at + size], at + size
        else:
            length, = struct.unpack_from(">H", packet, at)
            raw, at = packet[at + 2:at + 2 + length], at + 2 + length
            values[field] = raw if kind == "SECRET" else raw.decode("utf-8")
            if length > size or b"\0" in raw and kind == "TEXT":
                raise ValueError("%s.%s: %r" % (message.name, field, raw))
        if kind == "FLAG" and values[field] > 1:
            raise ValueError("%s.%s is %d" % (message.name, field, values[field]))
    if at != len(packet) or encode(message.name, **values) != packet:
        raise ValueError("not %s as it is written: %r" % (message.name, packet))
    return message.name, values


# ---- a peer --------------------------------------------------------------------------------------------------------
class Hangup(Exception):
    """authcd closed the connection."""


class Peer:
    """One connection. uid, gid, pid are what send() puts into SCM_CREDENTIALS; change them to lie (uid 0 may)."""

    def __init__(self, path, uid=0, gid=None, timeout=20.0):
        self.uid = uid
        self.gid = (uid if uid == 0 else 65534) if gid is None else gid
        self.pid = os.getpid()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        if uid != 0:
            os.setegid(self.gid)
            os.seteuid(uid)  # SO_PEERCRED is taken at connect
        try:
            self.socket.connect(path)
        finally:
            if uid != 0:
                os.seteuid(0)
                os.setegid(0)

    def send_raw(self, packet, credentials=True, fds=()):
        extra = []
        if credentials:
            extra.append((socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("=iII", self.pid, self.uid, self.gid)))
        if fds:
            extra.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds)))
        self.socket.sendmsg([packet], extra, socket.MSG_NOSIGNAL)

    def send(self, name, /, **values):
        self.send_raw(encode(name, **values))

    def recv_raw(self):
        """The next packet; Hangup at its end, TimeoutError if none comes."""
        try:
            packet = self.socket.recv(PACKET_MAX + 1)
        except (ConnectionResetError, BrokenPipeError):
            packet = b""
        if not packet:
            raise Hangup()
        return packet

    def recv(self):
        return decode(self.recv_raw())

    def ask(self, name, /, **values):
        """Sends a request and gathers rows up to END, REFUSED, VERDICT, PROMPT or VERSIONS: [(name, fields), ...]."""
        self.send(name, **values)
        replies = [self.recv()]
        while replies[-1][0] not in ("end", "refused", "verdict", "prompt", "versions"):
            replies.append(self.recv())
        return replies

    def closed(self, seconds=10.0):
        """Does authcd close this connection within that time? (Packets that still come are dropped.)"""
        self.socket.settimeout(seconds)
        try:
            while True:
                self.recv_raw()
        except Hangup:
            return True
        except (TimeoutError, socket.timeout):
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- a private authcd ----------------------------------------------------------------------------------------------
class Result:
    def __init__(self, code, out, err, as_json):
        self.code, self.out, self.err = code, out, err
        self.json = json_module.loads(out) if as_json and out.strip() else None

    def __repr__(self):
        return "exit %d\n%s%s" % (self.code, self.out, self.err)


class Instance:
    """authcd of its own under /tmp, stopped by its own pid. config: more text for authcd.conf, sections included; settings: keys
    of [authcd] that differ from the ones here."""

    def __init__(self, config="", start=True, **settings):
        self.directory = tempfile.mkdtemp(prefix="authc-test-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.state_dir = os.path.join(self.directory, "state")
        self.run_dir = os.path.join(self.directory, "run")
        self.config_path = os.path.join(self.directory, "authcd.conf")
        self.log_path = os.path.join(self.directory, "log")
        self.process = None
        self._start = start
        values = dict(user=self._user(), state_dir=self.state_dir, run_dir=self.run_dir, issuer="https://host.example.org",
                      argon2_memory="19MiB", argon2_passes="2", deny_time="200ms")
        values.update(settings)
        self.user = values["user"]
        self.write_config("[authcd]\n" + "".join("%s = %s\n" % item for item in values.items()) + "\n" + config)

    @staticmethod
    def _user():
        try:
            return pwd.getpwnam("authc").pw_name
        except KeyError:
            return "nobody"

    def write_config(self, text):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.config_path, 0o644)

    def socket_path(self, which="system"):
        return os.path.join(self.run_dir, which + ".sock")

    def start(self, wait=10.0, env=None, args=()):
        """Starts authcd and waits until it answers; RuntimeError with its log if it does not."""
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([os.path.join(BUILD, "authcd"), "--config", self.config_path, *args],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, close_fds=True)
        log.close()
        until = time.monotonic() + wait
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with self.connect() as peer:
                    peer.ask("status_get")
                    return self
            except (OSError, Hangup):
                time.sleep(0.01)
        self.stop(signal.SIGKILL)
        raise RuntimeError("authcd did not start:\n" + self.log())

    def start_handed(self, env=None, sockets=None, wrapper=()):
        """Starts authcd, never root, with two sockets of ours, as PID 1 does; {"system", "user"}: the sockets, to be closed. env: more of
        the environment; sockets: those of an earlier authcd; wrapper: a program and its words, which becomes authcd."""
        names = ("system", "user")
        listeners = [sockets[name] if sockets else self._listen(name, mode) for name, mode in zip(names, (0o600, 0o666))]
        who = pwd.getpwnam(self.user)

        def place():
            high = [os.dup2(os.dup(each.fileno()), 20 + i) for i, each in enumerate(listeners)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.closerange(5, 64)

        drop = ["setpriv", "--reuid=%d" % who.pw_uid, "--regid=%d" % who.pw_gid, "--clear-groups"]
        shell = ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=system:user exec "$@"', "sh", *wrapper] + drop
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(shell + [os.path.join(BUILD, "authcd"), "--config", self.config_path], preexec_fn=place,
                                            close_fds=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, **(env or {})))
        return dict(zip(names, listeners))

    def _listen(self, name, mode):
        path = self.socket_path(name)
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(path)
        os.chmod(path, mode)
        listener.listen(4096)
        return listener

    def stop(self, how=signal.SIGTERM, wait=15.0):
        """Its exit status (negative: the signal), or None if it was not running."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self, which="system", uid=0, gid=None, timeout=20.0):
        return Peer(self.socket_path(which), uid, gid, timeout)

    def authctl_path(self):
        """A copy that every uid can run: others may not be let through to BUILD."""
        path = os.path.join(self.directory, "authctl")
        if not os.path.exists(path):
            shutil.copy(os.path.join(BUILD, "authctl"), path)
        return path

    def authctl(self, *args, input=None, json=True, uid=None, env=None, timeout=60):
        """Runs authctl against this instance; see Result. input: text for stdin. uid: who runs it."""
        command = [self.authctl_path(), "--run-dir", self.run_dir] + (["--json"] if json else []) + list(args)
        who = {} if uid is None else dict(user=uid, group=65534, extra_groups=[])
        done = subprocess.run(command, input=input if input is not None else "", capture_output=True, text=True, env=env,
                              timeout=timeout, check=False, **who)
        return Result(done.returncode, done.stdout, done.stderr, json)

    def __enter__(self):
        try:
            return self.start() if self._start else self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


# ---- TAP -----------------------------------------------------------------------------------------------------------
_count = _failed = 0


def ok(good, name):
    global _count, _failed
    _count += 1
    _failed += not good
    print("%sok %d - %s" % ("" if good else "not ", _count, name), flush=True)
    if not good:
        caller = sys._getframe(1)
        if caller.f_code.co_name in ("is_", "like"):
            caller = caller.f_back
        print("# failed: %s (%s:%d)" % (name, caller.f_code.co_filename, caller.f_lineno), file=sys.stderr, flush=True)
    return bool(good)


def is_(got, want, name):
    good = ok(got == want, name)
    if not good:
        print("# got %r, wanted %r" % (got, want), file=sys.stderr, flush=True)
    return good


def like(got, pattern, name):
    good = ok(re.search(pattern, got) is not None, name)
    if not good:
        print("# %r does not match %r" % (got, pattern), file=sys.stderr, flush=True)
    return good


def diag(text):
    for line in str(text).splitlines():
        print("# " + line, file=sys.stderr, flush=True)


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def done():
    """The plan; ends the program."""
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed else 0)
