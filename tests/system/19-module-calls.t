#!/usr/bin/python3
# M1: each call into libc, libpam and the application that can fail fails once, at each of its places, in each phase: success only if
# authcd granted it, never ignored, and the host is left as it was; and no call of the module's has been forgotten.
# SPDX-License-Identifier: MIT
import re
import subprocess
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, diag, done, is_, ok
from pam import MODULE

SYMBOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault", "module.symbols")
FAULT = os.path.join(BUILD, "tests", "fault")

with open(SYMBOLS, encoding="utf-8") as file:
    text = file.read()
can_fail = set(re.findall(r"^FAULT\([^,]*, (\w+),", text, re.M))
cannot = set(re.findall(r'^SAFE\((\w+), ".+"\)$', text, re.M))
is_(can_fail & cannot, set(), "a symbol can fail, or it cannot")
if os.environ.get("MODE", "release") == "release":  # a sanitizer's runtime is imported, too
    imports = subprocess.run(["nm", "-D", "--undefined-only", MODULE], capture_output=True, text=True, check=True).stdout
    imports = {line.split()[-1].split("@")[0] for line in imports.splitlines()}
    ok(len(imports) > 30, "%d imports of the module" % len(imports))
    is_(sorted(imports - can_fail - cannot), [], "each is known to fail, or not to")

run = subprocess.run([os.path.join(FAULT, "module"), os.path.join(FAULT, "module.so")], capture_output=True, text=True, check=False, timeout=60)
diag(run.stderr)
for line in run.stdout.splitlines():
    if not line.startswith("1.."):
        ok(line.startswith("ok "), line.partition(" - ")[2] or line)
is_(run.returncode, 0, "all of them, and no memory is lost")
done()
