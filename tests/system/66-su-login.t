#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# The real su, runuser and login, typed at by people who err: a wrong name first, ^D, Return, a code that shows. Root is unasked
# but not unchecked; who has no account falls where the stack says; a claim of sshd's is believed of sshd only. M4 M14 M16 M18
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import READY, Terminal, World, skip_unless_root  # noqa: E402
import pexpect  # noqa: E402

skip_unless_root()
PASSWORD, SHADOW = "correct horse battery", "no account here"
ASKED = ["Password: ", "Code: "]
CONFIG = "[service su-l]\nunknown = ignore\nsessions = yes\n"
# As common-auth shows it for hosts where some have no account.
SOME_UNKNOWN = "auth [success=done user_unknown=ignore default=die] pam_authc.so\nauth required pam_unix.so"
CLAIM = "auth required pam_env.so conffile=/etc/security/claim.conf\n"


def failures(world, user):
    return world.authctl("user", "show", user)["failures"]


def unasked(world):
    is_(world.run("su", "-", "bob", "-c", "id -un").stdout, "bob\n", "root becomes an account unasked by su")
    is_(world.run("runuser", "-u", "bob", "--", "id", "-un").stdout, "bob\n", "and by runuser")
    with Terminal(world, ["login", "-f", "bob"]) as console:
        is_(console.expect([READY, pexpect.EOF]), 0, "and by login -f, as a console that logs in by itself does")
        is_(console.sh("authctl whoami 2>&1"), "bob (user)  no session", "into no session: nothing was proved")
    before = len(world.audit("cyd"))
    world.authctl("user", "disable", "cyd")
    run = world.run("su", "-", "cyd", "-c", "id -un")
    is_((run.returncode, run.stdout), (1, ""), "but not a disabled one by su")
    is_(run.stderr, "account disabled or expired\nsu: User account has expired\n", "which says why")
    with Terminal(world, ["login", "-f", "cyd"]) as console:
        is_(console.expect([READY, pexpect.EOF]), 1, "nor by login -f")
        like(console.text, "account disabled or expired", "which says why")
    is_(world.run("runuser", "-u", "cyd", "--", "id", "-un").stdout, "cyd\n", "runuser has no account lines: it does")
    is_(world.audit("cyd", before + 1), [("acct.refused", service, "uid:0", "account disabled or expired") for service in ("su-l", "login")],
        "the audit has both refusals")
    world.authctl("user", "enable", "cyd")


def su(world):
    before = len(world.audit("ada"))
    with world.su("bob", "ada", PASSWORD, world.code("ada")) as shell:
        is_((shell.prompts, shell.granted), (ASKED, True), "su: the target's password and code")
        is_(shell.sh("id -un; echo $AUTHC_SESSION"), "ada", "make the target, and no session")
    with world.su("bob", "ada", PASSWORD, world.wrong_code("ada")) as shell:
        like(shell.text, r"\nsu: Authentication failure\r\n$", "a wrong code: su says no more than that")
    with world.su("bob", "ada") as shell:
        shell.child.send("\x04")
        shell.expect([pexpect.EOF])
        like(shell.text, "su: ", "^D at the password ends su")
    is_(world.audit("ada", before), [("login.success", "su-l", "uid:4002", "password + code"),
                                     ("login.failure", "su-l", "uid:4002", "wrong code, 1 of 5")],
        "the audit: the caller's uid; nothing of who left unheard")


def unknown_target(world):
    """The stack of common-auth for hosts where some have no account."""
    with open(world.path("/etc/pam.d/su"), encoding="utf-8") as file:
        shipped = file.read()
    world.write("/etc/pam.d/su", shipped.replace("auth       requisite  pam_authc.so", SOME_UNKNOWN))
    with world.su("bob", "eve", SHADOW) as shell:
        is_((shell.prompts, shell.granted), (["Password: "], True), "unknown = ignore: pam_unix asks who has no account")
    with world.su("bob", "eve", "not hers") as shell:
        is_((shell.prompts, shell.granted), (["Password: "], False), "and denies")
    with world.su("bob", "ada", SHADOW, world.wrong_code("ada")) as shell:
        is_((shell.prompts, shell.granted), (ASKED, False), "who has one is authc's, whatever pam_unix would say")
    world.write("/etc/pam.d/su", shipped)


