#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Through the real sudo and su with the shipped stacks: a code for sudo, the target's factors for su, root unasked; a disabled
# account is refused even while sudo's timestamp holds. O2 M14 P1
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, like, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"
CONFIG = "[service sudo]\nfactors = otp\nroles = superadmin admin\n"


def sudo(world):
    with world.sudo("ada", world.code("ada")) as shell:
        is_(shell.prompts, ["Code: "], "sudo asks for a code")
        ok(shell.granted and shell.sh("id -u") == "0", "and the code makes root")
    with world.sudo("ada", world.spent_code("ada")) as shell:
        ok(not shell.granted, "not twice")
    with world.sudo("ada", world.wrong_code("ada")) as shell:
        ok(not shell.granted, "a wrong code does not")
    with world.sudo("ada", options=("-k", "-n")) as shell:
        ok(not shell.granted and not shell.prompts, "sudo -n does not")
    with world.sudo("bob", world.code("bob")) as shell:
        is_((shell.prompts, shell.granted), (["Code: "], False), "a role that [service sudo] does not take is asked, and denied")


def timestamp(world):
    with world.su("bob", "cyd", PASSWORD, world.code("cyd")) as shell:
        ok(shell.granted and shell.sh("id -un") == "cyd", "su takes the target's password and code")
        shell.child.sendline("sudo id -un")
        shell.expect([r"Code: $"])
        shell.child.sendline(world.code("cyd"))
        shell.expect([r"ready> "])
        like(shell.child.before, r"\nroot\r", "sudo in there, with a code")
        is_(shell.sh("sudo -n id -un"), "root", "and without one while its timestamp holds")
        world.authctl("user", "disable", "cyd")
        ok("root" not in shell.sh("sudo -n id -un"), "but not once the account is disabled")


with World(CONFIG, sshd=False) as world:
    world.write("/etc/sudoers.d/zz-ticket", "Defaults timestamp_timeout = 5\n", 0o440)  # as where grace is left to sudo
    world.enrol("ada", PASSWORD, role="admin")
    world.enrol("bob", PASSWORD)
    world.enrol("cyd", PASSWORD, role="admin")
    sudo(world)
    with world.su("bob", "ada", "not the password", world.wrong_code("ada")) as shell:
        is_((shell.prompts, shell.granted), (["Password: ", "Code: "], False), "su: a wrong password is asked for the code, and denied")
    with world.su("bob", "eve", "no account here", "123456") as shell:
        is_((shell.prompts, shell.granted), (["Password: ", "Code: "], False), "su: a target without an account the same")
    timestamp(world)
    is_(world.run("su", "-", "eve", "-c", "id -un").stdout, "eve\n", "root becomes anyone unasked")
done()
