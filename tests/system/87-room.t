#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# W6, L12: thousands of setuid callers at their prompts fill the waiting room, and nobody else's login waits for it: theirs are told that
# there is no room, newest first, and what was charged for them is given back; nor do connections that say nothing keep root out.
import os
import resource
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PROMPT, Hangup, Instance, diag, done, is_, ok, refusal_name, skip_all, verdict_name  # noqa: E402
from logins import PASSWORD, Login, add, login, show, status  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
RELEASE = os.environ.get("MODE", "release") == "release"
ROOM, CROWD = 4096, 4096 + 512  # room.h, crowd.h
CONFIG = "[service *]\nfactors = password\n[service su-l]\nfactors = password otp\nunenrolled = deny\n"


def su(host, uid=3001, user="eve", service="su"):
    """A caller of su at its prompt, or what it heard instead."""
    talk = Login(host, user, service=service, target_uid=3001, caller_uid=uid, rhost="", tty="pts/1")
    name, row = talk.next()
    talk.heard = name if name == "prompt" else refusal_name(row["error"])
    return talk


def hears(talk):
    try:
        name, row = talk.peer.recv()
    except Hangup:
        return "hangup"
    return refusal_name(row["error"]) if name == "refused" else name


def end(talks):
    while talks:
        talks.pop().peer.close()


def in_time(act, what):
    began = time.monotonic()
    got = act()
    took = time.monotonic() - began
    ok(got == "GRANTED" and took < (1 if RELEASE else 5), "%s gets in (%s, %.0f ms)" % (what, got, took * 1000))


def at_prompts(host):
    began = time.monotonic()
    talks = [su(host) for _ in range(ROOM)]
    is_({talk.heard for talk in talks}, {"prompt"}, "%d callers of su at their prompts" % ROOM)
    diag("in %.1f s" % (time.monotonic() - began))
    is_([su(host).heard for _ in range(3)], ["BUSY"] * 3, "the next of that uid is told that there is no room")
    is_(su(host, user="nobody-here").heard, "BUSY", "whomever it asks for")
    in_time(lambda: login(host, "ada", target_uid=1001)[0], "ada by sshd")
    is_([hears(talks[-1]), hears(talks[-1])], ["BUSY", "hangup"], "for her, the newest of them had to leave")
    talks.pop().peer.close()
    talks.append(su(host))
    is_(talks[-1].heard, "prompt", "and there is room for one again when she is in")
    in_time(lambda: login(host, "ada", target_uid=1001, service="login", rhost="", tty="tty1")[0], "ada at the console")
    is_(status(host)["connections"], ROOM + 1, "for which nobody has to leave")
    others = [su(host, uid=4000 + i) for i in range(20)]
    is_({talk.heard for talk in others}, {"prompt"}, "twenty other users' su have room")
    is_({hears(talk) for talk in talks[-20:]}, {"BUSY"}, "at the cost of the one")
    end(talks[-20:])
    del talks[-20:]
    in_time(lambda: login(host, "ada", target_uid=1001, service="sudo", caller_uid=1001, rhost="", tty="pts/2")[0], "ada by sudo")
    in_time(lambda: login(host, "ada", which="user", peer_uid=1001, service="screen", rhost="")[0], "ada at her screen")
    talks[0].answer(PASSWORD)
    is_(verdict_name(talks[0].next()[1]["verdict"]), "GRANTED", "the uid's oldest goes on all the same")
    end(talks + others)


def nobody_left(host):
    while status(host)["connections"] > 1:
        time.sleep(0.01)


def answered(host):
    """All have answered at their first prompt, and are at the second: eve, the last to come, too."""
    nobody_left(host)
    talks = [su(host, user="none%d" % (i % 50), service="su-l") for i in range(ROOM - 3)]
    talks += [su(host, service="su-l") for _ in range(3)]
    for talk in talks:
        talk.answer("wrong")
    is_({talk.next()[0] for talk in talks}, {"prompt"}, "%d that have answered, and are asked for a code" % ROOM)
    in_time(lambda: login(host, "ada", target_uid=1001)[0], "beside them ada by sshd")
    others = [su(host, uid=4000 + i) for i in range(3)]
    is_([hears(talk) for talk in talks[-3:]], ["BUSY"] * 3, "the newest had to leave")
    is_(show(host, "eve")["failures"], 0, "and are charged nothing")
    end(talks + others)


def denied(host):
    """All were denied, and wait for the time at which denials leave."""
    nobody_left(host)
    talks = [su(host, user="none%d" % (i % 50)) for i in range(ROOM)]
    for talk in talks:
        talk.answer("wrong")
    in_time(lambda: login(host, "ada", target_uid=1001)[0], "beside %d that will be denied ada by sshd" % ROOM)
    end(talks)


def silent(host):
    nobody_left(host)
    peers = [host.connect() for _ in range(CROWD)]
    time.sleep(1.1)  # so long nobody has to wait with a BEGIN
    in_time(lambda: login(host, "ada", target_uid=1001)[0], "beside %d of root's connections that say nothing ada" % CROWD)
    gone = 0
    for peer in peers[:10]:
        peer.socket.settimeout(0.01)
        try:
            peer.recv()
        except Hangup:
            gone += 1
        except TimeoutError:
            pass
    is_(gone, 1, "for her, one of them was hung up on, which had been there longest")
    for peer in peers:
        peer.close()


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < 10000:
    skip_all("needs 10,000 descriptors")
with Instance(CONFIG, deny_time="1s") as instance:
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    add(instance, "ada", 1001)
    add(instance, "eve", 3001)
    for test in (at_prompts, answered, denied, silent):
        began = time.monotonic()
        test(instance)
        diag("%s: %.1f s" % (test.__name__, time.monotonic() - began))
done()
