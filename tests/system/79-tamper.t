#!/usr/bin/python3
# D5 P2 D8: what is sealed opens only where it was sealed: blobs swapped, planted, cut or flipped in the database let
# nobody in, and are told.
# SPDX-License-Identifier: MIT
import os
import random
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, diag, done, is_, ok
from logins import PASSWORD, add, add_totp, edit, events, login, request, room_in_step, status, totp

CONFIG = "[service *]\nfactors = password\n[service both]\nfactors = password otp\nunenrolled = deny\n"
OTHER = "another password of bob"


class Whole:
    """A stopped authcd's state; tampered() runs a body against a changed copy of it."""

    def __init__(self, host):
        self.host = host
        host.stop()
        self.copy = host.state_dir + ".whole"
        shutil.copytree(host.state_dir, self.copy)

    def again(self):
        self.host.stop()
        shutil.rmtree(self.host.state_dir)
        shutil.copytree(self.copy, self.host.state_dir)
        for folder, names, files in os.walk(self.host.state_dir):
            for path in [folder] + [os.path.join(folder, name) for name in names + files]:
                shutil.chown(path, self.host.user)
        os.chmod(self.host.state_dir, 0o711)

    def sql(self, *statements):
        self.again()
        edit(self.host, *statements)
        self.host.start()


def swapped(host, whole):
    put = ("UPDATE passwords SET sealed = (SELECT sealed FROM passwords WHERE account_id = (SELECT id FROM accounts"
           " WHERE name = 'bob')) WHERE account_id = (SELECT id FROM accounts WHERE name = 'ada')")
    whole.sql((put,))
    is_([login(host, "ada", word)[0] for word in (PASSWORD, OTHER)], ["DENIED"] * 2,
        "bob's sealed hash in ada's row: neither password opens ada")
    ok("password.bad" in [row["event"] for row in events(host) if row["user"] == "ada"],
       "... the audit says that it is not usable")
    is_(login(host, "bob", OTHER, target_uid=1002)[0], "GRANTED", "... bob himself gets in")

    put = put.replace("passwords", "factors")
    whole.sql((put,))
    is_([login(host, "ada", code=totp(secret), service="both")[0] for secret in (ADA, BOB)], ["DENIED"] * 2,
        "bob's sealed secret in ada's factor: neither code opens ada")
    whole.sql(("UPDATE passwords SET sealed = (SELECT sealed FROM factors LIMIT 1)",))
    is_(login(host, "ada")[0], "DENIED", "a factor's secret for a password: denied")
    whole.sql(("UPDATE accounts SET uuid = CASE name WHEN 'ada' THEN 'x' ELSE uuid END",))
    ok(status(host)["state"] == "serving", "an account whose UUID is none: it still serves")


def planted(host, whole):
    """P2"""
    known = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
    for what, blob in (("a hash that is not sealed", known.encode() + b"A" * 43),
                       ("a plain password", PASSWORD.encode()), ("nothing", b""),
                       ("one byte", b"\1"), ("!", b"!"), ("zeros", bytes(200)), ("noise", random.randbytes(200)),
                       ("64 KiB", bytes(65536)),
                       ("4 GiB of memory", b"$argon2id$v=19$m=4194304,t=1000000,p=1$c2FsdHNhbHQ$" + b"A" * 43)):
        whole.sql(("UPDATE passwords SET sealed = ?", blob))
        before = status(host)["hashes"]
        is_([login(host, "ada", word)[0] for word in (PASSWORD, "!", blob[:500] or "x")], ["DENIED"] * 3,
            "%s for a hash: denied" % what)
        ok("password.bad" in [row["event"] for row in events(host)], "... and told")
        ok(status(host)["hashes"] - before <= 3, "... after no more hashes than guesses")


    for what, blob in (("nothing", b""), ("one byte", b"\1"), ("a bare secret", ADA), ("noise", random.randbytes(64)),
                       ("1000 bytes", bytes(1000))):
        whole.sql(("UPDATE factors SET sealed = ?", blob))
        is_(login(host, "ada", code=totp(ADA), service="both")[0], "DENIED", "%s for a code's secret: denied" % what)
        ok("password.bad" in [row["event"] for row in events(host)], "... and told")


def flipped(host, whole):
    """Bits of the sealed values, and bytes of the file."""
    database = sqlite3.connect(os.path.join(whole.copy, "authc.db"))
    size = database.execute("SELECT length(sealed) FROM passwords").fetchone()[0]
    database.close()
    change = ("UPDATE passwords SET sealed = CAST(substr(sealed, 1, ?1) || ?2 || substr(sealed, ?1 + 2) AS BLOB)"
              " WHERE account_id = (SELECT id FROM accounts WHERE name = 'ada')")
    granted = []
    for at in sorted(random.sample(range(size), 2)) + [0, size - 1]:
        whole.sql((change, at, bytes([random.randrange(256)])))
        granted.append(login(host, "ada", "wrong")[0])
    is_(granted, ["DENIED"] * 4, "a sealed hash with a changed byte opens to no wrong password")

    ends = []
    with open(os.path.join(whole.copy, "authc.db"), "rb") as file:
        good = file.read()
    for _ in range(12):
        whole.again()
        bad = bytearray(good)
        for _ in range(8):
            bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        with open(os.path.join(host.state_dir, "authc.db"), "r+b") as file:
            file.write(bad)
        try:
            host.start()
        except RuntimeError:
            ends.append("refused to start")
            continue
        try:
            ends.append(login(host, "ada", "wrong")[0] + login(host, "nobody-here", "wrong", target_uid=0xFFFFFFFF)[0])
        except Exception as error:  # pylint: disable=broad-except
            ends.append("ended" if host.process.poll() is not None else repr(error))
    diag(", ".join("%d %s" % (ends.count(end), end) for end in sorted(set(ends))))
    ok(not any("GRANTED" in end for end in ends), "a database with 8 flipped bits lets nobody in by a wrong password")
    ok("AddressSanitizer" not in host.log() and "runtime error" not in host.log(),
       "... and nothing is read out of bounds")


SEED = int.from_bytes(os.urandom(4), "big")
diag("seed %d" % SEED)
random.seed(SEED)
with Instance(CONFIG, deny_time="5ms") as instance:
    add(instance, "ada", 1001)
    add(instance, "bob", 1002, password=OTHER)
    room_in_step(4)
    ADA, _ = add_totp(instance, "ada")
    BOB, _ = add_totp(instance, "bob")
    request(instance, "user_unlock", user="ada")
    state = Whole(instance)
    for test in (swapped, planted, flipped):
        test(instance, state)
    state.again()
    instance.start()
    is_(login(instance, "ada")[0], "GRANTED", "untouched, ada gets in")
done()
