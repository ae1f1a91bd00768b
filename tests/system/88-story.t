#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Ada's story, from the invitation to the second phone, through the real sshd: P6 O5 O6 O7. An administrator hands over a password
# for one login; in it she enrols a phone and sets her own; when the phone is lost, recovery codes let her enrol another.
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root, totp  # noqa: E402

skip_unless_root()
CONFIG = "[service *]\nunenrolled = deny\n[service sshd]\nunenrolled = enrol\n"
HERS = "correct horse battery"
ASKED = ["Password: ", "Code: "]


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def shown(world, user, *columns):
    return [world.authctl("user", "show", user)[column] for column in columns]


def run(shell, command, *answers):
    """A command in her shell that asks; what it showed."""
    shell.child.sendline(command)
    before = len(shell.text)
    shell.converse(answers)
    return shell.text[before:].replace("\r", "")


with World(CONFIG) as world:
    # The administrator invites her, and reads her the password that authcd made.
    handed_over = world.authctl("user", "invite", "ada", "--role", "admin")["password"]
    is_(shown(world, "ada", "state", "must_change", "factors"), ["active", True, 0], "invited: the account waits for its first login")

    # She logs in for the first time. The prompt shows a picture, her phone scans it; she types its code, notes down what she will
    # need without the phone, and sets a password of her own.
    login = world.ssh("ada", handed_over, world.scan("ada"), "", handed_over, HERS, HERS)
    is_(asked(login), ["Password: ", "Code that the app shows: ", "Press Enter when you have them. ", "Current password: ", "New password: ",
                       "Retype new password: "], "first login: asks for all of it, one after the other")
    like(login.sh("authctl whoami"), r"^ada \(admin\)  session \w+  sshd from 10.0.0.7  password \+ code  aal2 ", "and lets her in, with two factors")
    paper = re.findall(r"\b[b-x]{4}(?:-[b-x]{4}){4}\b", login.text)
    is_((len(paper), len(set(paper))), (10, 10), "she has ten recovery codes on paper")
    login.logout()
    is_(shown(world, "ada", "must_change", "factors", "recovery_left"), [False, 1, 10], "all of it counts")
    with world.ssh("ada", handed_over, world.wrong_code("ada")) as login:
        is_((asked(login), login.granted), (ASKED, False), "what was handed over opens nothing any more")

    # The next day.
    with world.ssh("ada", HERS, world.code("ada")) as login:
        is_((asked(login), login.granted), (ASKED, True), "from now on: password and code")

    # The phone is gone. A code from the paper does instead; in that session she enrols another phone, and removes the old one.
    lost = world.secret("ada")
    login = world.ssh("ada", HERS, paper[0])
    is_((asked(login), login.granted), (ASKED, True), "without the phone: a recovery code, at the same prompt")
    enrolment = run(login, "authctl factor add totp --label new-phone", HERS, paper[1])
    like(enrolment, 'Factor 2 "new-phone": inactive until confirmed.', "a new phone: wants her proof, again from paper")
    number = world.scan("ada")(login)
    like(run(login, "authctl factor confirm", number, HERS, paper[2]), 'Factor 2 "new-phone": confirmed.', "counts once it has shown a code")
    like(run(login, "authctl factor remove --id 1", HERS, world.code("ada")), 'Factor 1 "first-login": removed.', "the old one goes, by the new one's code")
    is_([row["label"] for row in world.authctl("factor", "list", "--user", "ada") if row["id"]], ["new-phone"], "one phone is left")
    login.logout()

    # Whoever has found the old phone, and has seen her type her password.
    with world.ssh("ada", HERS, totp(lost, int(time.time()) // 30), source="10.0.0.66") as login:
        is_((asked(login), login.granted), (ASKED, False), "the lost phone opens nothing")
    with world.ssh("ada", HERS, paper[0], source="10.0.0.66") as login:
        is_((asked(login), login.granted), (ASKED, False), "nor does a line of the paper that is crossed out")
    world.add_code("ada")  # which spares the test a wait for the next one
    with world.ssh("ada", HERS, world.code("ada")) as login:
        ok(login.granted, "she is in with the new one")

    # What the administrator reads of it.
    is_(shown(world, "ada", "state", "failures", "recovery_left"), ["active", 2, 7], "user show: active, two guesses from elsewhere, seven codes on paper")
    story = [(row[0], re.sub(r"^(totp \d).*", r"\1", row[3])) for row in world.audit("ada") if not row[0].startswith("session.")]
    is_(story, [
        ("user.add", "uid 4001, role admin"),
        ("password.reset", "to be changed at the next login, within 7 days"),
        ("factor.add", "totp 1"), ("factor.confirm", "totp 1"), ("factor.recovery", "made at the first login"),
        ("login.success", "password + code"), ("acct.refused", "password must be changed"), ("password.set", ""),
        ("login.failure", "wrong password, 1 of 5"),
        ("login.success", "password + code"),
        ("login.recovery", "9 left"), ("login.success", "password + recovery code"),
        ("login.recovery", "8 left"), ("login.stepup", "password + recovery code"), ("factor.add", "totp 2"),
        ("login.recovery", "7 left"), ("login.stepup", "password + recovery code"), ("factor.confirm", "totp 2"),
        ("login.stepup", "password + code"), ("factor.remove", "totp 1"),
        ("login.failure", "wrong code, 1 of 5"), ("login.replay", "recovery code already used, 2 of 5"),
        ("factor.add", "totp 3"), ("factor.confirm", "totp 3"), ("login.success", "password + code"),
    ], "the audit tells the story")
done()