def wrong_name_first(world):
    before = len(world.audit("ada"))
    with world.login("mallory", PASSWORD, "123456", "ada", PASSWORD, world.code("ada"), tty=None) as console:
        is_(console.prompts, 2 * ["world login: ", *ASKED], "login: after a wrong name, all is asked again, the name too")
        ok(console.granted and console.sh("id -un") == "ada", "and the second name is who comes in")
        is_([console.text.count(typed) for typed in (PASSWORD, world.spent_code("ada"))], [0, 1], "the code shows, the password does not")
        like(console.text, r"123456\r\n\r\nLogin incorrect\r\n", "login says: Login incorrect")
        like(console.sh("authctl whoami"), "^ada .* login from uid:0 .* aal2 ", "a pseudo terminal is no console")
    is_([row[:3] for row in world.audit("ada", before)][:2], [("login.success", "login", "uid:0"), ("session.open", "login", "uid:0")],
        "the audit has nothing of the first name under the second")
    is_(world.run("authctl", "audit").stdout.count("no such account, 1 of 5"), 1, "but as a name of nobody's")


def asks_the_name(world):
    """With nothing before it in the stack, it is pam_authc that asks for the name which login forgot."""
    with open(world.path("/etc/pam.d/login"), encoding="utf-8") as file:
        shipped = file.read()
    rest = "".join(line + "\n" for line in shipped.replace("\\\n", "").splitlines() if not line.startswith("auth"))
    world.write("/etc/pam.d/login", "auth requisite pam_authc.so\n" + rest)
    world.add_code("ada")
    with world.login("../ada", "mallory", PASSWORD, "123456", "ada", PASSWORD, world.code("ada"), tty=None) as console:
        is_(console.prompts, ["world login: "] + 2 * ["world login: ", *ASKED], "a name that is none is not asked about, a wrong one is")
        ok(console.granted and console.sh("id -un") == "ada", "and the last name is who comes in")
    world.write("/etc/pam.d/login", shipped)


def leaving(world):
    """What login does at ^D is its own: it asks for a name again."""
    before = len(world.audit("dan"))
    with world.login("dan", tty="/dev/tty2") as console:
        console.child.send("\x04")
        is_(console.expect([r"Login incorrect\r\nworld login: $", pexpect.EOF]), 0, "^D at the password: back to the name")
    is_((world.audit("dan", before), failures(world, "dan")), ([], 0), "counts nothing")
    with world.login("dan", "", world.wrong_code("dan"), tty="/dev/tty3") as console:
        is_(console.prompts[1:3], ASKED, "Return at the password: the code is asked as ever")
    with world.login("dan", PASSWORD, tty="/dev/tty4") as console:
        console.child.send("\x04")
        is_(console.expect([r"Login incorrect\r\nworld login: $", pexpect.EOF]), 0, "^D at the code: back to the name")
    is_(world.audit("dan", before), [("login.failure", "login", "console:tty3", "nothing typed"),
                                     ("login.failure", "login", "console:tty4", "hung up after an answer, 1 of 5")],
        "what was typed is noted; only a password counts")


def claims(world):
    """A key that pam_env claims sshd verified."""
    world.write("/etc/security/claim.conf", 'SSH_AUTH_INFO_0 DEFAULT="publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClaim"\n')
    for name in ("login", "su"):
        with open(world.path("/etc/pam.d/" + name), encoding="utf-8") as file:
            shipped = file.read()
        world.write("/etc/pam.d/" + name, CLAIM + shipped + "session required pam_env.so conffile=/etc/security/claim.conf\n" +
                    "session optional pam_authc.so\n")
    with world.login("cyd", PASSWORD, tty=None) as console:
        ok(console.granted and "SSH_AUTH_INFO_0=publickey" in console.sh("env"), "login with a key claimed by pam_env")
        is_([(row["amr"], row["acr"]) for row in world.authctl("session", "list", "--user", "cyd")], [("pwd", "aal1")],
            "opens a session of a password, no more")
    with Terminal(world, ["su", "-", "bob"]).converse(()) as shell:
        ok(shell.granted and "SSH_AUTH_INFO_0=publickey" in shell.sh("env"), "su by root with the same claim")
        is_(world.authctl("session", "list", "--user", "bob"), [], "opens none")


with World(CONFIG, sshd=False) as world:
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    world.run("sh", "-c", "echo FAIL_DELAY 0 >>/etc/login.defs", check=True)  # su's
    for name in ("ada", "bob", "dan"):
        world.enrol(name, PASSWORD)
    world.enrol("cyd", PASSWORD, code=False)
    unasked(world)
    su(world)
    unknown_target(world)
    wrong_name_first(world)
    asks_the_name(world)
    leaving(world)
    claims(world)
done()
