#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# The real sshd where logins do not go straight: a second try in the same connection, too many of them, a client that is gone, a
# user that sshd refuses, ten at once, a source with a name. Each attempt is charged once, to whom it was about. L2 L12 M18
import os
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402
import pexpect  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
ASKED = ["Password: ", "Code: "]
TRIES = ("NumberOfPasswordPrompts=3",)


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def failures(world, user):
    return world.authctl("user", "show", user)["failures"]


def sessions(world, user):
    return [row["session"] for row in world.authctl("session", "list", "--user", user)]


def second_try(world):
    before = len(world.audit("ada"))
    with world.ssh("ada", PASSWORD, world.wrong_code("ada"), PASSWORD, world.code("ada"), options=TRIES) as login:
        is_((asked(login), login.granted), (2 * ASKED, True), "a wrong code, then a right one in the same connection")
        like(login.sh("authctl whoami"), r"password \+ code +aal2", "into a session of both factors")
        is_(world.audit("ada", before),
            [("login.failure", "sshd", "10.0.0.7", "wrong code, 1 of 5"), ("login.success", "sshd", "10.0.0.7", "password + code"),
             ("session.open", "sshd", "10.0.0.7", sessions(world, "ada")[0])], "one row for each")
    is_(failures(world, "ada"), 0, "the success forgives the failure")


def too_many(world):
    """MaxAuthTries is 3 here; Return is one of them to sshd."""
    before = len(world.audit("bob"))
    guesses = ["", world.wrong_code("bob"), *["not it", world.wrong_code("bob")] * 2]
    with world.ssh("bob", *guesses, *guesses, source="10.0.0.66", options=("NumberOfPasswordPrompts=6",)) as login:
        is_((asked(login), login.granted), (3 * ASKED, False), "three failures end the connection")
        like(login.text, "Too many authentication failures", "the person is told so")
    is_(world.audit("bob", before), [("login.failure", "sshd", "10.0.0.66", result) for result in
                                     ("nothing typed", "wrong password, 1 of 5", "wrong password, 2 of 5")], "a row for each")
    is_(failures(world, "bob"), 2, "two are charged")
    with world.ssh("bob", PASSWORD, world.code("bob")) as login:
        ok(login.granted, "from elsewhere, the owner comes in")
    is_(failures(world, "bob"), 2, "what another source guessed stays charged")


def gone(world):
    """The client dies at each prompt."""
    before = len(world.audit("cyd"))
    world.ssh("cyd").close()
    world.ssh("cyd", PASSWORD).close()
    world.wait(lambda: len(world.audit("cyd")) > before, "a row")
    world.wait(lambda: world.authctl("status")["connections"] == 1, "the end of both logins")
    is_(world.audit("cyd", before), [("login.failure", "sshd", "10.0.0.7", "hung up after an answer, 1 of 5")],
        "a client that is gone at the code counts once, at the password not at all")
    is_((failures(world, "cyd"), sessions(world, "cyd")), (1, []), "and opens no session")


def refused(world):
    """By sshd: PermitRootLogin no. root has an account here, with this password and code."""
    before = len(world.audit("root"))
    shown = []
    for answers in ((PASSWORD, world.code("root")), ("x", "1"), ("", ""), (PASSWORD, "")):
        with world.ssh("root", *answers) as login:
            is_((asked(login), login.granted), (ASKED, False), "root is asked, and denied: %r" % (answers,))
            shown.append(login.text.replace(answers[1] + "\r", "\r"))
    is_(shown[1:], shown[:1] * 3, "shown the same, whatever was typed")
    is_([row[0] + ": " + row[3] for row in world.audit("root", before)],
        ["login.fake: fake answer: sshd had refused the user"] * 2 + ["login.failure: nothing typed"] +
        ["login.fake: fake answer: sshd had refused the user"], "the audit knows whose doing that was")
    is_(failures(world, "root"), 0, "nothing is charged")
    with world.su("bob", "root", PASSWORD, world.spent_code("root")) as shell:
        ok(shell.granted, "and the code that was typed is not spent")


def ten_at_once(world):
    with ThreadPoolExecutor(10) as pool:
        logins = list(pool.map(lambda _: world.ssh("dan", PASSWORD), range(10)))
    is_([login.granted for login in logins], [True] * 10, "ten logins of one user at once: all come in")
    names = {login.sh("echo $AUTHC_SESSION") for login in logins}
    is_((len(names), set(sessions(world, "dan"))), (10, names), "into ten sessions")
    codes = [world.code("bob")] * 4
    with ThreadPoolExecutor(4) as pool:
        twins = list(pool.map(lambda code: world.ssh("bob", PASSWORD, code), codes))
    is_(sorted(twin.granted for twin in twins), [False] * 3 + [True], "four with one code: one comes in")
    for login in logins + twins:
        login.close()
    world.wait(lambda: not sessions(world, "dan") + sessions(world, "bob"), "the end of the sessions")
    is_((failures(world, "dan"), {row[3] for row in world.audit("dan") if row[0] == "login.success"}), (0, {"password"}), "none is charged")


def named_source(world):
    world.run("sh", "-c", "echo 10.0.0.66 desk.example.org >>/etc/hosts", check=True)
    with world.ssh("ada", PASSWORD, world.code("ada"), source="10.0.0.66") as login:
        like(login.sh("authctl whoami"), " from name:desk.example.org ", "UseDNS: the source is the name that sshd gives")
    is_([row[2] for row in world.audit("ada") if row[0].startswith("login.")][-1], "name:desk.example.org", "in the audit as well")


with World(sshd=False) as world:
    world.start_sshd("-o", "PermitRootLogin=no", "-o", "UseDNS=yes", "-o", "MaxStartups=50", "-o", "MaxAuthTries=3")
    for name in ("ada", "bob", "cyd", "root"):
        world.enrol(name, PASSWORD)
    world.enrol("dan", PASSWORD, code=False)
    second_try(world)
    too_many(world)
    gone(world)
    refused(world)
    ten_at_once(world)
    named_source(world)
done()
