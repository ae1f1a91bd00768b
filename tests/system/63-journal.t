#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Events reach a real journald with their fields, in order, also those from while it was away; no password, code or secret is in
# journal, audit, stderr or the database. A1 A4
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
CANARIES = ["canary-of-the-right-password", "canary-of-a-wrong-password", "canary-typed-as-code"]


def events(world):
    return [event for event in world.journal("SYSLOG_IDENTIFIER=authcd") if "AUTHC_SEQ" in event]


def delivered(world, seconds=10):
    """All events, once the journal has what the audit has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status = world.authctl("status")
        if status["audit_seq"] == status["audit_delivered"]:
            break
        time.sleep(0.05)
    return events(world)


def canaries(world):
    secret = world.secret("ada")
    places = {"journal": json.dumps(world.journal()), "stderr": world.log(),
              "audit": world.run("authctl", "--json", "audit").stdout}
    for name in os.listdir(world.path("/var/lib/authc")):
        if os.path.isfile(world.path("/var/lib/authc/" + name)):
            with open(world.path("/var/lib/authc/" + name), "rb") as file:
                places[name] = file.read().decode("latin-1")
    ok("authc.db" in places and len(places["audit"]) > 100, "there is something to look through")
    for place, text in places.items():
        is_([canary for canary in [*CANARIES, secret] if canary in text], [], "no secret in " + place)


with World() as world:
    world.enrol("ada", CANARIES[0])
    with world.ssh("ada", CANARIES[1], CANARIES[2]) as login:
        ok(not login.granted, "a login that fails")
    with world.ssh("ada", CANARIES[0], world.code("ada")) as login:
        ok(login.granted, "a login that succeeds")
    before = delivered(world)
    success = [event for event in before if event["AUTHC_EVENT"] == "login.success"]
    is_([(event.get("AUTHC_USER"), event.get("AUTHC_SERVICE"), event.get("AUTHC_SOURCE"), event.get("_COMM"))
         for event in success], [("ada", "sshd", "10.0.0.7", "authcd")], "one event for it, with fields, from authcd itself")
    ok(all(event["MESSAGE_ID"].startswith("0b1f6a52c6d1") for event in before), "each has its MESSAGE_ID")

    world.stop_journal()
    with world.ssh("ada", CANARIES[0], world.code("ada")) as login:
        ok(login.granted, "a login while the journal is away")
    is_(world.authctl("status")["audit_delivered"] < world.authctl("status")["audit_seq"], True, "its event waits")
    world.start_journal()
    after = delivered(world)
    is_(sorted({int(event["AUTHC_SEQ"]) for event in after}), list(range(1, len({e["AUTHC_SEQ"] for e in after}) + 1)),
        "once it is back, no event is missing")
    is_([event["AUTHC_EVENT"] for event in after].count("login.success"), 2, "the login of then is there")
    said = world.run("authctl", "audit", "verify")
    is_((said.returncode, said.stdout), (0, "%d events, chain intact, all delivered to the journal.\n" % world.authctl("status")["audit_seq"]),
        "authctl audit verify says so")
    canaries(world)
done()
