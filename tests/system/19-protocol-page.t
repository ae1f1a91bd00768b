#!/usr/bin/python3
# authc-protocol(7) says what common/messages.def and verdict.def say: every message with its number, its sender and its fields, every
# verdict; and pam_authc(8) prints the table that the module has. (C6 for the wire.)
# SPDX-License-Identifier: MIT
import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import MESSAGES, ROOT, VERDICT, done, is_, ok


def page(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


text = page("common/authc-protocol.7")
entries = dict(re.findall(r"^\.It Ic (\w+) (Pq .*\n(?:(?!\.It|\.El).*\n)*)", text, re.M))
is_(sorted(entries), sorted(MESSAGES), "the page has every message and no other")
for name, message in MESSAGES.items():
    who = "reply" if message.direction == "REPLY" else message.who.lower()
    want = []
    for kind, field, size in message.fields:
        want.append((field, kind.lower() + (" %d" % size if kind in ("TEXT", "FIXED") else "")))
    got = re.findall(r"^\.Va (\w+) Pq ([\w ]+?) ?,?$", entries.get(name, ""), re.M)
    is_(entries.get(name, "").splitlines()[0], "Pq %d , %s" % (message.number, who), "%s: number and sender" % name)
    is_(got, want, "%s: fields" % name)
is_({name: int(number, 16) for name, number in re.findall(r"^\.It (\w+) Ta (0x\w+) Ta", text, re.M)}, VERDICT, "every verdict")

table = {name: rest.split(" Ta ") for name, rest in re.findall(r"^\.It ([A-Z_]+) Ta (.*)$", page("pam_authc/pam_authc.8"), re.M)}
rows = re.findall(r"\{VERDICT_(\w+),\s*\{([^}]*)\}\}", page("pam_authc/outcome.c"))
is_(sorted(table), sorted(VERDICT), "pam_authc(8) has every verdict")
for name, codes in rows:
    auth, acct, chauthtok, opening, closing = [code.strip().removeprefix("PAM_") for code in codes.split(",")]
    is_(table.get(name), [auth, acct, chauthtok, opening], "%s: PAM codes" % name)
    ok(opening == closing, "... open and close are one column")
done()
