#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# The real sudo in every way that people call it: -p -n -S -A -i -u, wrong codes, ^C, its timestamp. Each is asked and charged for
# what was typed, as its caller; the target's account and sessions have no part in it. M7 M14 M18
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import READY, Terminal, World, skip_unless_root  # noqa: E402
import pexpect  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
CONFIG = "[service sudo]\nfactors = otp\nroles = superadmin admin\n"
ROOT = ("-k", "id", "-un")


def sudo(world, user, *options):
    """sudo on a terminal, nothing typed yet."""
    return Terminal(world, ["sudo", *options], user)


def finish(terminal, *typed):
    """Types at what was expected and shown; all that was shown until its end."""
    for patterns, text in typed:
        terminal.expect([patterns])
        terminal.child.send(text)
    terminal.expect([pexpect.EOF])
    return terminal.text.replace("\r", "")


class Rows:
    """What the audit says of a user since here; and what is held against the account."""

    def __init__(self, world, user):
        self.world, self.user, self.count = world, user, len(world.audit(user))

    @property
    def new(self):
        return self.world.audit(self.user, self.count)

    @property
    def failures(self):
        return self.world.authctl("user", "show", self.user)["failures"]


def prompts(world):
    rows = Rows(world, "ada")
    with sudo(world, "ada", "-p", "[%u to %U] ", *ROOT) as shell:
        like(finish(shell, (r"\[ada to root\] $", world.code("ada") + "\n")), r"^\n*\[ada to root\] \d{6}\nroot\n$",
             "sudo -p: the caller's prompt, the code is seen, root")
    with sudo(world, "ada", "-k", "-i", "-p", "Mine: ", "id", "-un") as shell:
        like(finish(shell, ("Mine: $", PASSWORD + "\n"), ("Mine: $", world.code("ada") + "\n")), r"^\n*Mine: \nMine: \d{6}\nroot\n$",
             "with two questions: it stands for both; the password is not seen")
    is_(rows.new, [("login.success", "sudo", "uid:4001", "code"), ("login.success", "sudo-i", "uid:4001", "password + code")],
        "the audit: two services, the caller's uid")
    with sudo(world, "bob", "-k", "-i", "id", "-un") as shell:
        like(finish(shell, (r"\[sudo\] password for bob: $", PASSWORD + "\n"), (r"\nCode: $", world.code("bob") + "\n")), r"\nroot\n$",
             "sudo -i: sudo's own words for the password, authc's for the code")


def without_terminal(world):
    rows = Rows(world, "cyd")
    run = world.run("sudo", "-n", *ROOT, user="cyd")
    is_((run.returncode, run.stdout, run.stderr), (1, "", "sudo: a password is required\n"), "sudo -n: not without one")
    is_((rows.new, rows.failures), ([], 0), "nothing is charged or noted")
    run = world.run("sudo", "-S", "-k", "-i", "id", "-un", user="cyd", input="%s\n%s\n" % (PASSWORD, world.code("cyd")))
    is_((run.returncode, run.stdout), (0, "root\n"), "sudo -S: password and code, a line each")
    is_(run.stderr, "[sudo] password for cyd: Code: ", "it says what it wants")
    world.write("/tmp/ask", "#!/bin/sh\ncase $1 in Code:*) cat /tmp/code;; esac\n", 0o755)
    world.write("/tmp/code", world.code("cyd"))
    run = world.run("env", "SUDO_ASKPASS=/tmp/ask", "sudo", "-A", *ROOT, user="cyd")
    is_((run.returncode, run.stdout), (0, "root\n"), "sudo -A: a program is asked for the code")
    run = world.run("sudo", "-S", *ROOT, user="cyd", input="")
    is_((run.returncode, len(rows.new)), (1, 2), "sudo -S at the end of its input: nothing more is noted")


def wrong(world):
    rows = Rows(world, "bob")
    world.run("sed", "-i", "s/passwd_tries = 1/passwd_tries = 3/", "/etc/sudoers.d/authc", check=True)
    wrong_code = (r"\bCode: $", world.wrong_code("bob") + "\n")
    with sudo(world, "bob", *ROOT) as shell:
        like(finish(shell, *[wrong_code] * 3), r"(Code: \d{6}\nSorry, try again\.\n){2}Code: \d{6}\nsudo: 3 incorrect password attempts\n$",
             "three wrong codes end it")
        is_(shell.close(), 1, "with status 1")
    is_(rows.new, [("login.failure", "sudo", "uid:4002", "wrong code, %d of 5" % n) for n in (1, 2, 3)], "three rows, counted")
    world.authctl("user", "unlock", "bob")  # or three wrong codes would have to be waited for
    with sudo(world, "bob", *ROOT) as shell:
        like(finish(shell, wrong_code, (r"again\.\r\nCode: $", world.code("bob") + "\n")), r"\nroot\n$",
             "one wrong, one right: two conversations of one sudo")
    is_([row[3] for row in rows.new[4:]], ["wrong code, 1 of 5", "code"], "and two rows")


