#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# The real sshd with each of its methods: the password method against two prompts and against one, a key and factors, a key alone.
# A session says what was proved, and to whom it is refused is told why. L5 M14 M16
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
ASKED = ["Password: ", "Code: "]
BY_PASSWORD = ("PreferredAuthentications=password",)
BY_KEY = ("IdentityFile=/root/key", "PreferredAuthentications=publickey")
BY_BOTH = ("IdentityFile=/root/key", "PreferredAuthentications=publickey,keyboard-interactive")


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def failures(world, user):
    return world.authctl("user", "show", user)["failures"]


def serve(world, config, *options):
    """sshd and authcd anew, with this [service sshd] and these options of sshd's."""
    for name in ("sshd", "authcd"):
        world.stop(name)
    world.configure("[service sshd]\n" + config)
    world.start_authcd()
    world.start_sshd(*[word for option in options for word in ("-o", option)])


def amr(world, login, user):
    """What the login's session says was proved."""
    name = login.sh("echo $AUTHC_SESSION") if login.granted else ""
    return [(row["amr"], row["acr"]) for row in world.authctl("session", "list", "--user", user) if row["session"] == name]


def install_key(world):
    world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key", check=True)
    for user in ("ada", "bob", "eve"):
        world.run("sh", "-c", 'mkdir -p "$0/.ssh" && cp /root/key.pub "$0/.ssh/authorized_keys" && chown -R "$1:" "$0/.ssh"',
                  "/home/" + user, user, check=True)


def two_prompts(world):
    """The password method gives its one password to what does not show, and fails at what does."""
    serve(world, "", "PasswordAuthentication=yes")
    before = len(world.audit("ada"))
    with world.ssh("ada", PASSWORD, options=BY_PASSWORD) as login:
        is_((login.prompts, login.granted), (["ada@10.0.0.1's password: "], False), "the password method fails at the code")
        like(login.text, r"Permission denied \(publickey,password,keyboard-interactive\)", "and is denied as ever")
    is_((world.audit("ada", before), failures(world, "ada")),
        ([("login.failure", "sshd", "10.0.0.7", "hung up after an answer, 1 of 5")], 1), "the password was looked at: one is charged")
    with world.ssh("ada", PASSWORD, world.code("ada")) as login:
        is_((asked(login), login.granted), (ASKED, True), "keyboard-interactive, beside it, lets in")
    is_(failures(world, "ada"), 0, "which forgives the rest")
    with world.ssh("dan", PASSWORD, options=BY_PASSWORD) as login:
        ok(login.granted, "who has no code comes in by the password method")
        is_(amr(world, login, "dan"), [("pwd", "aal1")], "into a session of one factor")


def one_prompt(world):
    serve(world, "combined = yes\nunenrolled = deny\n", "PasswordAuthentication=yes")
    world.add_code("ada")
    before = len(world.audit("ada"))
    with world.ssh("ada", PASSWORD + world.code("ada"), options=BY_PASSWORD) as login:
        is_((login.prompts, login.granted), (["ada@10.0.0.1's password: "], True), "combined: the password method, both in one answer")
        is_(amr(world, login, "ada"), [("pwd otp", "aal2")], "into a session of two factors")
    for answer, what in ((PASSWORD + world.spent_code("ada"), "a used code"), (PASSWORD, "no code"), (world.code("ada"), "no password")):
        with world.ssh("ada", answer, options=BY_PASSWORD) as login:
            ok(not login.granted, "not with " + what)
    with world.ssh("ada", PASSWORD + world.spent_code("ada")) as login:
        is_((asked(login), login.granted), (["Password and code: "], True), "keyboard-interactive asks for both by name; the last code is good")
    is_([row[3] for row in world.audit("ada", before) if row[0].startswith("login.")],
        ["password + code", "code already used, 1 of 5", "wrong code, 2 of 5", "wrong password, 3 of 5", "password + code"],
        "the audit tells them apart")


def key_and_factors(world):
    serve(world, "unenrolled = deny\n", "AuthenticationMethods=publickey,keyboard-interactive:pam")
    before = len(world.audit("bob"))
    with world.ssh("bob", PASSWORD, world.wrong_code("bob"), options=BY_BOTH) as login:
        is_((asked(login), login.granted), (ASKED, False), "a key and a wrong code do not let in")
    with world.ssh("bob", options=BY_KEY) as login:
        ok(not login.granted and not login.prompts, "nor a key alone")
    with world.ssh("bob", PASSWORD, world.code("bob")) as login:
        ok(not login.granted and not login.prompts, "nor password and code alone, which are not even asked")
    is_([row[3] for row in world.audit("bob", before)], ["wrong code, 1 of 5"], "one attempt is charged")
    with world.ssh("bob", PASSWORD, world.spent_code("bob"), options=BY_BOTH) as login:
        is_((asked(login), login.granted), (ASKED, True), "a key, a password and a code do, also one that was not asked for before")
        is_(amr(world, login, "bob"), [("pwd otp swk", "aal2")], "into a session of all three")
    serve(world, "factors = password\n", "AuthenticationMethods=publickey,keyboard-interactive:pam")
    with world.ssh("bob", PASSWORD, options=BY_BOTH) as login:
        is_(amr(world, login, "bob"), [("pwd swk", "aal2")], "a key and a password: two factors")


def key_alone(world):
    serve(world, "roles = admin\n")
    world.ssh("ada", "not it", world.wrong_code("ada"), source="10.0.0.66").close()
    before = len(world.audit("bob"))
    with world.ssh("ada", options=BY_KEY) as login:
        is_(amr(world, login, "ada"), [("swk", "aal1")], "a key alone makes a session of one factor")
    is_(failures(world, "ada"), 1, "and forgives nothing")
    with world.ssh("bob", options=(*BY_KEY, "LogLevel=INFO")) as login:
        ok(not login.granted, "a key of a role that may not is refused")
        like(login.text, "account locked, or its role is not allowed here", "and told why")
    world.authctl("user", "disable", "bob")
    with world.ssh("bob", options=(*BY_KEY, "LogLevel=INFO")) as login:
        ok(not login.granted, "a key of a disabled account is refused")
        like(login.text, "account disabled or expired", "and told why")
    is_([row for row in world.audit("bob", before) if row[1] == "sshd"],
        [("acct.refused", "sshd", "10.0.0.7", "account locked, or its role is not allowed here"),
         ("acct.refused", "sshd", "10.0.0.7", "account disabled or expired")], "the audit has both")
    is_(failures(world, "bob"), 0, "neither is a failed attempt")
    with world.ssh("eve", options=BY_KEY) as login:
        ok(login.granted and login.sh('echo "<$AUTHC_SESSION>"') == "<>", "a key of a user without an account goes on, with no session")
    world.stop_authcd()
    with world.ssh("ada", options=BY_KEY) as login:
        ok(login.granted and login.sh('echo "<$AUTHC_SESSION>"') == "<>", "and so does any key while authcd is down, by the shipped line")


with World() as world:
    install_key(world)
    world.enrol("ada", PASSWORD, role="admin")
    world.enrol("bob", PASSWORD)
    world.enrol("dan", PASSWORD, code=False)
    two_prompts(world)
    one_prompt(world)
    key_and_factors(world)
    key_alone(world)
done()
