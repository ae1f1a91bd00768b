# SPDX-License-Identifier: MIT
#
# For the system tests that log in by hand, over the wire: one conversation from BEGIN to VERDICT, whole or in halves
# (so that many
# overlap), accounts with a password and a code, and the codes themselves. It reads no state of authcd's.
"""Logins typed by hand against a private authcd (see the comment above)."""
import base64
import hashlib
import hmac
import os
import shutil
import sqlite3
import struct
import time

from authc import NO_SESSION, PHASE, PROMPT, verdict_name

PASSWORD = "correct horse battery staple"


class Login:
    """One login on one connection. begin() and answer() do not wait; prompt() and verdict() do."""

    def __init__(self, host, user, which="system", peer_uid=0, service="sshd", phase="AUTH", **fields):
        self.peer = host.connect(which, peer_uid)
        self.user, self.nonce, self.asked, self.told = user, os.urandom(16), [], []
        values = dict(target_uid=1001, caller_uid=peer_uid, rhost="192.0.2.7", tty="ssh", audit_session=NO_SESSION)
        values.update(fields)
        self.begin = dict(values, nonce=self.nonce, phase=PHASE[phase], service=service, user=user)
        self.peer.send("begin", **self.begin)

    def next(self):
        """The next PROMPT, VERDICT or REFUSED; INFO goes to self.told."""
        name, row = self.peer.recv()
        while name == "info":
            self.told.append(row["text"])
            name, row = self.peer.recv()
        if name == "prompt":
            self.asked.append(row["kind"])
        return name, row

    def answer(self, secret):
        self.peer.send("answer", secret=secret)

    def run(self, by_kind):
        """Answers each prompt from {PROMPT[...]: text}; the VERDICT's row (or REFUSED's). Ends the connection."""
        with self.peer:
            name, row = self.next()
            while name == "prompt":
                answer = by_kind[row["kind"]]
                self.answer(answer() if callable(answer) else answer)
                name, row = self.next()
            ours = name != "verdict" or (row["nonce"] == self.nonce and row["user"] == self.user)
            assert ours, "not our verdict: %r" % row
            self.row = row
            return row


def login(host, user, password=PASSWORD, code=None, **fields):
    """(verdict's name, its row) of a whole login."""
    answers = {PROMPT["PASSWORD"]: password, PROMPT["CODE"]: code or ""}
    if isinstance(code, str):
        answers[PROMPT["COMBINED"]] = password + code
    row = Login(host, user, **fields).run(answers)
    return verdict_name(row.get("verdict", 0)), row


def set_password(host, user, password=PASSWORD, uid=1001):
    """By root, as passwd does it; the verdict's name."""
    row = Login(host, user, service="passwd", phase="CHAUTHTOK", target_uid=uid, caller_uid=0, rhost="").run(
        {PROMPT["NEW_PASSWORD"]: password, PROMPT["RETYPE_PASSWORD"]: password})
    return verdict_name(row.get("verdict", 0))


def request(host, name, which="system", peer_uid=0, **fields):
    """(rows, last message) of a tool's request on a connection of its own; a row is its fields."""
    with host.connect(which, peer_uid) as peer:
        replies = peer.ask(name, **fields)
        return [row for _, row in replies[:-1]], replies[-1]


def add(host, user="ada", uid=1001, role="user", password=PASSWORD):
    _, last = request(host, "user_add", user=user, uid=uid, role=role)
    assert last[0] == "end", last
    if password is not None:
        assert set_password(host, user, password, uid) == "GRANTED"


def show(host, user="ada"):
    return request(host, "user_show", user=user)[0][0]


def status(host):
    return request(host, "status_get")[0][0]


def events(host, after=0):
    """All rows of the audit after that number."""
    rows = []
    while True:
        some, last = request(host, "audit_list", after=after, limit=100)
        assert last[0] == "end", last
        rows += some
        after = last[1]["cursor"]
        if after == 0:
            return rows


def add_totp(host, user="ada", label="phone", confirm=True, **fields):
    """Adds a code factor and confirms it by the code of the step before now's; (secret, id)."""
    rows, last = request(host, "factor_add", user=user, kind="totp", label=label, **fields)
    assert last[0] == "end", last
    secret, number = decode_secret(rows[0]["secret"]), rows[0]["id"]
    if confirm:
        room_in_step(1)
        _, last = request(host, "factor_confirm", user=user, id=number, code=totp(secret, -1))
        assert last[0] == "end", last
    return secret, number


def decode_secret(text):
    text = text.replace(" ", "").rstrip("=")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def hotp(secret, counter, digits=6, algorithm="sha1"):
    """RFC 4226."""
    mac = hmac.new(secret, struct.pack(">Q", counter), getattr(hashlib, algorithm)).digest()
    at_byte = mac[-1] & 15
    return "%0*d" % (digits, (struct.unpack_from(">I", mac, at_byte)[0] & 0x7FFFFFFF) % 10 ** digits)


def totp(secret, offset=0, digits=6, algorithm="sha1", at=None, period=30):
    """RFC 6238, of the step that is offset away from now's."""
    return hotp(secret, int(time.time() if at is None else at) // period + offset, digits, algorithm)


def room_in_step(seconds):
    """Waits until the present 30 s step lasts that long yet, so that a code does not grow old within a test."""
    left = 30 - time.time() % 30
    if left < seconds:
        time.sleep(left + 0.05)


def files(host):
    """{path: bytes} of all that authcd keeps: state directory, run directory, log."""
    found = {}
    for top in (host.state_dir, host.run_dir):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        found[path] = file.read()
    with open(host.log_path, "rb") as file:
        found[host.log_path] = file.read()
    return found


def traces(host, *needles):
    """[(file, needle), ...]: where those bytes or texts are found in all that authcd keeps."""
    wanted = [needle.encode() if isinstance(needle, str) else needle for needle in needles]
    return [(path, needle) for path, data in files(host).items() for needle in wanted if needle in data]


# ---- what is in the database, changed behind authcd's back ---------------------------------------------------------------
def _mix(value, word):
    value = (value ^ word) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 32


def _sum_pages(path):
    """Gives each page the sum that authcd wants (store/pagesum.c): another program has written it."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        for at in range(0, len(data), 4096):
            value = _mix(0x6175746863, at)
            for word in struct.unpack_from("<511Q", data, at):
                value = _mix(value, word)
            if any(data[at:at + 4096]):
                struct.pack_into("<Q", data, at + 4088, value)
        file.seek(0)
        file.write(data)


def edit(host, *statements):
    """Runs SQL, each ("text", values...), in the database of an authcd that is stopped."""
    path = os.path.join(host.state_dir, "authc.db")
    database = sqlite3.connect(path)
    for text, *values in statements:
        database.execute(text, values)
    database.commit()
    database.close()
    _sum_pages(path)
    for name in os.listdir(host.state_dir):
        if os.path.isfile(os.path.join(host.state_dir, name)):
            shutil.chown(os.path.join(host.state_dir, name), host.user)


# ---- what the process holds ------------------------------------------------------------------------------------------
def open_fds(host, want=None):
    """How many descriptors authcd holds once no connection is left: it hears of a hang-up a little later than we do. Waits no longer
    if it holds as many as `want`."""
    directory, least = "/proc/%d/fd" % host.process.pid, 1 << 30
    for _ in range(25):
        least = min(least, len(os.listdir(directory)))
        if least == want:
            break
        time.sleep(0.02)
    return least


def memory_kb(host):
    """authcd's resident memory."""
    with open("/proc/%d/status" % host.process.pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
