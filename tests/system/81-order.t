#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W4: a conversation has one order, and what is out of it is refused and the connection closed; a handle, and a session's name, are of
# use to nobody but who they were made for, and a handle once.
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import MESSAGES, NO_UID, PHASE, PROMPT, Hangup, Instance, done, is_, ok, refusal_name, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, add_totp, events, login, request, room_in_step, show, totp  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
CONFIG = "[service *]\nunenrolled = skip\n[service sudo]\nsessions = no\n[audience web]\nacr = aal1\n"
UID = {"ada": 1001, "bob": 1002, "cyd": 1003}


def word(peer):
    """What a peer hears next, in one word."""
    try:
        name, row = peer.recv()
    except Hangup:
        return "hangup"
    return {"refused": lambda: refusal_name(row["error"]), "verdict": lambda: verdict_name(row["verdict"])}.get(name, lambda: name)()


def words(peer):
    """All that a peer hears until it is hung up on."""
    heard = []
    while not heard or heard[-1] != "hangup":
        heard.append(word(peer))
    return heard


def begun(host, user="ada", phase="AUTH", answers=(), **fields):
    """A login after that many answers: what it hears next has not been read."""
    talk = Login(host, user, phase=phase, target_uid=UID[user], **fields)
    for answer in answers:
        assert talk.next()[0] == "prompt"
        talk.answer(answer)
    return talk


# ---- the order of a conversation -------------------------------------------------------------------------------------
def before_begin(host):
    for which, uid in (("system", 0), ("user", 1001)):
        with host.connect(which, uid) as peer:
            peer.send("answer", secret=b"hunter2")
            is_(words(peer), ["PROTOCOL", "hangup"], "%s: an answer before BEGIN" % which)
        with host.connect(which, uid) as peer:
            peer.send("abort")
            is_(words(peer), ["hangup"], "%s: ABORT before BEGIN ends the connection, and no more" % which)
        with host.connect(which, uid) as peer:
            peer.ask("status_get")
            peer.send("answer", secret=b"hunter2")
            is_(words(peer), ["PROTOCOL", "hangup"], "%s: an answer after another request" % which)


def twice(host):
    for phase in ("AUTH", "CHAUTHTOK", "STEPUP"):
        talk = begun(host, phase=phase, caller_uid=1001)
        talk.next()
        talk.peer.send("begin", **talk.begin)
        is_(words(talk.peer), ["PROTOCOL", "hangup"], "%s: a second BEGIN" % phase.lower())
        talk = begun(host, phase=phase, answers=["wrong"], caller_uid=1001)
        talk.peer.send("begin", **dict(talk.begin, user="bob"))
        heard = words(talk.peer)
        is_(heard[-2:], ["PROTOCOL", "hangup"], "%s: a second BEGIN, as somebody else, while the first is judged" % phase.lower())
        ok("GRANTED" not in heard, "... and nobody is let in")
    for phase in ("ACCT", "OPEN", "CLOSE"):
        talk = begun(host, phase=phase)
        try:
            talk.peer.send("begin", **talk.begin)
        except BrokenPipeError:
            pass
        heard = words(talk.peer)  # the end comes first where the kernel drops with the connection what authcd never read
        ok(len(heard) <= 2 and "prompt" not in heard, "%s: a verdict and the end, whatever else was sent (%s)" % (phase.lower(), heard))


def answers_out_of_order(host):
    talk = begun(host, answers=["wrong"])
    talk.answer("a second")
    is_(words(talk.peer)[-2:], ["PROTOCOL", "hangup"], "an answer that nobody asked for, while the first is judged")
    talk = begun(host, "bob", answers=["wrong", "000000"])
    talk.answer("third")
    is_(words(talk.peer)[-2:], ["PROTOCOL", "hangup"], "... or a third to two prompts")
    talk = begun(host)
    talk.answer(PASSWORD)
    talk.answer("early")
    heard = words(talk.peer)
    ok("GRANTED" not in heard and heard[-1] == "hangup", "the right password and another answer behind it, unread: no success (%s)" % heard)
    # Pipelined into the socket before the first was read: the second PROMPT had not gone out, but it is the next in order.
    talk = begun(host, "bob")
    talk.answer("wrong")
    talk.answer("000000")
    is_(words(talk.peer)[-2:], ["DENIED", "hangup"], "answers sent ahead are judged as any others")
    host.authctl("user", "unlock", "ada")
    for verdict, password in (("GRANTED", PASSWORD), ("DENIED", "wrong")):
        talk = begun(host, answers=[password])
        is_(word(talk.peer), verdict, "a verdict")
        for late in ("answer", "begin", "status_get", "user_list"):
            try:
                talk.peer.send(late)
            except BrokenPipeError:
                pass
        is_(words(talk.peer), ["hangup"], "... is the last word: answers, BEGIN and requests after it hear nothing")
    host.authctl("user", "unlock", "ada")
    host.authctl("user", "unlock", "bob")


