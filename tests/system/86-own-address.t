#!/usr/bin/python3
# L8: who comes from an address of this host comes by something that runs here, and so may be anybody: through the real sshd, a
# login from elsewhere makes that address known, one from the host's own does not.
# SPDX-License-Identifier: MIT
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "e2e")]
from authc import done, is_, ok  # noqa: E402
from world import World, skip_unless_root  # noqa: E402

skip_unless_root()
PASSWORD = "correct horse battery"


def held(world, user, source):
    """Failures that are held against the account's strangers after a wrong password from there, which known sources' are not."""
    with world.ssh(user, "not it", source=source) as login:
        ok(not login.granted, "%s: a wrong password from %s" % (user, source))
    return world.authctl("user", "show", user)["failures"]


with World("[service sshd]\nfactors = password\n") as world:
    for user, source, want, what in (("ada", "10.0.0.7", 0, "elsewhere is known after a login"),
                                     ("bob", "10.0.0.1", 1, "this host is a stranger after one")):
        world.enrol(user, PASSWORD, code=False)
        with world.ssh(user, PASSWORD, source=source) as login:
            ok(login.granted, "%s logs in from %s" % (user, source))
        is_(held(world, user, source), want, what)
done()
