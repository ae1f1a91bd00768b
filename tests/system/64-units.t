#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Under the real systemd, by the shipped units: authcd has no power and serves; its sockets are root's, survive its restarts, and
# wake it; a crash is mended; with a bad configuration, or in a crash loop, logins are denied at once and nobody waits. S2 S3 S5
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok, skip_all  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
if shutil.which("systemd-nspawn") is None:
    skip_all("needs systemd-nspawn")
PASSWORD = "correct horse battery"


def show(world, unit, name):
    return world.run("systemctl", "show", "-P", name, unit).stdout.strip()


def state(world, unit="authcd.service"):
    return show(world, unit, "ActiveState")


def power(world):
    with open(world.path("/proc/%s/status" % show(world, "authcd.service", "MainPID")), encoding="utf-8") as file:
        status = file.read()
    uid = world.run("id", "-u", "authc").stdout.strip()
    for line in ("Uid:\t%s\t%s\t%s\t%s" % (uid, uid, uid, uid), "CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000",
                 "NoNewPrivs:\t1", "Seccomp:\t2"):
        ok(line + "\n" in status, "authcd has " + line.replace("\t", " "))


def places(world):
    """Where authcd may write, as its unit lets it see the host: the refuge on a full disk among them (D3)."""
    view = ["nsenter", "-t", show(world, "authcd.service", "MainPID"), "-m", "setpriv", "--reuid=authc", "--regid=authc", "--clear-groups"]
    for place, may in (("/run/authc/refuge", True), ("/var/lib/authc", True), ("/run/authc", False), ("/run", False), ("/var/lib", False)):
        is_(world.run(*view, "sh", "-c", 'rmdir "$(mktemp -d -p "$1")"', "sh", place).returncode == 0, may, "authcd may %swrite in %s" % ("" if may else "not ", place))
    like(world.run("stat", "-c", "%A %U", "/run/authc/refuge").stdout, r"^drwx------ authc$", "the refuge is authcd's alone")
    said = [entry["MESSAGE"] for entry in world.journal("_SYSTEMD_UNIT=authcd.service")]
    ok(said and not any("no refuge" in line for line in said), "and authcd found it at the start")


def sockets(world):
    return world.run("stat", "-c", "%A %U %n %i", "/run/authc", "/run/authc/system.sock", "/run/authc/user.sock").stdout


def login(world, what):
    with world.su("bob", "ada", PASSWORD, world.code("ada")) as shell:
        ok(shell.granted, what)
        return shell.sh("authctl user show --json") if shell.granted else ""


def denied_at_once(world, what):
    started = time.monotonic()
    with world.su("bob", "ada", PASSWORD) as shell:
        ok(not shell.granted and not shell.prompts and time.monotonic() - started < 5, what + ": a login is denied at once")
    is_(world.run("su", "-", "eve", "-c", "id -un").stdout, "eve\n", what + ": root still becomes anyone")


def bad_configuration(world):
    world.configure("[authcd]\nno_such_key = 1\n")
    world.run("systemctl", "restart", "authcd.service", check=True)
    like(world.authctl("status")["reason"], r"^/etc/authc/authcd\.conf:\d+: ", "a bad configuration: status says where")
    denied_at_once(world, "a bad configuration")
    world.configure("")
    world.run("systemctl", "restart", "authcd.service", check=True)


def crash_loop(world):
    """Ten starts that fail, quickly here."""
    drop_in = "/etc/systemd/system/authcd.service.d/test.conf"
    world.run("mkdir", "-p", os.path.dirname(drop_in), check=True)
    world.write(drop_in, "[Service]\nExecStart=\nExecStart=/bin/false\nRestartSec=1ms\n")
    world.run("systemctl", "daemon-reload", check=True)
    world.run("systemctl", "restart", "authcd.service")
    world.wait(lambda: state(world) == "failed" and state(world, "authcd-system.socket") == "failed", "giving up")
    denied_at_once(world, "a crash loop that was given up")
    world.run("rm", drop_in, check=True)
    world.run("systemctl", "daemon-reload", check=True)
    world.run("systemctl", "reset-failed", "authcd.service", check=True)
    world.run("systemctl", "restart", "authcd.service", check=True)
    is_([state(world), state(world, "authcd-system.socket"), state(world, "authcd-user.socket")], ["active"] * 3,
        "reset-failed and restart bring all three back")


with World(boot=True) as world:
    is_(state(world), "active", "authcd.service is active (Type=notify)")
    is_(show(world, "authcd.service", "StatusText"), "serving", "and says so")
    power(world)
    places(world)
    before = sockets(world)
    like(before, r"(?s)^drwxr-xr-x root /run/authc .*srw------- root \S+system.sock .*srw-rw-rw- root \S+user.sock ", "its sockets are root's")
    world.enrol("ada", PASSWORD, role="admin")
    like(login(world, "a login through the one"), '"user": *"ada"', "a question through the other")
    world.run("systemctl", "restart", "authcd.service", check=True)
    is_(sockets(world), before, "a restart leaves the sockets as they were")
    world.run("systemctl", "kill", "--signal=SEGV", "authcd.service", check=True)
    is_(world.authctl("status")["state"], "serving", "after a crash it is back, and whoever asked in between is answered")
    world.run("systemctl", "stop", "authcd.service", check=True)
    login(world, "stopped, it is woken by a login, which succeeds")
    entries = world.journal("_SYSTEMD_UNIT=authcd.service", "AUTHC_EVENT=login.success")
    is_(len(entries), 2, "the journal knows the unit")
    bad_configuration(world)
    crash_loop(world)
done()
