#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# combined = yes through the real sudo, with one prompt and one line on its standard input, as Ansible's become types it: the code
# stands at the end, of 6 or 8 digits, or a recovery code does; nothing that lacks one of the two lets in. L5 O2 O6
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from logins import decode_secret, totp  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
# What the become plugin gives to -p, and waits for before it types.
PROMPT = "[sudo via ansible, key=abcdefghijklmnopqrstuvwxyzabcdef] password:"
CONFIG = "[service sudo]\ncombined = yes\nunenrolled = deny\n"


def become(world, user, typed):
    """(exit status, output, how often the prompt came)"""
    run = world.run("sudo", "-H", "-S", "-k", "-p", PROMPT, "-u", "root", "/bin/sh", "-c", "echo BECOME-SUCCESS; id -un", user=user, input=typed + "\n")
    return run.returncode, run.stdout, run.stderr.count(PROMPT)


IN = (0, "BECOME-SUCCESS\nroot\n", 1)
with World(CONFIG, sshd=False) as world:
    world.enrol("ada", PASSWORD, role="admin")
    before = len(world.audit("ada"))
    is_(become(world, "ada", PASSWORD + world.code("ada")), IN, "one prompt, one line: password and code make root")
    for what, typed in (("a used code", PASSWORD + world.spent_code("ada")), ("a wrong code", PASSWORD + world.wrong_code("ada")),
                        ("the password alone", PASSWORD), ("another password", "not it at all" + world.spent_code("ada")),
                        ("the code first", world.spent_code("ada") + PASSWORD)):
        status, out, _ = become(world, "ada", typed)
        is_((status, out), (1, ""), "not with " + what)
        world.authctl("user", "unlock", "ada")
    is_([row[3].split(",")[0] for row in world.audit("ada", before) if row[0].startswith("login.")],
        ["password + code", "code already used", "wrong code", "wrong code", "wrong password", "wrong password"], "the audit tells them apart")
    codes = [row["code"] for row in world.authctl("factor", "recovery", "--user", "ada")]
    is_(become(world, "ada", PASSWORD + codes[0]), IN, "a recovery code in the code's place")
    is_(become(world, "ada", PASSWORD + codes[0])[:2], (1, ""), "once")

    world.enrol("bob", PASSWORD, role="admin", code=False)
    is_(become(world, "bob", PASSWORD)[:2], (1, ""), "unenrolled = deny: the password of one who has no code")
    row = world.authctl("factor", "add", "totp", "--user", "bob", "--digits", "8")
    secret = decode_secret((row[0] if isinstance(row, list) else row)["secret"])
    world.authctl("factor", "confirm", "--user", "bob", "--code-stdin", input=totp(secret, -1, digits=8) + "\n")
    ok(re.fullmatch(r"\d{8}", totp(secret, 0, digits=8)), "a generator of eight digits")
    is_(become(world, "bob", PASSWORD + totp(secret, 0, digits=8)), IN, "its code at the end")
    is_(become(world, "bob", PASSWORD + totp(secret, 1, digits=8)[2:])[:2], (1, ""), "not the last six of them")
    like(world.run("sudo", "-n", "-k", "id", user="bob").stderr, "a password is required", "sudo -n is refused without a prompt")
done()
