#!/usr/bin/python3
# A2: whatever stands in a name, it stays one field of one line, never reaches a log or terminal raw, and unknown names
# are kept as keyed hashes.
# SPDX-License-Identifier: MIT
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Instance, MESSAGES, PROMPT, Hangup, done, is_, like, ok, refusal_name, verdict_name
from logins import Login, add, events, login, request, status, traces

ODD = ["x\nPRIORITY=0", "x\nMESSAGE=login granted", "x\r99 login.success root sshd 10.0.0.1 password + code",
       "\x1b[2J\x1b]0;title\x07", "x\x08\x08\x7f",
       "PRIORITY=0", "a\tb", "\u202egnp.exe", "\u0085next", "\u2028line", "\u200b", "x\ufeff", "a b", "%s%n%x",
       "'; DROP TABLE accounts;--", "$(id)",
       "`id`", "../../etc/passwd", "a/b", "a:b", "-rf", "+x", "..", ".", "~", "~root", "\u00e9\u0301", "*", "x\\", 'x"',
       "x" * 64]
FIELDS = ("service", "user", "tty", "rhost", "ruser", "auth_info")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def size(field):
    return next(most for _, name, most in MESSAGES["begin"].fields if name == field)


def outcome(host, **fields):
    """What a login with one odd field and a wrong password comes to."""
    fields.setdefault("user", "ada")
    one = Login(host, fields.pop("user"), **fields)
    try:
        row = one.run(dict.fromkeys(PROMPT.values(), "wrong"))
    except (Hangup, BrokenPipeError):
        return "closed"
    return verdict_name(row["verdict"]) if "verdict" in row else refusal_name(row["error"])


def odd_fields(host):
    for field in FIELDS:
        request(host, "user_unlock", user="ada")
        seen = {outcome(host, **{field: text}) for text in ODD}
        ok(seen <= {"DENIED", "PROTOCOL", "UNKNOWN"},
           "odd %s: denied or refused (%s)" % (field, ", ".join(sorted(seen))))
        seen = [outcome(host, **{field: "y" * length}) for length in (size(field), size(field) + 1)]
        ok(seen[0] in ("DENIED", "PROTOCOL") and seen[1] == "PROTOCOL",
           "%s of %d bytes: %s, of one more: %s" % (field, size(field), *seen))
    is_(status(host)["state"], "serving", "authcd serves on")


def lines(host):
    log = host.log()
    is_(CONTROL.findall(log), [], "the log has no control character")
    is_([line for line in log.rstrip("\n").split("\n") if not re.match(r"\d+ [a-z]+\.[a-z]+ |authcd: ", line)], [],
        "each of its lines is authcd's own")
    numbers = [int(line.split()[0]) for line in log.rstrip("\n").split("\n") if line[0].isdigit()]
    is_(numbers, list(range(1, len(numbers) + 1)), "each event is one line")
    rows = events(host)
    is_([row["seq"] for row in rows], list(range(1, len(rows) + 1)), "and one row")
    ok(not any(row["event"] == "login.success" for row in rows), "nobody was let in, and no row says so")
    for args in (("audit",), ("user", "list"), ("status",), ("limits",)):
        shown = host.authctl(*args, json=False)
        raw = [(ord(sign)) for sign in CONTROL.findall(shown.out + shown.err)]
        is_(raw, [], "authctl %s shows no control character" % " ".join(args))
    shown = host.authctl("audit")
    ok(shown.code == 0 and isinstance(shown.json, list) and len(shown.json) > 100, "authctl --json audit is JSON")


def odd_accounts(host):
    before = status(host)["accounts"]
    taken = []
    for index, name in enumerate(ODD[:-1] + ["", "a\0b".replace("\0", ""), "x" * 257, "a\u00a0b", "root\n", "123",
                                             "4294967295"]):
        try:
            _, last = request(host, "user_add", user=name, uid=5000 + index, role="user")
        except (Hangup, BrokenPipeError):
            continue
        if last[0] == "end":
            taken.append(name)
    ok(not set(taken) & {name for name in ODD if re.search(r"[\s/:\x00-\x1f\x7f-\x9f\u2028]|^[-+]|^\.\.?$", name)},
       "no account can be called so (allowed: %s)" % ascii(taken))
    is_(status(host)["accounts"] - before, len(taken), "... and those refused are not there")
    for role in ("root", "", "User", "user ", "superadmin\n", "' OR 1", "x" * 32):
        _, last = request(host, "user_add", user="zoe", uid=4999, role=role)
        if role:
            is_(refusal_name(last[1]["error"]) if last[0] == "refused" else last[0], "INVALID",
                "nor has one the role %r" % role)


def unknown_names(host):
    """People type their password where the name belongs: it must not be kept."""
    names = ["Canary-Tr0ub4dor", "canary-horse-battery", "Canary.\u00fcml\u00e4ut", "canary" * 20]
    start = len(events(host))
    for name in names + names[:1]:
        is_(login(host, name, "wrong", target_uid=0xFFFFFFFF)[0], "DENIED", "%.20s is denied" % ascii(name))
    forms = names + [form for name in names for form in (hashlib.sha256(name.encode()).hexdigest()[:32],
                                                         hashlib.md5(name.encode()).hexdigest())]
    is_(traces(host, *forms), [], "unknown names are in no file and no log, neither plain nor as plain hashes")
    rows = events(host, start)
    is_([text for text in forms if text in repr(rows)], [], "... nor in the audit")
    kept = [row["account"] for row in rows]
    ok(len(kept) == 5 and len(set(kept)) == 4 and kept[0] == kept[4],
       "the same name has the same keyed hash, others have others")
    for row in rows:
        like(row["account"], r"^~[0-9a-f]{32}$", "%s: its hash, and no name" % row["event"])
        is_(row["user"], "", "... no name")
    with Instance() as other:
        login(other, names[0], "wrong", target_uid=0xFFFFFFFF)
        ok(kept[0] not in repr(events(other)), "on another host it has another hash")


with Instance("[service sshd]\nfactors = password\n", deny_time="5ms") as instance:
    add(instance)
    odd_fields(instance)
    lines(instance)
    odd_accounts(instance)
    unknown_names(instance)
    is_(CONTROL.findall(instance.log()), [], "and still the log has no control character")
done()
