#!/usr/bin/python3
# M12: the module exports the six entry points only, needs libc and libpam only, and imports nothing that ends, forks or changes
# the process it is loaded into; it has no writable data of its own.
# SPDX-License-Identifier: MIT
import re
import subprocess
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok, skip_all
from pam import MODULE

if os.environ.get("MODE", "release") != "release":
    skip_all("a sanitizer's runtime is in the module")


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


names = [line.split()[-2:] for line in tool("nm", "-D", MODULE).splitlines()]
defined = sorted(name for kind, name in names if kind not in "Uw")
imported = {name.split("@")[0] for kind, name in names if kind in "Uw"}
is_(defined, ["pam_sm_" + name for name in ("acct_mgmt", "authenticate", "chauthtok", "close_session", "open_session", "setcred")],
    "exports")

needed = re.findall(r"\(NEEDED\).*\[(.*)\]", tool("readelf", "-d", MODULE))
is_(sorted(needed), ["libc.so.6", "libpam.so.0"], "needs")

FORBIDDEN = r"(_?exit|abort|v?fork|clone|exec.*|posix_spawn.*|system|popen|sigaction|signal|sigprocmask|pthread_sigmask|raise|kill|" \
            r"setenv|putenv|unsetenv|clearenv|(secure_)?getenv|v?syslog|openlog|closelog|setlocale|umask|chdir|" \
            r"printf|puts|perror|dlopen|sleep|usleep|alarm|setuid|seteuid|malloc|calloc|realloc)"
is_(sorted(name for name in imported if re.fullmatch(FORBIDDEN, name)), [], "imports nothing of that kind")
ok("explicit_bzero" in imported or "__explicit_bzero_chk" in imported, "imports what wipes")

sections = dict(re.findall(r"\] (\.\w+)\s+\w+\s+\w+ \w+ (\w+)", tool("readelf", "-SW", MODULE)))
ok(int(sections.get(".data", "0"), 16) <= 8, "no writable globals: .data holds the loader's word at most")
ok(int(sections.get(".bss", "0"), 16) <= 8, "no writable globals: .bss likewise")
flags = tool("readelf", "-d", MODULE)
ok("BIND_NOW" in flags and "NODLOPEN" not in flags and "TEXTREL" not in flags, "bound at once, loadable, no text relocations")
done()
