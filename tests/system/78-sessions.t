#!/usr/bin/python3
# T5 T8 M16 W4: a session is opened once, by root, from what was proved, and is dead at once when its leader, account,
# password or role is gone.
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import NO_UID, PHASE, PROMPT, REFUSAL, Instance, done, is_, ok, refusal_name, verdict_name
from logins import Login, add, events, login, request, set_password, show

CONFIG = """
[service *]
unenrolled = skip
[service sudo]
sessions = no
[audience web]
acr = aal1
[audience strong]
"""
KEY = "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmVQ0Yk0rLkXnJfXK2Yc3u0v0JqVwz9P3m0s5mXy1aB"
HERE = os.path.dirname(os.path.abspath(__file__))


def opened(host, user, uid, handle, **fields):
    """(verdict's name, session's name)"""
    row = Login(host, user, phase="OPEN", handle=handle, target_uid=uid, **fields).run({})
    return verdict_name(row.get("verdict", 0)), row.get("handle", "")


def session(host, user="ada", uid=1001, **fields):
    verdict, row = login(host, user, target_uid=uid, **fields)
    assert verdict == "GRANTED", verdict
    verdict, name = opened(host, user, uid, row["handle"], **fields)
    assert verdict == "GRANTED" and name, (verdict, name)
    return name


def mint(host, name, uid=1001, audience="web"):
    rows, last = request(host, "token_mint", "user", uid, audience=audience, session=name)
    return rows[0]["token"] if last[0] == "end" else None


def alive(host, name, token, uid=1001):
    """(mints, is accepted, is listed)"""
    rows, last = request(host, "token_verify", "user", 4242, token=token)
    listed = [row["session"] for row in request(host, "session_list", "user", uid)[0]]
    return mint(host, name, uid) is not None, last[0] == "end" and len(rows) == 1, name in listed


def handles(host):
    """W4"""
    verdict, row = login(host, "ada")
    handle = row["handle"]
    ok(verdict == "GRANTED" and len(handle) >= 26, "a login gives a handle of at least 128 bits")
    for what, user, uid, fields in (("another user", "bob", 1002, {}),
                                    ("another service", "ada", 1001, dict(service="login")),
                                    ("another address", "ada", 1001, dict(rhost="192.0.2.8")),
                                    ("no service of sessions", "ada", 1001, dict(service="sudo")),
                                    ("somebody who is not root", "ada", 1001, dict(which="user", peer_uid=1001))):
        got = opened(host, user, uid, login(host, "ada")[1]["handle"], **fields)
        ok(got[0] != "GRANTED" and got[1] == "", "%s opens nothing with it (%s)" % (what, got[0]))
    for text in (handle[:-1], handle + "a", handle.upper(), "", "a" * 26, "' OR 1=1 --"):
        got = opened(host, "ada", 1001, text)
        ok(got[1] == "", "handle %r opens nothing (%s)" % (text, got[0]))
    first, second = opened(host, "ada", 1001, handle), opened(host, "ada", 1001, handle)
    ok(first[0] == "GRANTED" and len(first[1]) == 16, "it opens a session of 16 letters")
    is_((second[0] != "GRANTED", second[1]), (True, ""), "... once")
    is_(login(host, "ada", service="sudo")[1]["handle"], "", "a service without sessions gives no handle")
    is_(login(host, "ada", which="user", peer_uid=1001)[1]["handle"], "", "nor does a login that is not root's")
    is_(login(host, "ada", "wrong")[1]["handle"], "", "nor a denied one")
    is_(login(host, "ada", phase="STEPUP")[1]["handle"], "", "nor a proof to a tool")
    refused = [row for row in events(host) if row["event"] == "session.refused"]
    ok(len(refused) >= 3, "the audit has what was refused (%d)" % len(refused))


def ends(host):
    """T5"""
    def fresh():
        name = session(host, "cyd", 1003)
        token = mint(host, name, 1003)
        assert alive(host, name, token, 1003) == (True, True, True)
        return name, token

    dead = (False, False, False)
    for what, act in (("a new password by root", lambda name: set_password(host, "cyd", uid=1003)),
                      ("another role", lambda name: request(host, "user_set", user="cyd", role="moderator",
                                                            uid=0xFFFFFFFF)),
                      ("session kill", lambda name: request(host, "session_kill", user="cyd", session=name)),
                      ("session kill by herself",
                       lambda name: request(host, "session_kill", "user", 1003, session=name)),
                      ("close", lambda name: Login(host, "cyd", phase="CLOSE", handle=name, target_uid=1003).run({})),
                      ("user disable", lambda name: request(host, "user_disable", user="cyd"))):
        name, token = fresh()
        act(name)
        is_(alive(host, name, token, 1003), dead,
            "%s: nothing is minted, its token is refused, it is not listed" % what)
    request(host, "user_enable", user="cyd")
    is_(alive(host, name, token, 1003), dead, "user enable: the old session stays dead")
    name, token = fresh()
    Login(host, "cyd", phase="CLOSE", handle=name, target_uid=1003, which="user", peer_uid=1004).run({})
    request(host, "session_kill", "user", 1004, session=name)
    request(host, "session_kill", "user", 1004, user="cyd", session=name)
    Login(host, "dan", phase="CLOSE", handle=name, target_uid=1004).run({})
    is_(alive(host, name, token, 1003), (True, True, True), "others cannot end it")
    request(host, "user_delete", user="cyd")
    rows, last = request(host, "token_verify", token=token)
    is_((mint(host, name, 1003), rows, last[0]), (None, [], "refused"), "user delete: dead")
    add(host, "cyd", 1003)
    is_((mint(host, name, 1003), request(host, "token_verify", token=token)[0]), (None, []),
        "an account of the same name and uid inherits nothing")