def requests_between(host):
    """In the middle of a login the tools' requests have their own rights, and leave the login as it is."""
    talk = begun(host, rhost="192.0.2.9")
    talk.next()
    is_(talk.peer.ask("status_get")[0][0], "row_status", "status in the middle of root's login")
    is_(talk.peer.ask("user_show", user="ada")[0][1]["failures"], 0, "user show, too")
    talk.answer(PASSWORD)
    is_(word(talk.peer), "GRANTED", "and the login goes on")
    talk = Login(host, "ada", which="user", peer_uid=1001, rhost="")
    talk.next()
    for what in (name for name, message in MESSAGES.items() if message.who == "ADMIN"):
        is_(refusal_name(talk.peer.ask(what)[-1][1]["error"]), "NOT_ALLOWED", "%s in the middle of a login of ada's own" % what)
    is_(refusal_name(talk.peer.ask("factor_add", kind="totp")[-1][1]["error"]), "STEPUP", "factor add is not for who is half-way")
    talk.answer(PASSWORD)
    talk.peer.send("factor_add", kind="totp")
    heard = [word(talk.peer), word(talk.peer)]
    is_(heard, ["STEPUP", "GRANTED"], "... nor for who has answered, but has no verdict")
    is_(words(talk.peer), ["hangup"], "... and phase auth proves nothing to the tools")


def stepup(host):
    """The one conversation that leaves its connection open."""
    talk = begun(host, "cyd", phase="STEPUP", which="user", peer_uid=1003, answers=[PASSWORD])
    is_(word(talk.peer), "GRANTED", "stepup")
    talk.answer("again")
    is_(words(talk.peer), ["PROTOCOL", "hangup"], "an answer after its verdict")
    talk = begun(host, "cyd", phase="STEPUP", which="user", peer_uid=1003, answers=[PASSWORD])
    talk.next()
    talk.peer.send("begin", **dict(talk.begin, nonce=bytes(16)))
    is_(word(talk.peer), "prompt", "another stepup may follow")
    talk.answer("wrong")
    is_(words(talk.peer), ["DENIED", "hangup"], "... and its denial ends the connection, proved or not")
    for other, uid in (("ada", 1001), ("nobody-here", 1003)):
        talk = Login(host, other, phase="STEPUP", which="user", peer_uid=1003, target_uid=uid, rhost="")
        row = talk.run(dict.fromkeys(PROMPT.values(), PASSWORD))
        is_(verdict_name(row["verdict"]), "DENIED", "cyd cannot prove herself as %s" % other)
    # What was proved is the connection's: not the uid's, nor of the next connection.
    with begun(host, "cyd", phase="STEPUP", which="user", peer_uid=1003, answers=[PASSWORD]).peer as proved:
        word(proved)
        with host.connect("user", 1003) as other:
            is_(refusal_name(other.ask("factor_add", kind="totp")[-1][1]["error"]), "STEPUP", "what one connection proved no other has")
        is_(refusal_name(proved.ask("factor_add", user="ada", kind="totp")[-1][1]["error"]), "NOT_ALLOWED", "nor does it reach to others' factors")
        is_(proved.ask("factor_add", kind="totp")[-1][0], "end", "one's own may be changed")


def aborted(host):
    for answers, counted in (((), 0), (["wrong"], 1)):
        host.authctl("user", "unlock", "ada")
        talk = begun(host, answers=answers, rhost="198.51.100.%d" % (1 + counted))
        if not answers:
            talk.next()
        talk.peer.send("abort")
        is_(words(talk.peer)[-1], "hangup", "ABORT after %d answers" % len(answers))
        is_(show(host)["failures"], counted, "... counts %d" % counted)
        try:
            talk.answer(PASSWORD)
            late = words(talk.peer)
        except BrokenPipeError:
            late = ["hangup"]
        is_(late, ["hangup"], "... and nothing follows it")
    host.authctl("user", "unlock", "ada")


# ---- handles and sessions --------------------------------------------------------------------------------------------
def handle(host, user="ada", **fields):
    verdict, row = login(host, user, target_uid=UID[user], **fields)
    assert verdict == "GRANTED" and row["handle"], row
    return row["handle"]


def opened(host, user, text, **fields):
    """(verdict's name, session's name)"""
    row = Login(host, user, phase="OPEN", handle=text, target_uid=fields.pop("target_uid", UID.get(user, NO_UID)), **fields).run({})
    return verdict_name(row.get("verdict", 0)), row.get("handle", "")


