#!/usr/bin/python3
# L1 L3 C6: the tables of guesses in authcd.conf(5) are what the compiled rules come to, to the last figure; and nobody who is known
# is kept out.
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, ROOT, done, is_, ok, skip_all

if os.environ.get("MODE", "release") != "release":
    skip_all("figures are the same with sanitizers, and take longer")
tables = subprocess.run([os.path.join(BUILD, "tests/sim/guesses")], capture_output=True, text=True, timeout=60, check=True).stdout.split("\n\n")
with open(os.path.join(ROOT, "authcd", "authcd.conf.5"), encoding="utf-8") as file:
    section = re.search(r"^\.Sh GUESS LIMITS$(.*?)^\.Sh ", file.read(), re.M | re.S).group(1)
shown = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", section, re.M | re.S)

is_(len(tables), 4, "four tables")
is_(len(shown), len(tables), "the page shows as many")
for want, got in zip(tables, shown):
    is_(got.rstrip("\n"), want.rstrip("\n"), want.splitlines()[0])
ok(all(len(line) <= 75 for table in tables for line in table.splitlines()), "they fit on a terminal")

rows = [line.split() for line in tables[3].splitlines()]
unhurt = [row for row in rows if row[-5:-2] == ["0", "0", "0"]]  # on day 1, later, never in
is_([row[0] for row in unhurt], ["all", "all", "all", "nist"],
    "none of a thousand is refused: with nobody, behind a proxy, being known, under siege")
done()