def leader(host):
    """T8: the process that opened it dies."""
    handle = login(host, "ada")[1]["handle"]
    code = ("import sys; sys.path.insert(0, %r)\nfrom authc import Instance, Peer\nfrom logins import Login\n"
            "class Host:\n    def connect(self, which, uid): return Peer(%r, uid)\n"
            "print(Login(Host(), 'ada', phase='OPEN', handle=%r).run({})['handle'], flush=True)\nsys.stdin.read()\n"
            % (os.path.join(HERE, "lib"), host.socket_path(), handle))
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name = child.stdout.readline().strip()
    token = mint(host, name)
    is_(alive(host, name, token), (True, True, True),
        "a session that another process opened lives while that process does")
    child.communicate("")
    is_(alive(host, name, token)[0], False, "... and nothing is minted from it when that is dead")


def audit_session(host):
    """T8: the kernel's audit session, which authcd reads of the process that asks; this one is not in 777."""
    handle = login(host, "ada", audit_session=777)[1]["handle"]
    verdict, name = opened(host, "ada", 1001, handle, audit_session=777)
    is_((verdict, len(name)), ("GRANTED", 16), "a session opened in audit session 777")
    is_(mint(host, name), None, "... mints nothing for processes outside of it")
    row = request(host, "whoami", "user", 1001, session=name)
    ok(name not in repr(row), "... and whoami there does not take it for one's own")
    is_(mint(host, ""), None, "no session is guessed for who is in none")


def by_key(host):
    """M16"""
    got = opened(host, "ada", 1001, "", auth_info=KEY + "\n")
    is_((got[0], len(got[1])), ("GRANTED", 16), "sshd with a verified key and no handle: a session")
    row = request(host, "whoami", "user", 1001, session=got[1])[0][0]
    is_((row["acr"], mint(host, got[1], audience="strong")), ("aal1", None), "... of one factor")
    is_(request(host, "token_mint", "user", 1001, audience="strong", session=got[1])[1][0], "refused",
        "... that gets no aal2 token")
    for what, info, fields in (("login", KEY + "\n", dict(service="login")),
                               ("a peer that is not root", KEY + "\n", dict(which="user", peer_uid=1001)),
                               ("half a line", "publickey", {}), ("a password line", "password\n", {}),
                               ("another word", "x" + KEY + "\n", {}),
                               ("a line within", "password " + KEY + "\n", {}), ("upper case", KEY.upper() + "\n", {}),
                               ("nothing", "", {})):
        got = opened(host, "ada", 1001, "", auth_info=info, **fields)
        is_(got[1], "", "%s: no session (%s)" % (what, got[0]))
    got = opened(host, "nobody-here", 0xFFFFFFFF, "", auth_info=KEY + "\n")
    is_(got[1], "", "an unknown name: no session (%s)" % got[0])
    request(host, "user_disable", user="ada")
    got = opened(host, "ada", 1001, "", auth_info=KEY + "\n")
    is_(got[1], "", "a disabled account: no session (%s)" % got[0])
    request(host, "user_enable", user="ada")
    got = opened(host, "ada", 1002, "", auth_info=KEY + "\n")
    is_(got[1], "", "a name whose uid is another's: no session (%s)" % got[0])
    request(host, "user_enable", user="ada")


def strangers(host):
    """W7: of others' accounts and sessions one learns nothing."""
    name = session(host, "dan", 1004)
    for what, fields in (("whoami", dict(session=name)), ("session_kill", dict(session=name)),
                         ("token_mint", dict(audience="web", session=name))):
        other, none = (repr(request(host, what, "user", 1002, **dict(fields, session=one))).replace(one, "X")
                       for one in (name, "abcdefgh234567aa"))
        is_(other, none, "%s of another's session and of none: the same words" % what)
    for phase in PHASE:
        talks = set()
        for one, uid in (("dan", 1004), ("nobody-here", 1004), ("nobody-here", NO_UID)):
            talk = Login(host, one, which="user", peer_uid=1002, phase=phase, target_uid=uid, rhost="")
            row = talk.run(dict.fromkeys(PROMPT.values(), "wrong"))
            talks.add((tuple(talk.asked), tuple(talk.told), row.get("verdict"), row.get("handle"), row.get("reason"),
                       row.get("error")))
        is_(len(talks), 1, "%s of another's account and of none: the same conversation" % phase.lower())
    for what in ("user_show", "session_list", "factor_list", "factor_add", "factor_confirm", "factor_remove",
                 "session_kill"):
        other, none = (request(host, what, "user", 1002, user=one)[1] for one in ("dan", "nobody-here"))
        is_(other, none, "%s of another's account and of none: the same words" % what)
    for what in ("user_add", "user_list", "user_set", "user_disable", "user_enable", "user_unlock", "user_delete",
                 "audit_list", "audit_verify"):
        name_too = {} if what in ("user_list", "audit_verify") else dict(user="bob")
        row = request(host, what, "user", 1002, **name_too)[1]
        is_((row[0], row[1].get("error")), ("refused", REFUSAL["NOT_ALLOWED"]),
            "%s is root's, also for oneself (%s)" % (what, refusal_name(row[1].get("error"))))
    is_(show(host, "dan")["state"], "active", "dan is as he was")


with Instance(CONFIG, deny_time="5ms") as instance:
    for number, person in enumerate(("ada", "bob", "cyd", "dan"), 1001):
        add(instance, person, number)
    for test in (handles, ends, leader, audit_session, by_key, strangers):
        test(instance)
done()