def aborted(world):
    rows = Rows(world, "dan")
    for name, key in (("^C", "\x03"), ("^D", "\x04")):
        with sudo(world, "dan", *ROOT) as shell:
            like(finish(shell, (r"\bCode: $", key)), r"\nsudo: a password is required\n$", name + " ends sudo")
    is_((rows.new, rows.failures), ([], 0), "nothing is charged or noted")
    with sudo(world, "dan", *ROOT) as shell:
        like(finish(shell, (r"\bCode: $", "\n"), (r"again\.\r\nCode: $", "\x03")), "1 incorrect password attempt", "Return: asked again")
    is_((rows.new, rows.failures), ([("login.failure", "sudo", "uid:4004", "nothing typed")], 0), "noted, charged to nobody")
    with sudo(world, "dan", "-k", "-i", "id", "-un") as shell:
        finish(shell, (r"for dan: $", PASSWORD + "\n"), (r"\bCode: $", "\x03"))
    is_((rows.new[1:], rows.failures), ([("login.failure", "sudo-i", "uid:4004", "hung up after an answer, 1 of 5")], 1),
        "^C once the password is out: that counts")


def timestamp(world):
    rows = Rows(world, "ada")
    with Terminal(world, ["env", "PS1=" + READY, "sh"], "ada").converse(()) as shell:
        shell.child.sendline("sudo id -un")
        shell.expect(["Code: $"])
        shell.child.sendline(world.code("ada"))
        shell.expect([READY])
        is_(shell.sh("sudo -n -u bob id -un"), "bob", "while the timestamp holds, nothing is asked")
        is_(rows.new, [("login.success", "sudo", "uid:4001", "code")], "nor noted")
        world.authctl("user", "set", "ada", "--role", "user")
        like(shell.sh("sudo -n id -un"), "^sudo: PAM account management error: Permission denied\n", "a role that may not: refused")
        world.authctl("user", "disable", "ada")
        like(shell.sh("sudo -n id -un"), "^sudo: Account expired ", "a disabled account: refused")
        is_([row for row in rows.new if row[0] == "acct.refused"],
            [("acct.refused", "sudo", "uid:4001", "account locked, or its role is not allowed here"),
             ("acct.refused", "sudo", "uid:4001", "account disabled or expired")], "the audit tells why")
        world.authctl("user", "enable", "ada")
        world.authctl("user", "set", "ada", "--role", "admin")
        is_(shell.sh("sudo -n id -un"), "root", "both mended: the timestamp still holds")


def other_user(world):
    """sudo makes its target PAM_USER before it opens the session, and here authc's session line is in its stack."""
    world.run("sh", "-c", "echo 'session optional pam_authc.so' >>/etc/pam.d/sudo", check=True)
    with world.login("bob", PASSWORD, world.code("bob")) as console:
        before = world.authctl("session", "list")
        rows, target = Rows(world, "ada"), Rows(world, "bob")
        with sudo(world, "ada", "-k", "-u", "bob", "sh", "-c", 'id -un; echo "<$AUTHC_SESSION>"') as shell:
            like(finish(shell, (r"\bCode: $", world.code("ada") + "\n")), r"\nbob\n<>\n$", "sudo -u: the caller's code makes the other")
        is_(rows.new, [("login.success", "sudo", "uid:4001", "code")], "the caller proved it")
        is_(target.new, [], "nothing is noted about the other")
        ok(console.granted and len(before) == 1 and world.authctl("session", "list") == before, "whose own session is as it was")


with World(CONFIG, sshd=False) as world:
    world.write("/etc/sudoers.d/zz-ticket", "Defaults timestamp_timeout = 5\n", 0o440)  # as where grace is left to sudo
    world.run("usermod", "-aG", "sudo", "dan", check=True)
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    for name in ("ada", "bob", "cyd", "dan"):
        world.enrol(name, PASSWORD, role="admin")
    prompts(world)
    without_terminal(world)
    wrong(world)
    aborted(world)
    world.add_code("ada")
    timestamp(world)
    world.add_code("bob")
    other_user(world)
done()