def handles(host):
    for what, fields in (("another account", dict(user="cyd")), ("no account", dict(user="nobody-here")),
                         ("another service", dict(service="login")), ("a service without sessions", dict(service="sudo")),
                         ("another address", dict(rhost="192.0.2.8")), ("no address", dict(rhost="")), ("its network", dict(rhost="192.0.2.0/24")),
                         ("another uid of the same name", dict(target_uid=1003)),
                         ("its owner, who is not root", dict(which="user", peer_uid=1001)),
                         ("another user", dict(which="user", peer_uid=1003)),
                         ("another user, as herself", dict(which="user", peer_uid=1003, user="cyd"))):
        mine = handle(host)
        got = opened(host, fields.pop("user", "ada"), mine, **fields)
        ok(got[0] != "GRANTED" and got[1] == "", "%s opens nothing with ada's handle (%s)" % (what, got[0]))
        got = opened(host, "ada", mine)
        ok(got[0] == "DENIED" or got[0] == "GRANTED" and len(got[1]) == 16, "... and after that it is used up, or still ada's (%s)" % got[0])
    mine, others = handle(host), handle(host, "cyd")
    is_(opened(host, "ada", mine)[0], "GRANTED", "a handle opens a session")
    for _ in range(3):
        is_(opened(host, "ada", mine), ("DENIED", ""), "replayed: no more")
    is_(opened(host, "ada", others)[1], "", "cyd's is not ada's")
    # 32 at once: serialised in authcd, one wins
    mine = handle(host)
    talks = [Login(host, "ada", phase="OPEN", handle=mine, target_uid=1001) for _ in range(32)]
    got = [talk.run({}) for talk in talks]
    is_(sum(verdict_name(row["verdict"]) == "GRANTED" and row["handle"] != "" for row in got), 1, "32 at once: one session")
    is_(len({row["result"] for row in events(host) if row["event"] == "session.refused"} & {"handle unknown, used or expired", "handle of another login"}), 2,
        "both kinds of refusal are in the audit")


def session(host, user):
    verdict, name = opened(host, user, handle(host, user))
    assert verdict == "GRANTED" and name, (verdict, name)
    return name


def names(host):
    """A session's name is no secret: it may do nothing for those whose it is not."""
    hers, none = session(host, "ada"), "abcdefgh234567aa"
    mine = session(host, "cyd")
    for what, fields in (("token_mint", dict(audience="web")), ("session_kill", {}), ("session_kill", dict(user="ada")),
                         ("session_kill", dict(user="cyd")), ("whoami", {})):
        theirs, nobodys = (request(host, what, "user", 1003, session=one, **fields) for one in (hers, none))
        is_(repr(theirs).replace(hers, none), repr(nobodys), "%s %s: ada's session is to cyd what none is" % (what, fields.get("user", "")))
        ok(what == "whoami" or theirs[1][0] == "refused", "... refused (%s)" % theirs[1][0])
    ok(hers not in repr(request(host, "session_list", "user", 1003)), "session list shows cyd none of ada's")
    for user in ("ada", "nobody-here"):
        is_(refusal_name(request(host, "session_list", "user", 1003, user=user)[1][1]["error"]), "NOT_ALLOWED", "session list of %s" % user)
    is_(request(host, "token_mint", audience="web", session=hers)[1][0], "refused", "root mints nothing from it")
    for text in (hers[:-1], hers + "a", hers.upper(), "%" * 16, "_" * 16, hers[:-1] + "%", "' OR '1'='1", ""):
        is_(request(host, "token_mint", "user", 1001, audience="web", session=text)[1][0], "refused", "%r is no session" % text)
    Login(host, "ada", phase="CLOSE", handle=hers, which="user", peer_uid=1003, target_uid=1001).run({})
    Login(host, "cyd", phase="CLOSE", handle=hers, target_uid=1003).run({})
    Login(host, "ada", phase="CLOSE", handle=hers, which="user", peer_uid=1001, target_uid=1001).run({})
    is_(request(host, "token_mint", "user", 1001, audience="web", session=hers)[1][0], "end", "after all that it is alive, and ada's")
    is_(request(host, "session_kill", "user", 1001, session=hers)[1][0], "end", "to end, too")
    is_(request(host, "token_mint", "user", 1003, audience="web", session=mine)[1][0], "end", "cyd's lives on")


with Instance(CONFIG, deny_time="5ms") as instance:
    for person, number in UID.items():
        add(instance, person, number)
    secret, _ = add_totp(instance, "bob")
    for test in (before_begin, twice, answers_out_of_order, requests_between, stepup, aborted, handles, names):
        test(instance)
    room_in_step(5)
    is_(login(instance, "bob", code=totp(secret), target_uid=1002)[0], "GRANTED", "and bob, with password and code, gets in")
done()
