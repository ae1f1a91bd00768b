#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# O5 O7: a first code enrolled inside a login (unenrolled = enrol), through the real sshd and login: a phone can scan what the prompt
# shows, and it counts from its first code on, whatever else is broken off. Who does not know the password sees what all see (P1);
# sudo, su and lockers never enrol.
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import BUILD, World, skip_unless_root  # noqa: E402
import pexpect  # noqa: E402
import phone  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
ASKED, FIRST, READ = ["Password: ", "Code: "], "Code that the app shows: ", "Press Enter when you have them. "
AGAIN = "That is not what the app should show now. Code: "


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def address(login):
    """The otpauth address as it was printed below the picture last."""
    return re.findall(r"otpauth://[!-~]+", login.text)[-1]


def standing(world, user):
    """(confirmed codes, recovery codes, live sessions)"""
    row = world.authctl("user", "show", user)
    return row["factors"], row["recovery_left"], len(world.authctl("session", "list", "--user", user))


def break_off(login, key):
    login.child.send(key)
    login.expect([pexpect.EOF, r"world login: $"])
    login.close()


def not_known(world):
    """As the same login of somebody who has a code."""
    shown = []
    for user in ("bob", "ada"):
        with world.ssh(user, "not it", "123456", source="10.0.0.66") as login:
            is_((asked(login), login.granted), (ASKED, False), "%s: a wrong password is asked for a code like any other, and denied" % user)
            shown.append(login.text.replace(user, "NAME"))
    is_(shown[0], shown[1], "P1: the same bytes, whether there is a code or not")
    is_(standing(world, "ada"), (0, 0, 0), "nothing came of it")


def by_ssh(world):
    login = world.ssh("ada", PASSWORD)
    is_(asked(login), ["Password: ", FIRST], "sshd: the right password is shown a secret")
    is_(phone.scan(login.text), address(login), "a phone reads the address off the picture in the prompt")
    like(address(login), r"^otpauth://totp/host\.example\.org:ada\?secret=[A-Z2-7]{32}&issuer=host\.example\.org&algorithm=SHA1&digits=6&period=30$",
         "160 bits, for host and account")
    left = address(login)
    break_off(login, "\x03")
    is_(standing(world, "ada"), (0, 0, 0), "^C at the code: nothing counts")
    with world.ssh("ada", PASSWORD, "123456", "123456", "") as login:
        is_((asked(login), login.granted), (["Password: ", FIRST, AGAIN, AGAIN], False), "three answers that are no code of it: denied")
        ok(address(login) != left, "each login shows another secret")
    is_(standing(world, "ada"), (0, 0, 0), "and nothing counts")
    login = world.ssh("ada", PASSWORD, world.scan("ada"))
    is_(asked(login)[1:], [FIRST, READ], "a code of it: recovery codes are shown, to be noted down")
    is_(standing(world, "ada"), (1, 10, 0), "from here on both count")
    break_off(login, "\x03")
    is_(standing(world, "ada"), (1, 10, 0), "also for who breaks off here, and is not let in")
    with world.ssh("ada", PASSWORD, world.code("ada")) as login:
        is_((asked(login), login.granted), (ASKED, True), "the next login asks for a code, and enrols nobody")
    is_([row[3].split(",")[0] for row in world.audit("ada") if row[0] == "login.failure" and row[2] == "10.0.0.7"],
        ["hung up after an answer", "first code not confirmed", "hung up after an answer"], "the audit says how they ended")


def without_pictures(world):
    """OpenSSH's client writes what a terminal's locale has not as octal numbers: the text below the picture has to do."""
    with world.ssh("cyd", PASSWORD, locale="C") as login:
        like(login.text, r"(\\342\\226\\210){21}", "a client in the C locale shows no picture")
        like(login.text, r"\n  [A-Z2-7]{4}( [A-Z2-7]{4}){7}\r\n  otpauth:", "but the secret, to be typed")
        login.text.encode("ascii")


def by_login(world):
    login = world.login("dan", PASSWORD)
    is_((login.prompts[1:], phone.scan(login.text)), (["Password: ", FIRST], address(login)), "login: the same on the console")
    break_off(login, "\x04")
    is_(standing(world, "dan"), (0, 0, 0), "^D at the code: nothing counts")
    with world.login("dan", PASSWORD, world.scan("dan"), "", tty="/dev/tty2") as login:
        ok(login.granted, "the whole of it lets in")
        like(login.sh("authctl whoami"), r"login from console:(/dev/)?tty2  password \+ code  aal2", "into a session of both factors")
        is_(standing(world, "dan"), (1, 10, 1), "and counts")


def nowhere_else(world):
    """With [service *] unenrolled = enrol. The locker runs as who sits there."""
    shutil.copy(os.path.join(BUILD, "tests", "tools", "pamtry"), world.path("/usr/bin/pamtry"))
    world.write("/etc/pam.d/swaylock", "auth required pam_authc.so\n")
    with world.sudo("cyd", PASSWORD, "123456") as shell:
        is_((shell.prompts[1:], shell.granted), (["Code: "], False), "sudo asks for a code that there is not")
    with world.su("eve", "cyd", PASSWORD, "123456") as shell:
        is_((shell.prompts, shell.granted), (ASKED, False), "so does su")
    tried = world.run("pamtry", "--confdir", "/etc/pam.d", "--service", "swaylock", "--user", "cyd", "--answer", PASSWORD, "--answer", "123456",
                      "--do", "auth", user="cyd").stdout
    like(tried, r"(?s)Password: .*Code: .*PAM_AUTH_ERR", "and a locker")
    is_((standing(world, "cyd"), len(world.authctl("factor", "list", "--user", "cyd"))), ((0, 0, 0), 1), "nobody enrolled there; sshd's half is left")


with World("[service *]\nunenrolled = enrol\n[service login]\nsessions = yes\n") as world:
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    world.run("sh", "-c", "echo FAIL_DELAY 0 >>/etc/login.defs", check=True)  # su's
    world.enrol("bob", PASSWORD)
    for name in ("ada", "cyd", "dan"):
        world.enrol(name, PASSWORD, role="admin", code=False)
    not_known(world)
    by_ssh(world)
    without_pictures(world)
    by_login(world)
    nowhere_else(world)
done()
