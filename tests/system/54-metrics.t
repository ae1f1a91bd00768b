#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# authctl metrics: a format that a strict reader and Prometheus' own take, every metric in the page and no other, figures that are
# what happened, and none of it for others than root. (C5 C6 L10)
import math
import os
import pwd
import re
import sys
import time

from prometheus_client.parser import text_string_to_metric_families

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import Hangup, Instance, ROOT, done, is_, like, ok, skip_all  # noqa: E402
from logins import add, login, status  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
UID = pwd.getpwnam("www-data").pw_uid
CONFIG = "[service sshd]\nfactors = password\nsessions = yes\n[service quiet]\nfactors = password\nunknown = ignore\n"
SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"\})? (-?[0-9]+(?:\.[0-9]+)?)')


def read(text):
    """{(name, label, label's value): value} of the text format, as strictly as it is described; what is wrong with it."""
    found, kinds, helped, wrong, last = {}, {}, set(), [], None
    if not text.endswith("\n"):
        wrong.append("the last line does not end")
    for line in text.splitlines():
        help_, type_, sample = (re.fullmatch(r"# HELP ([a-z_]+) ([^\\]|\\[\\n])+", line), re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge)", line),
                                SAMPLE.fullmatch(line))
        name = next((match.group(1) for match in (help_, type_, sample) if match), None)
        if name is None or (help_ and (name in helped or name in kinds)) or (type_ and name in kinds) or (sample and name not in kinds):
            wrong.append("%r does not belong there" % line)
            continue
        if name != last and not help_:
            wrong.append("%r: %s does not stand together" % (line, name))
        last = name
        if help_:
            helped.add(name)
        elif type_:
            kinds[name] = type_.group(2)
        else:
            key = sample.groups()[:3]
            wrong += ["%s twice" % (key,)] if key in found else []
            found[key] = float(sample.group(4))
    wrong += ["%s is a %s" % (name, kind) for name, kind in kinds.items() if (kind == "counter") != name.endswith("_total")]
    wrong += ["%s without a sample" % name for name in set(kinds) - {key[0] for key in found}]
    wrong += ["%s is negative" % (key,) for key, value in found.items() if value < 0 or not math.isfinite(value)]
    return found, wrong


