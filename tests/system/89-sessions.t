#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# max_sessions through the real sshd: who has as many open as may be is refused by acct, with factors or a key, and told why; when one
# ends, or the one who had it is gone, the next gets in. M14
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
BY_KEY = ("IdentityFile=/root/key", "PreferredAuthentications=publickey", "LogLevel=INFO")
WHY = "as many sessions as may be are open"


def live(world, user="ada"):
    return len(world.authctl("session", "list", "--user", user))


with World("[service sshd]\nmax_sessions = 2\n") as world:
    for name in ("ada", "bob"):
        world.enrol(name, PASSWORD, code=False)
    world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key", check=True)
    world.run("sh", "-c", 'mkdir -p "$0/.ssh" && cp /root/key.pub "$0/.ssh/authorized_keys" && chown -R ada: "$0/.ssh"', "/home/ada", check=True)
    first, second = world.ssh("ada", PASSWORD), world.ssh("ada", options=BY_KEY)
    is_((first.granted, second.granted, live(world)), (True, True, 2), "two sessions, one by password, one by a key")
    before = len(world.audit("ada"))
    for way, login in (("a password", world.ssh("ada", PASSWORD, options=("LogLevel=INFO",))), ("a key", world.ssh("ada", options=BY_KEY))):
        with login:
            ok(not login.granted, "a third one is refused: by " + way)
            like(login.text, WHY, "and the person is told why")
    is_([row[0] + ": " + row[3] for row in world.audit("ada", before)], ["login.success: password", *["acct.refused: " + WHY] * 2], "so is the audit")
    is_(world.authctl("user", "show", "ada")["failures"], 0, "it is no failure")
    with world.ssh("bob", PASSWORD) as login:
        ok(login.granted, "another account is not concerned")
    first.logout()
    world.wait(lambda: live(world) == 1, "the end of a session")
    with world.ssh("ada", PASSWORD) as login:
        ok(login.granted, "one ends: the next gets in")
        second.close()
        world.wait(lambda: live(world) == 1, "the end of a session whose client is gone")
        with world.ssh("ada", options=BY_KEY) as other:
            ok(other.granted, "one is gone without a word: the next gets in")
done()
