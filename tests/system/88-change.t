#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# P6: a password for one login (authctl user invite, user reset) is changed inside that login, whatever program it goes through: the
# real sshd with each of its methods, login, su, sudo, sudo -i. Who breaks off is asked again; nobody gets past it. M14
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
CONFIG = "[service sudo]\nfactors = otp\n"
ASKED = ["Current password: ", "New password: ", "Retype new password: "]
BY_KEY = ("IdentityFile=/root/key", "PreferredAuthentications=publickey")


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def reset(world, user):
    return world.authctl("user", "reset", user)["password"]


def must_change(world, user):
    return world.authctl("user", "show", user)["must_change"]


def by_ssh(world):
    made = world.authctl("user", "invite", "ada", "--role", "admin")["password"]
    with world.ssh("ada", made, made, "short", made, PASSWORD) as login:
        is_(asked(login), ["Password: ", ASKED[0], *[ASKED[1]] * 3, ASKED[2]], "sshd: what is too short or the old one is asked again")
        like(login.text, "password must be changed(.*\n)+.*too short(.*\n)+.*the old one", "and why")
    ok(must_change(world, "ada"), "who hangs up before the end is asked again")
    with world.ssh("ada", made, "guessed") as login:
        ok(not login.granted, "the change wants the password that is to be changed")
    with world.ssh("ada", made, made, PASSWORD, PASSWORD) as login:
        ok(login.granted and asked(login) == ["Password: ", *ASKED], "who ends it is in")
        like(login.sh("authctl whoami"), "sshd from 10.0.0.7  password  aal1", "into a session like any other")
    with world.ssh("ada", PASSWORD) as login:
        ok(login.granted and asked(login) == ["Password: "], "and asked no more")
    is_([row[0] for row in world.audit("ada") if not row[0].startswith("session.")],
        ["user.add", "password.reset", *["login.success", "acct.refused"] * 2, "password.reject", "login.success", "acct.refused", "password.set",
         "login.success"], "the audit has each step")


def by_login(world):
    made = world.authctl("user", "invite", "bob")["password"]
    with world.login("bob", made, made, PASSWORD, PASSWORD) as console:
        ok(console.granted and console.prompts[1:] == ["Password: ", *ASKED], "login: changed, and in")
    with world.login("bob", PASSWORD, tty="/dev/tty2") as console:
        ok(console.granted, "the new one is good")


def by_su(world):
    made = reset(world, "bob")
    with world.su("eve", "bob", made, made, PASSWORD + " 2", PASSWORD + " 2") as shell:
        ok(shell.granted and shell.prompts == ["Password: ", *ASKED], "su: changed, and in")
    made = reset(world, "bob")
    run = world.run("su", "-", "bob", "-c", "id -un")
    is_((run.returncode, run.stdout), (1, ""), "su by root: not before it is changed, as with pam_unix")


def by_sudo(world):
    """What is changed is authc's password, not the one in /etc/shadow that /etc/pam.d/other would have changed."""
    for options, first in ((("-k",), 0), (("-k", "-i"), 1)):
        world.add_code("ada")
        made = reset(world, "ada")
        with world.sudo("ada", *[made] * first, world.code("ada"), made, PASSWORD, PASSWORD, options=options) as shell:
            is_(shell.prompts[first + 1:], ASKED, "sudo %s: asked" % " ".join(options))
            ok(shell.granted and not must_change(world, "ada"), "changed, and in")
    made = reset(world, "ada")
    with world.sudo("ada", world.code("ada"), "guessed") as shell:
        ok(not shell.granted and must_change(world, "ada"), "not without it")


def by_key(world):
    """sshd lets in nobody by a key alone whose password is to be changed: it runs passwd, and that is all."""
    world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key", check=True)
    world.run("sh", "-c", 'mkdir -p "$0/.ssh" && cp /root/key.pub "$0/.ssh/authorized_keys" && chown -R bob: "$0/.ssh"', "/home/bob", check=True)
    made = reset(world, "bob")
    with world.ssh("bob", options=BY_KEY, command=("echo", "in")) as login:
        ok("\nin" not in login.text, "a key alone runs no command")
    with world.ssh("bob", made, PASSWORD + " 3", PASSWORD + " 3", options=BY_KEY) as login:
        is_((login.prompts, login.granted), (ASKED, False), "nor a shell: the password is changed first")
        like(login.text, "You must change your password now and login again!", "and that is all")
    with world.ssh("bob", options=BY_KEY) as login:
        ok(login.granted, "from then on it does")


def by_password(world):
    """The password method has nowhere to ask more."""
    world.stop("sshd")
    world.start_sshd("-o", "PasswordAuthentication=yes")
    made = reset(world, "bob")
    with world.ssh("bob", made, made, PASSWORD, PASSWORD, options=("PreferredAuthentications=password",)) as login:
        is_((login.prompts[1:], login.granted), (ASKED, False), "sshd's password method: as with a key")
    ok(not must_change(world, "bob"), "changed")


with World(CONFIG) as world:
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    world.run("sh", "-c", "echo FAIL_DELAY 0 >>/etc/login.defs", check=True)  # su's
    by_ssh(world)
    by_login(world)
    by_su(world)
    by_sudo(world)
    by_key(world)
    by_password(world)
done()