def theirs(text):
    """The same as Prometheus' own reader sees it."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            label = next(iter(sample.labels.items()), (None, None))
            found[(sample.name, *label)] = sample.value
    return found


def metrics(host):
    return read(host.authctl("metrics", json=False).out)[0]


def figure(found, name, label_value=None):
    return next(value for key, value in found.items() if key[0] == "authc_" + name and key[2] == label_value)


def form(host):
    result = host.authctl("metrics", json=False)
    found, wrong = read(result.out)
    is_((result.code, result.err, wrong), (0, "", []), "a strict reader takes it")
    is_(theirs(result.out), found, "Prometheus' reader sees the same")
    rows = host.authctl("metrics").json
    is_([(row["name"], row["label"] or None, row["label_value"] or None) for row in rows], list(found), "--json has the same, in that order")
    is_(sorted(rows[0]), ["help", "kind", "label", "label_value", "name", "value"], "with its parts apart")
    for text in ('a{b="c"} 1\n', "# TYPE a counter\na 1\n", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na 2\n", "# HELP a x\n# TYPE a gauge\na x\n"):
        ok(read(text)[1], "(%r would be refused)" % text)


def page(host):
    with open(os.path.join(ROOT, "authcd/ctl/authctl.1"), encoding="utf-8") as file:
        section = re.search(r"^\.Sh METRICS\n(.*?)^\.Sh ", file.read(), re.M | re.S).group(1)
    entries = dict(re.findall(r"^\.It Li (authc_\w+)((?:(?!^\.It Li authc_).*\n)*)", section, re.M))
    found = metrics(host)
    is_(list(entries), list(dict.fromkeys(key[0] for key in found)), "authctl(1) has every metric, in that order")
    for name in entries:
        labels = {key[1] for key in found if key[0] == name} - {None}
        is_(set(re.findall(r"\A Pq Va (\w+)", entries[name])), labels, "%s: its label" % name)
        if name != "authc_build_info":
            words = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^\.(?:It )?(?:Pq )?Li (.*)$", entries[name], re.M))))
            is_(words, {key[2] for key in found if key[0] == name} - {None}, "%s: what that may be" % name)


def figures(host):
    before = metrics(host)

    def more(name, label_value=None):
        return figure(after, name, label_value) - figure(before, name, label_value)

    add(host, "ada", 1001)
    is_(login(host, "ada")[0], "GRANTED", "a login")
    for _ in range(2):
        login(host, "ada", "wrong")
    login(host, "nobody-there", "wrong", target_uid=0xFFFFFFFF)
    login(host, "nobody-there", "wrong", service="quiet", target_uid=0xFFFFFFFF)
    after = metrics(host)
    is_([more("logins_total", result) for result in ("granted", "wrong", "unknown", "ignored", "limited", "busy")], [1, 2, 1, 1, 0, 0], "is counted")
    is_(sum(value for key, value in after.items() if key[0] == "authc_logins_total"), 5, "and nothing besides")
    is_((more("password_changes_total", "set"), more("accounts")), (1, 1), "so are the account and its password")
    is_(figure(after, "hashes_total"), status(host)["hashes"], "hashes are those of status")
    seconds = more("hash_seconds_total")
    ok(0.001 < seconds < 10, "and took their time: %.3f s" % seconds)
    is_((more("hash_waits_total"), figure(after, "hash_queue"), figure(after, "hash_running")), (more("hashes_total"), 0, 0),
        "each was in the queue, which is empty again")
    ok(0 < figure(after, "hash_wait_seconds_max") <= figure(after, "hash_wait_seconds_total") < 10, "not for long")
    ok(more("connections_total") >= 8 and figure(after, "connections") == 1, "connections: ours, and %d before it" % more("connections_total"))
    is_((more("audit_events_total"), figure(after, "audit_undelivered")),
        (len(host.authctl("audit").json) - figure(before, "audit_events_total"), figure(after, "audit_events_total") - figure(after, "audit_delivered_total")),
        "events are those of the audit")
    is_((figure(after, "limit_rows", "accounts") > 0, figure(after, "limit_rows", "sources") > 0), (True, True), "limits have rows")
    size = os.path.getsize(host.state_dir + "/authc.db")
    ok(figure(after, "database_bytes") >= size > 0 and figure(after, "database_wal_pages") > 0, "the database is as large as its file, or will be")
    ok(abs(figure(after, "start_time_seconds") - time.time()) < 60, "started just now")
    is_(figure(after, "degraded"), 0, "and whole")


def turned_away(host):
    peers = [host.connect("user", UID) for _ in range(70)]
    refused = 0
    for peer in peers:
        try:
            peer.send("status_get")
            refused += peer.recv()[0] == "refused"
        except (OSError, Hangup):
            refused += 1
    is_((figure(metrics(host), "turned_away_total", "connections"), refused), (6, 6), "of 70 connections of one uid 6 are turned away, and counted")
    for peer in peers:
        peer.close()


def others(host):
    for words in (("metrics",), ("metrics", "--json")):
        result = host.authctl(*words, json=False, uid=UID)
        is_((result.code, result.out), (1, ""), "%s: nothing for others" % " ".join(words))
        like(result.err, "for root only", "and why")
    like(host.authctl("status", json=False).out, r"\nMore: authctl metrics\n\Z", "status says where the rest is")
    ok("metrics" not in host.authctl("status", json=False, uid=UID).out, "to root")


def restart(host):
    events = figure(metrics(host), "audit_events_total")
    host.restart()
    found = metrics(host)
    is_((figure(found, "logins_total", "wrong"), figure(found, "hashes_total")), (0, 0), "counters begin anew")
    ok(figure(found, "audit_events_total") > events, "the audit's go on")


with Instance(CONFIG, deny_time="5ms") as host:
    for test in (form, page, figures, turned_away, others, restart):
        test(host)
done()
