#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Public keys through the real sshd. A key in the password's place (key_replaces = password): the code alone is asked, and makes two
# factors; no other key does. A key alone: acct obeys disabled accounts and locks, and no key ever clears a failure. M14 M16 L11
# And who logs in is told of the last login and of failures since, by sshd and login, once, and not where PAM_SILENT says so.
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import BUILD, World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
ASKED = ["Password: ", "Code: "]
BY_KEY = ("IdentityFile=/root/key", "PreferredAuthentications=publickey", "LogLevel=INFO")
BY_BOTH = ("IdentityFile=/root/key", "PreferredAuthentications=publickey,keyboard-interactive")
BY_OTHER = ("IdentityFile=/root/other", "PreferredAuthentications=publickey,keyboard-interactive")
FIRST, LAST = "First login", r"Last login: \w{3} \d{4}-\d\d-\d\d \d\d:\d\d from %s\. %s"


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def failures(world, user):
    return world.authctl("user", "show", user)["failures"]


def serve(world, config, *options):
    """sshd and authcd anew, with these lines of authcd.conf and these options of sshd's."""
    for name in ("sshd", "authcd"):
        world.stop(name)
    world.configure(config)
    world.start_authcd()
    world.start_sshd(*[word for option in options for word in ("-o", option)])


def session(world, login, user):
    """What the login's session says was proved."""
    name = login.sh("echo $AUTHC_SESSION") if login.granted else ""
    return [(row["amr"], row["acr"]) for row in world.authctl("session", "list", "--user", user) if row["session"] == name]


def install_keys(world):
    for name in ("key", "other"):
        world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/" + name, check=True)
    for user in ("ada", "bob", "dan"):
        world.run("sh", "-c", 'mkdir -p "$0/.ssh" && cp /root/key.pub "$0/.ssh/authorized_keys" && chown -R "$1:" "$0/.ssh"',
                  "/home/" + user, user, check=True)


def key_and_code(world):
    serve(world, "[service sshd]\nkey_replaces = password\n", "AuthenticationMethods=publickey,keyboard-interactive:pam keyboard-interactive:pam")
    before = len(world.audit("ada"))
    with world.ssh("ada", world.code("ada"), options=BY_BOTH) as login:
        is_((asked(login), login.granted), (["Code: "], True), "a key in the password's place: the code is asked, and no more")
        is_(session(world, login, "ada"), [("otp swk", "aal2")], "into a session of two factors")
        like(login.sh("authctl whoami"), r"  code \+ key  aal2  ", "which says so")
    with world.ssh("ada", world.wrong_code("ada"), options=BY_BOTH) as login:
        is_((asked(login), login.granted), (["Code: "], False), "a wrong code does not let in")
    with world.ssh("ada", world.spent_code("ada"), options=BY_BOTH) as login:
        ok(not login.granted, "nor a used one")
    is_([row[3] for row in world.audit("ada", before) if row[0].startswith("login.")],
        ["key + code", "wrong code, 1 of 5", "code already used, 2 of 5"], "the audit knows of the key")
    with world.ssh("ada", PASSWORD, world.code("ada"), options=BY_OTHER) as login:
        is_((asked(login), login.granted), (ASKED, True), "a key that sshd does not take is none: password and code")
        is_(session(world, login, "ada"), [("pwd otp", "aal2")], "into a session without a key")
    with world.ssh("cyd", world.code("cyd"), world.code("cyd"), options=BY_BOTH) as login:
        is_((asked(login), login.granted), (ASKED, False), "nor is it another's key")
    with world.ssh("dan", PASSWORD, options=BY_BOTH) as login:
        is_((asked(login), session(world, login, "dan")), (["Password: "], [("pwd swk", "aal2")]), "for lack of a code the password is asked")
    with world.ssh("ada", options=BY_KEY) as login:
        ok(not login.granted and not login.prompts, "and a key alone is not enough")


