#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# O8: through the real login and sudo, with the shipped sudoers drop-in: a code counts for a while in the same terminal of the same
# login, and nowhere else: not after sudo -k or -K, not for sudo -k COMMAND, on another tty, from cron's kind of session, in another
# login, after a new password, nor where sudo keeps no record.
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import READY, World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
CONFIG = "[service sudo]\nfactors = otp\ngrace = 15m\nroles = superadmin admin\n"
WHO = "sudo -n id -un"  # -n: an error where anything would be asked


def fresh(world):
    """Another code generator in place of the last: a code is good once, and the next step's is half a minute away."""
    before = [row["id"] for row in world.authctl("factor", "list", "--user", "ada")]
    world.add_code("ada")
    for number in before:
        world.authctl("factor", "remove", "--user", "ada", "--id", str(number))
    return world.code("ada")


def prove(world, shell, command="sudo id -un"):
    code = fresh(world)
    shell.child.sendline(command)
    shell.expect([r"Code: $"])
    shell.child.sendline(code)
    shell.expect([READY])
    return shell.child.before


def asked(shell, command=WHO):
    return "a password is required" in shell.sh(command)


with World(CONFIG, sshd=False) as world:
    world.enrol("ada", PASSWORD, role="admin")
    with world.login("ada", PASSWORD, world.code("ada")) as shell:
        ok(shell.granted and shell.sh("cat /proc/self/sessionid") != "4294967295", "a login has an audit session of its own")
        ok(asked(shell), "sudo asks for a code: the login's own is none for sudo")
        like(prove(world, shell), r"\nroot\r", "a code makes root")
        is_(shell.sh(WHO), "root", "and for a while none is asked")
        is_(shell.sh("sudo -n -u bob id -un"), "bob", "nor for another target")
        ok(asked(shell, "sudo -n -k id -un"), "sudo -k COMMAND asks")
        ok(all(asked(shell, line) for line in ("sudo -nk id", "sudo -n A=1 -k id", "sudo -nu bob --reset-t id")), "however it is written")
        is_(shell.sh("sudo -n env -k 2>&1 | head -n 1 | cut -d: -f1"), "env", "what the command is told is the command's")
        ok(asked(shell, "script -qec '%s' /dev/null" % WHO), "another tty asks")
        is_(shell.sh(WHO), "root", "this one still does not")
        shell.sh("sudo -k")
        ok(asked(shell), "after sudo -k it asks")
        prove(world, shell)
        is_(shell.sh(WHO), "root", "until the next code")
        shell.sh("sudo -K")
        ok(asked(shell), "after sudo -K it asks")
        prove(world, shell)
        cron = world.run("setpriv", "--reuid", "ada", "--regid", "ada", "--init-groups", "sudo", "-n", "id", "-un")
        like(cron.stderr, "a password is required", "without a terminal (cron) it asks")
        with world.login("ada", PASSWORD, fresh(world)) as other:
            ok(asked(other), "in another login it asks")
        is_(shell.sh(WHO), "root", "here it does not")
        world.write("/etc/sudoers.d/zz", "Defaults timestamp_timeout = 0\n", 0o440)
        shell.sh("sudo -K")
        prove(world, shell)
        ok(asked(shell), "where sudo keeps no record there is no grace")
        world.write("/etc/sudoers.d/zz", "", 0o440)
        prove(world, shell)
        is_(shell.sh(WHO), "root", "with one there is")
        world.stop_authcd(9)
        world.start_authcd()
        is_(shell.sh(WHO), "root", "kill -9 of authcd ends no grace")
        world.authctl("passwd", "ada", "--password-stdin", input=PASSWORD + " 2\n")
        ok(asked(shell), "a new password ends it")
    world.write("/etc/authc/authcd.conf", open(world.path("/etc/authc/authcd.conf")).read() + "[role admin]\ngrace = 0s\n")
    world.stop_authcd()
    world.start_authcd()
    with world.login("ada", PASSWORD + " 2", fresh(world)) as shell:
        prove(world, shell)
        ok(asked(shell), "a role with grace = 0s has none")
    events = [event["result"] for event in world.authctl("audit", "--user", "ada") if event["service"] == "sudo"]
    ok("grace" in events and "code" in events, "the audit tells grace from a code")
done()
