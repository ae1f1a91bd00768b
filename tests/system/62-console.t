#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# The console with the shipped login stack. Whatever is wrong with authc, root at tty1 is in with the shadow password within 15 s,
# and ssh without the factors is not; that way is open to uid 0 at a console only. S2
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import diag, done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD, SHADOW = "correct horse battery", "key under the mat"


def root_at_console(world):
    started = time.monotonic()
    with world.login("root", SHADOW) as console:
        if not console.granted:
            diag(console.text)
        return console.granted and console.sh("id -u; tty") == "0\n/dev/tty1" and time.monotonic() - started < 15


def way_in(world, state):
    """Both at once: a silent authcd keeps ssh waiting for the module's timeout."""
    with ThreadPoolExecutor(2) as pool:
        console = pool.submit(root_at_console, world)
        login = pool.submit(world.ssh, "ada", PASSWORD, "123456")
        ok(console.result(), "%s: root at tty1 is in" % state)
        with login.result() as shell:
            ok(not shell.granted, "%s: ssh is not" % state)


def only_there(world):
    """Who is not uid 0 at a console gets nothing for a shadow password."""
    ways = {"root on a pseudo terminal": lambda: world.login("root", SHADOW, tty=None),
            "root from another host": lambda: world.login(SHADOW, tty="/dev/tty2", options=("-h", "far.example.org", "root")),
            "a user at a console": lambda: world.login("eve", "no account here", tty="/dev/tty3"),
            "root with a wrong password": lambda: world.login("root", "let me in", tty="/dev/tty4")}
    with ThreadPoolExecutor(len(ways)) as pool:
        for way, login in [(way, pool.submit(login)) for way, login in ways.items()]:
            with login.result() as shell:
                ok(not shell.granted, way + ": the shadow password does not let in")
                like(shell.text, "(?s)(Password: .*){2}" if "wrong" in way else "Code: ", way + ": authc is asked")


def short_timeouts(world):
    """A module that waits 60 s for a silent authcd is tested elsewhere."""
    for name in ("sshd", "login"):
        path = "/etc/pam.d/" + name
        with open(world.path(path), encoding="utf-8") as file:
            lines = file.read().replace("pam_authc.so timeout=5", "pam_authc.so")
        world.write(path, lines.replace("pam_authc.so", "pam_authc.so timeout=3"))


with World() as world:
    world.enrol("ada", PASSWORD)
    world.run("sed", "-i", "s/delay=3000000/delay=0/", "/etc/pam.d/login", check=True)
    with world.login("ada", PASSWORD, world.code("ada")) as console:
        is_(console.prompts[1:], ["Password: ", "Code: "], "the console asks an account for password and code")
        ok(console.granted, "and lets it in")
        if console.granted:
            like(console.sh("authctl whoami"), r"login from console:(/dev/)?tty1\b.*aal2", "into a session")
    only_there(world)
    short_timeouts(world)
    way_in(world, "authcd serving")
    world.kill("authcd", signal.SIGSTOP)
    way_in(world, "authcd silent")
    world.kill("authcd", signal.SIGCONT)
    world.stop_authcd()
    way_in(world, "authcd stopped")
    module = world.run("find", "/usr/lib", "-name", "pam_authc.so").stdout.strip()
    world.run("mv", module, module + ".gone", check=True)
    way_in(world, "module file missing")
done()
