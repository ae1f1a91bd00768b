#!/usr/bin/python3
# M13: a socket path with a component that somebody else owns, may write to, or that is a symbolic link, and a listener of another
# uid, are refused before a byte is sent; `server_uid` allows one more owner of the last directory, the socket and the listener.
# SPDX-License-Identifier: MIT
import socket
import threading
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import done, is_, ok
from pam import Host, needs_root

OTHER = 12345

needs_root()
with Host("timeout=5") as host:
    base = os.path.join(host.directory, "base")
    last = os.path.join(base, "last")
    path = os.path.join(last, "a.sock")
    os.makedirs(last)
    link = os.path.join(host.directory, "link")
    os.symlink(base, link)

    def attempt(options=(), where=path):
        """The code, and whether authcd got anything."""
        host.service("path", "timeout=5", *options, socket=where)
        code = host.run("auth", "--user", "ada", "--service", "path").code("auth")
        return code, "begin" in host.end_fake()

    def check(name, want, options=(), where=path, modes=(), owners=()):
        host.fake("recv", "verdict=GRANTED", path=path)
        for mode, what in modes:
            os.chmod(what, mode)
        for owner, what in owners:
            os.chown(what, owner, -1)
        is_(attempt(options, where), (want, want == "PAM_SUCCESS"), name)
        for what in (base, last):
            os.chown(what, 0, -1)
            os.chmod(what, 0o755)

    check("a path of uid 0", "PAM_SUCCESS")
    for what, name in ((base, "a directory above"), (last, "the last directory")):
        check(name + " writable by others", "PAM_AUTH_ERR", modes=[(0o757, what)])
        check(name + " writable by its group", "PAM_AUTH_ERR", modes=[(0o775, what)])
        check(name + " sticky", "PAM_SUCCESS", modes=[(0o1777, what)])
        check(name + " of another uid", "PAM_AUTH_ERR", owners=[(OTHER, what)])
    check("the socket of another uid", "PAM_AUTH_ERR", owners=[(OTHER, path)])
    check("a symbolic link above", "PAM_AUTH_ERR", where=os.path.join(link, "last", "a.sock"))
    os.symlink(path, os.path.join(base, "b.sock"))
    check("a symbolic link to the socket", "PAM_AUTH_ERR", where=os.path.join(base, "b.sock"))
    check("a path through ..", "PAM_SUCCESS", where=os.path.join(base, "..", "base", "last", "a.sock"))

    mine = ("server_uid=%d" % OTHER,)
    check("server_uid may own the last directory", "PAM_SUCCESS", mine, owners=[(OTHER, last)])
    check("server_uid may own the socket", "PAM_SUCCESS", mine, owners=[(OTHER, path)])
    check("server_uid may not own a directory above", "PAM_AUTH_ERR", mine, owners=[(OTHER, base)])
    check("server_uid does not excuse writing by others", "PAM_AUTH_ERR", mine, modes=[(0o777, last)], owners=[(OTHER, last)])
    check("another server_uid", "PAM_AUTH_ERR", ("server_uid=54321",), owners=[(OTHER, last)])
    check("... still trusts uid 0", "PAM_SUCCESS", ("server_uid=54321",))

    # The listener's credentials are those of whoever called listen(2).
    for options, want in (((), "PAM_AUTH_ERR"), (mine, "PAM_AUTHINFO_UNAVAIL")):
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(path)
            os.seteuid(OTHER)
            listener.listen(4)
            os.seteuid(0)
            got = []

            def serve():
                peer = listener.accept()[0]
                peer.settimeout(5)
                got.append(peer.recv(65536))
                try:
                    peer.send(bytes.fromhex("010008080000"))  # REFUSED, no state
                except BrokenPipeError:
                    pass  # it was refused, and is gone
                peer.close()

            server = threading.Thread(target=serve)
            server.start()
            code, _ = attempt(options)
            server.join()
            is_((code, bool(got[0])), (want, want != "PAM_AUTH_ERR"), "a listener of uid %d, %s" % (OTHER, options or "no server_uid"))

    for where, name in (("/etc/passwd", "a file"), (last, "a directory"), ("/dev/null", "a device"), ("/etc/passwd/x", "below a file")):
        is_(attempt((), where)[0], "PAM_AUTH_ERR", name)
done()