def key_alone(world):
    """Where keys are all that sshd takes."""
    serve(world, "limits = stig\n[service sshd]\nkey_replaces = password\n", "AuthenticationMethods=publickey", "KbdInteractiveAuthentication=no")
    world.authctl("user", "unlock", "ada")
    for n in (1, 2):
        with world.su("eve", "ada", "not it %d" % n, world.wrong_code("ada")) as shell:
            ok(not shell.granted, "somebody guesses at ada's password")
    with world.ssh("ada", options=BY_KEY) as login:
        is_((login.granted, session(world, login, "ada")), (True, [("swk", "aal1")]), "a key alone makes a session of one factor")
    is_(failures(world, "ada"), 2, "L11: and clears nothing")
    with world.su("eve", "ada", "not it 3", world.wrong_code("ada")) as shell:
        ok(not shell.granted, "limits = stig: the third guess")
    with world.ssh("ada", options=BY_KEY) as login:
        ok(not login.granted and not login.prompts, "locks the account, for keys as well")
        like(login.text, "account locked", "which says so")
    is_(failures(world, "ada"), 3, "L11: being refused clears nothing either")
    world.authctl("user", "unlock", "ada")
    with world.ssh("ada", options=BY_KEY) as login:
        ok(login.granted, "until an administrator unlocks it")
    world.authctl("user", "disable", "bob")
    with world.ssh("bob", options=BY_KEY) as login:
        ok(not login.granted, "a disabled account's key does not let in")


def told(world):
    """What a person reads after the motd."""
    world.run("sh", "-c", "rm /home/*/.hushlogin; : >/etc/motd; cp \"$0\" /usr/bin/pamtry", "/dev/null")
    shutil.copy(os.path.join(BUILD, "tests", "tools", "pamtry"), world.path("/usr/bin/pamtry"))
    serve(world, "[service sshd]\nkey_replaces = password\n")
    world.add_code("ada")
    logins = lambda login: re.findall(r"(?:First|Last) login.*", login.text.replace("\r", ""))  # noqa: E731
    with world.ssh("ada", PASSWORD, world.wrong_code("ada"), source="10.0.0.66") as login:
        is_(logins(login), [], "who is denied is told nothing")
    with world.ssh("ada", PASSWORD, world.code("ada")) as login:
        is_(len(logins(login)), 1, "sshd: one line of the last login")
        like("".join(logins(login)), "^" + LAST % (r"10\.0\.0\.7", r"1 failed login since, the last \w.* \d\d:\d\d from 10\.0\.0\.66\.$"),
             "and of the failure since")
    with world.login("ada", PASSWORD, world.code("ada")) as login:
        like("".join(logins(login)), "^" + LAST % (r"10\.0\.0\.7", r"No failures since\.$"), "login: one line")
    with world.ssh("ada", options=BY_KEY) as login:
        like("".join(logins(login)), "^" + LAST % (r"console:(/dev/)?tty1", r"No failures since\.$"), "a key: likewise")
    world.add_code("ada")
    before = len([row for row in world.audit("ada") if row[0] == "session.open"])
    for flags, want in (("", 1), ("silent", 0)):
        run = world.run("pamtry", "--confdir", "/etc/pam.d", "--service", "login", "--user", "ada", "--tty", "/dev/pts/9", "--answer", PASSWORD,
                        "--answer", world.code("ada"), *(["--flags", flags] if flags else []), "--do", "auth,acct,setcred,open,close")
        is_(run.stdout.count('info "Last login'), want, "an application %s" % ("that wants silence is told nothing" if flags else "like login is told"))
    is_(len([row for row in world.audit("ada") if row[0] == "session.open"]), before + 2, "each opened its session")
    world.add_code("ada")
    with world.sudo("ada", PASSWORD, world.code("ada")) as shell:
        ok(shell.granted and logins(shell) == [], "sudo: nothing")


with World("[service sshd]\nkey_replaces = password\n") as world:
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    world.run("sh", "-c", "echo FAIL_DELAY 0 >>/etc/login.defs", check=True)  # su's
    install_keys(world)
    for name in ("ada", "bob", "cyd"):
        world.enrol(name, PASSWORD, role="admin")
    world.enrol("dan", PASSWORD, code=False)
    key_and_code(world)
    key_alone(world)
    told(world)
done()
