#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Services that ask nobody anything, with the shipped common-* stacks: jobs by cron's and systemd-user's rules, run by the real
# systemd, and what cron itself does with PAM. Users without an account go on, disabled ones do not, no failure is cleared. M14 L11
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, ok, skip_all  # noqa: E402
from world import BUILD, World, skip_unless_root  # noqa: E402

skip_unless_root()
if shutil.which("systemd-nspawn") is None:
    skip_all("needs systemd-nspawn")
PASSWORD = "correct horse battery"
# As Debian has them.
CRON = "@include common-auth\nsession required pam_loginuid.so\n@include common-account\n@include common-session-noninteractive\n"
SYSTEMD_USER = "@include common-account\nsession required pam_limits.so\n@include common-session-noninteractive\n"


def install_stacks(world):
    world.run("sh", "-c", "cd /usr/share/doc/authc/examples/pam.d && cp common-* /etc/pam.d/ && "
              "cp common-session /etc/pam.d/common-session-noninteractive", check=True)
    world.write("/etc/pam.d/cron", CRON)
    world.write("/etc/pam.d/systemd-user", SYSTEMD_USER)
    shutil.copy(os.path.join(BUILD, "tests", "tools", "pamtry"), world.path("/usr/bin/pamtry"))


def job(world, user, service):
    """(exit status, output) of a job of the user's under these rules."""
    run = world.run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "-p", "User=" + user, "-p", "PAMName=" + service,
                    "sh", "-c", 'id -un; echo "<$AUTHC_SESSION>"')
    return run.returncode, run.stdout


def cron(world, user):
    """What each of cron's calls comes to: it runs the job only if all succeed."""
    run = world.run("pamtry", "--confdir", "/etc/pam.d", "--service", "cron", "--tty", "cron",
                    "--user", user, "--flags", "silent", "--do", "acct,setcred,open,close")
    return re.findall(r"^\w+: PAM_(\w+) ", run.stdout, re.M)


def go_on(world, user, what):
    for service in ("cron", "systemd-user"):
        is_(job(world, user, service), (0, user + "\n<>\n"), "%s: %s goes on" % (service, what))
    is_(cron(world, user), ["SUCCESS"] * 4, "cron's own calls: so it does")


with World(boot=True) as world:
    install_stacks(world)
    world.enrol("ada", PASSWORD)
    world.enrol("bob", PASSWORD)
    world.authctl("user", "disable", "bob")
    with world.su("eve", "ada", "not it", world.wrong_code("ada")) as shell:
        ok(not shell.granted, "somebody guesses at ada's password")
    before = {user: len(world.audit(user)) for user in ("ada", "bob")}
    go_on(world, "ada", "an account")
    go_on(world, "eve", "a user without an account")
    is_(world.audit("ada", before["ada"]), [], "the audit has nothing to say of it")
    is_(world.authctl("user", "show", "ada")["failures"], 1, "and no failure is cleared")
    is_(world.authctl("session", "list"), [], "no session is opened")
    for service in ("cron", "systemd-user"):
        is_(job(world, "bob", service), (224, ""), service + ": a disabled account's job does not run (status 224/PAM)")
    is_(cron(world, "bob")[0], "ACCT_EXPIRED", "cron's own calls: nor does it")
    is_(world.audit("bob", before["bob"]), [("acct.refused", service, "uid:0", "account disabled or expired")
                                            for service in ("cron", "systemd-user", "cron")], "the audit says so")
    world.run("systemctl", "stop", "authcd-system.socket", "authcd-user.socket", "authcd.service", check=True)
    go_on(world, "ada", "an account, with authcd down,")
    world.run("sed", "-i", "/^account.*pam_authc/d; s/^#account/account/", "/etc/pam.d/common-account", check=True)
    is_([job(world, user, "cron")[0] for user in ("ada", "eve")], [224, 224], "with the stricter line, nobody's job runs then")
    world.run("systemctl", "start", "authcd-system.socket", "authcd-user.socket", check=True)
    is_([job(world, user, "cron")[0] for user in ("ada", "eve")], [0, 224], "and with authcd up, that of accounts")
done()
