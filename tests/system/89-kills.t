#!/usr/bin/python3
# L9 O2: kill -9 at random points of many logins at once: no failure that anybody was told of, or that was looked at, is forgotten,
# none is made up, no code is taken twice, no login is half there, and a handle that was given out still opens a session.
#
#   89-kills.t [long]    10,000 logins instead of some hundred
# SPDX-License-Identifier: MIT
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import VERDICT, Hangup, Instance, diag, done, is_, ok, skip_all, verdict_name
from logins import PASSWORD, Login, add, decode_secret, hotp, request, show

if os.geteuid() != 0:
    skip_all("needs root")
LONG = sys.argv[1:] == ["long"]
LOGINS, KILLS = (10000, 12) if LONG else (100, 12)
GUESSERS, GUESSES_EACH = 3, 4  # fewer than an account has before guesses are not looked at
GONE = (Hangup, OSError, socket.timeout)
CONFIG = "[service *]\nunenrolled = skip\n[service sshd]\nsessions = yes\n"


class Account:
    """What its owners and its guessers know, from their side of the socket."""

    def __init__(self, name, uid, secret=None):
        self.name, self.uid, self.secret = name, uid, secret
        self.sent = self.denied = 0  # wrong passwords that were sent; verdicts about them that came
        self.counter, self.tries, self.rounds = 1, 0, 0
        self.taken = {}  # counter: how often its code was granted

    def login(self, host, rhost):
        return Login(host, self.name, target_uid=self.uid, rhost=rhost)


class World:
    def __init__(self, host):
        self.host = host
        self.lock = threading.Lock()
        self.gate = threading.Condition()
        self.running, self.ended, self.busy = False, False, 0
        self.answers = self.granted = 0
        self.handles = []  # (account, handle, rhost) of grants that came
        self.wrong = []
        self.guessed = [Account("g%d" % i, 2000 + i) for i in range(12)]
        self.coded = [self.enrolled("c%d" % i, 3000 + i) for i in range(3)]
        for account in self.guessed:
            add(host, account.name, account.uid)

    def enrolled(self, name, uid):
        add(self.host, name, uid)
        rows, last = request(self.host, "factor_add", user=name, kind="hotp", label="token")
        assert last[0] == "end", last
        secret = decode_secret(rows[0]["secret"])
        _, last = request(self.host, "factor_confirm", user=name, id=rows[0]["id"], code=hotp(secret, 0))
        assert last[0] == "end", last
        return Account(name, uid, secret)

    def note_answer(self):
        with self.lock:
            self.answers += 1

    # ---- what the clients do ----
    def guess(self):
        """One wrong password from an address that nobody has had before."""
        with self.lock:
            open_ones = [account for account in self.guessed if account.sent < GUESSES_EACH]
            if not open_ones:
                return False
            account = random.choice(open_ones)
            account.sent += 1
        login = account.login(self.host, "%d.%d.%d.%d" % tuple(random.randrange(1, 224) for _ in range(4)))
        with login.peer:
            login.next()
            login.answer("not the password")
            self.note_answer()
            name, row = login.next()
        if name == "verdict" and row["verdict"] == VERDICT["DENIED"]:
            with self.lock:
                account.denied += 1
        elif name == "verdict":
            self.wrong.append("a guess: " + verdict_name(row["verdict"]))
        return True

    def log_in_twice(self, account):
        """The same code on two connections at once: at most one of them is let in, now or after a kill."""
        rhost, code = "192.0.2.%d" % (account.uid - 3000), hotp(account.secret, account.counter)
        logins = []
        try:
            for _ in range(2):
                logins.append(account.login(self.host, rhost))
            for secret in (PASSWORD, code):
                for login in logins:
                    name, row = login.next()
                    if name != "prompt":
                        return
                    login.answer(secret)
            self.note_answer()
            for login in logins:
                name, row = login.next()
                if name == "verdict" and row["verdict"] == VERDICT["GRANTED"]:
                    account.taken[account.counter] = account.taken.get(account.counter, 0) + 1
                    with self.lock:
                        self.granted += 1
                        self.handles.append((account, row["handle"], rhost))
        finally:
            for login in logins:
                login.peer.close()

    def log_in(self, account):
        """A code is tried again at once, and after the kill: then comes the next one's turn."""
        if account.tries >= 2:
            return False
        account.tries += 1
        self.log_in_twice(account)
        return True

    def work(self, body, *args):
        """Does that over and over, while the gate is open."""
        while True:
            with self.gate:
                self.gate.wait_for(lambda: self.running or self.ended)
                if self.ended:
                    return
                self.busy += 1
            try:
                if not body(*args):
                    time.sleep(0.002)
            except GONE:
                pass
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(repr(error))
            with self.gate:
                self.busy -= 1
                self.gate.notify_all()

    def open_gate(self):
        with self.gate:
            self.running = True
            self.gate.notify_all()

    def close_gate(self):
        """Nobody is on the way when this returns."""
        with self.gate:
            self.running = False
            good = self.gate.wait_for(lambda: self.busy == 0, 30)
        assert good, "a client does not come back"

    def end(self):
        with self.gate:
            self.ended = True
            self.gate.notify_all()

    def threads(self):
        jobs = [(self.guess,)] * GUESSERS + [(self.log_in, account) for account in self.coded]
        return [threading.Thread(target=self.work, args=job, daemon=True) for job in jobs]


