#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Through the real sshd with the shipped stack: password and code let in; each way of being wrong is asked the same and shown
# the same bytes; a refused code is not spent; keys go past auth but not past acct. P1 O2 L5 L12 M14
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import diag, done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
ASKED = ["Password: ", "Code: "]


def asked(login):
    """The prompts without "(user@host) ", which is the client's."""
    return [prompt.split(") ", 1)[-1] for prompt in login.prompts]


def denied(world, user, *answers):
    """What a refused login shows, without the name and the code that were typed."""
    with world.ssh(user, *answers, source="10.0.0.66") as login:
        good = not login.granted and asked(login) == ASKED
        if not good:
            diag(login.text)
        return login.text.replace(user, "NAME").replace(answers[-1], "CODE") if good else "asked %r, granted %r" % (login.prompts, login.granted)


def denials(world):
    shown = denied(world, "ada", "not the password", world.wrong_code("ada"))
    like(shown, "Permission denied", "a wrong password is asked for the code, and denied")
    is_(denied(world, "ada", PASSWORD, world.wrong_code("ada")), shown, "right password, wrong code: the same bytes")
    code = world.code("ada")
    is_(denied(world, "ada", "not the password", code), shown, "wrong password, right code: the same bytes")
    is_(denied(world, "eve", "no account here", "123456"), shown, "a user of the host without an account: the same bytes")
    is_(denied(world, "mallory", PASSWORD, "123456"), shown, "no user of the host, whom sshd answers for: the same bytes")
    is_(denied(world, "cyd", PASSWORD, world.code("cyd")), shown, "an account that sshd refuses: the same bytes")
    is_(world.authctl("user", "show", "cyd")["failures"], 0, "and it is charged with nothing")
    is_(denied(world, "dan", PASSWORD, world.code("dan")), shown, "a disabled account: the same bytes")
    with world.ssh("ada", PASSWORD, code) as login:
        ok(login.granted, "the right code that came with a wrong password was not spent")
    is_(denied(world, "ada", PASSWORD, code), shown, "now it is: used again, the same bytes")
    return {event["AUTHC_EVENT"] for event in world.journal("SYSLOG_IDENTIFIER=authcd") if "AUTHC_EVENT" in event}


def keys(world):
    world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key", check=True)
    for user in ("bob", "dan", "eve"):
        world.run("sh", "-c", 'mkdir -p "$0/.ssh" && cp /root/key.pub "$0/.ssh/authorized_keys" && chown -R "$1:" "$0/.ssh"',
                  "/home/" + user, user, check=True)
    options = ("IdentityFile=/root/key", "PreferredAuthentications=publickey")
    with world.ssh("bob", options=options) as login:
        ok(login.granted and not login.prompts, "a key alone lets an account in")
        if login.granted:
            like(login.sh("authctl whoami"), r"\baal1\b", "into a session of one factor")
            like(login.sh("authctl token --aud web 2>&1"), "^authctl: ", "which gets no token that wants two")
    with world.ssh("eve", options=options) as login:
        ok(login.granted, "a key lets in a user whom authc does not know")
    with world.ssh("dan", options=options) as login:
        ok(not login.granted, "a key does not let in a disabled account")


with World("[audience web]\n", sshd=False) as world:
    world.start_sshd("-o", "DenyUsers=cyd")
    world.enrol("ada", PASSWORD)
    world.enrol("bob", PASSWORD)
    world.enrol("cyd", PASSWORD)
    world.enrol("dan", PASSWORD)
    world.authctl("user", "disable", "dan")
    with world.ssh("bob", PASSWORD, world.code("bob")) as login:
        ok(login.granted and asked(login) == ASKED, "password and code let in")
        if login.granted:
            like(login.sh("echo $AUTHC_SESSION"), "^[a-z2-7]{16}$", "the shell knows its session's name")
            is_(login.sh("env | grep -c -e AUTHC_HANDLE -e AUTHC_AUTH"), "0", "and nothing else of the login")
        is_(login.logout() if login.granted else None, 0, "logout")
    events = denials(world)
    for event in ("login.failure", "login.unknown", "login.fake", "login.replay", "login.success"):
        ok(event in events, "the journal tells them apart: " + event)
    keys(world)
done()