# ---- what a kill leaves ----
def image(host):
    """A copy of the database as it was left, opened by SQLite alone."""
    folder = tempfile.mkdtemp(prefix="authc-kill-", dir=host.directory)
    for name in ("authc.db", "authc.db-wal"):
        if os.path.exists(os.path.join(host.state_dir, name)):
            shutil.copy(os.path.join(host.state_dir, name), folder)
    return folder, sqlite3.connect(os.path.join(folder, "authc.db"))


def half_logins(database):
    """What of a login is there without the rest: one transaction has all of it."""
    one = lambda sql: database.execute(sql).fetchone()[0]  # noqa: E731
    found = [] if one("PRAGMA integrity_check") == "ok" else ["not whole"]
    grants = one("SELECT count(*) FROM audit WHERE event = 1 AND service = 'sshd'")
    opened = one("SELECT count(*) FROM audit WHERE event = 64")
    handles = one("SELECT count(*) FROM handles")
    if grants != handles + opened:
        found.append("%d grants, %d handles and %d sessions" % (grants, handles, opened))
    for name, last, audited in database.execute("SELECT name, last_login_at, (SELECT coalesce(max(at), 0) FROM audit"
                                                " WHERE event = 1 AND account = uuid) FROM accounts"):
        if last != audited:
            found.append("%s: last login at %d, audited at %d" % (name, last, audited))
    for name, used, last in database.execute("SELECT name, last_used_at, last_login_at FROM factors JOIN accounts"
                                             " ON accounts.id = account_id WHERE last_login_at > 0"):
        if used != last:
            found.append("%s: code used at %d, login at %d" % (name, used, last))
    return found


def kill(world, after_grant):
    """Lets them work for a moment, or until somebody is let in, and kills authcd in the middle of it."""
    world.open_gate()
    until, before = time.monotonic() + 3, world.granted
    while after_grant and world.granted == before and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(random.choice((0.005, 0.05, 0.15)) * random.random() + (0.1 if LONG else 0))
    world.host.stop(signal.SIGKILL)
    world.close_gate()
    folder, database = image(world.host)
    world.wrong += half_logins(database)
    database.close()
    shutil.rmtree(folder)
    world.host.start()


def judge(world):
    """Everybody's side against authcd's."""
    host = world.host
    for account in world.guessed:
        least, most = account.denied, account.sent
        found = show(host, account.name)["failures"]
        if not least <= found <= most:
            world.wrong.append("%s: %d failures, %d denied, %d sent" % (account.name, found, least, most))
        if most:
            request(host, "user_unlock", user=account.name)
            account.denied = account.sent = 0
    rows, last = request(host, "audit_verify")
    if not rows or rows[0]["bad_seq"] != 0:
        world.wrong.append("audit: %r %r" % (rows, last))
    for account in world.coded:
        request(host, "user_unlock", user=account.name)
        account.rounds += 1
        if account.rounds == 3 or account.rounds == 2 and account.counter in account.taken:
            account.counter, account.rounds = account.counter + 1, 0
        account.tries = 0


def redeem(world):
    """A handle that was given out before the kill opens a session after it, once."""
    handles, world.handles = world.handles, []
    for account, handle, rhost in handles[-2:]:
        got = [verdict_name(Login(world.host, account.name, phase="OPEN", target_uid=account.uid, rhost=rhost, handle=handle)
                            .run({}).get("verdict", 0)) for _ in range(2)]
        if got != ["GRANTED", "DENIED"]:
            world.wrong.append("a handle: %r" % got)
    return len(handles[-2:])


seed = int.from_bytes(os.urandom(4), "big")
random.seed(seed)
diag("seed %d" % seed)
with Instance(CONFIG, deny_time="2ms") as host:
    world = World(host)
    threads = world.threads()
    for thread in threads:
        thread.start()
    kills = redeemed = 0
    while kills < KILLS or world.answers < LOGINS:
        kill(world, kills % 3 == 0)
        judge(world)
        redeemed += redeem(world)
        kills += 1
        if kills % 50 == 0:
            diag("%d kills, %d logins, %d granted, %d wrong" % (kills, world.answers, world.granted, len(world.wrong)))
    world.end()
    for thread in threads:
        thread.join(20)
    for what in sorted(set(world.wrong))[:20]:
        diag(what)
    diag("%d kills, %d logins answered, %d granted, %d handles redeemed" % (kills, world.answers, world.granted, redeemed))
    is_(len(world.wrong), 0, "after each kill all is counted, whole and audited; no handle is lost, none works twice")
    twice = [(account.name, n) for account in world.coded for n in account.taken.values() if n > 1]
    is_(twice, [], "no code is taken twice")
    ok(world.granted > 0 and redeemed > 0, "some were granted, and redeemed")
    is_(host.stop(), 0, "authcd ends as it should")
    ok("AddressSanitizer" not in host.log() and "runtime error" not in host.log(), "and has nothing to complain of")
done()
