#!/usr/bin/python3
# D6 D8: state that somebody else may read, change or swap, or that another authcd uses, is not opened, and nothing is
# written there.
# SPDX-License-Identifier: MIT
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, Instance, done, is_, like, ok
from logins import add, login, show, status


def snapshot(folder):
    """What a refused start must leave alone: names, kinds, owners, modes, contents."""
    seen = {}
    for top, names, files in os.walk(folder):
        for name in names + files:
            path = os.path.join(top, name)
            info = os.lstat(path)
            kind = stat.S_IFMT(info.st_mode)
            data = os.readlink(path) if kind == stat.S_IFLNK else b""
            if kind == stat.S_IFREG:
                with open(path, "rb") as file:
                    data = file.read()
            seen[os.path.relpath(path, folder)] = (kind, info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode), data)
    return seen


def attempt(host, config=None):
    """(exit status, what it said, seconds) of a start that ought to fail; ended if it does not."""
    began = time.monotonic()
    try:
        tried = subprocess.run([os.path.join(BUILD, "authcd"), "--config", config or host.config_path],
                               stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, errors="replace", timeout=5, check=False)
        return tried.returncode, tried.stderr, time.monotonic() - began
    except subprocess.TimeoutExpired as late:
        return "still running", (late.stderr or b"").decode("utf-8", "replace"), 5


def link(path):
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def dangling(path):
    os.unlink(path)
    os.symlink(path + ".elsewhere", path)


def replaced(make):
    def damage(path):
        os.unlink(path)
        make(path)
    return damage


def cut(size):
    def damage(path):
        with open(path, "r+b") as file:
            file.truncate(size)
    return damage


def grown(path):
    with open(path, "ab") as file:
        file.write(b"\0")


def bound(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.close()



EITHER = [("a symlink", link), ("a dangling symlink", dangling), ("a FIFO", replaced(os.mkfifo)),
          ("a directory", replaced(os.mkdir)),
          ("a socket", replaced(bound)), ("a device",
                                          replaced(lambda path: os.mknod(path, 0o600 | stat.S_IFCHR,
                                                                         os.makedev(1, 5)))),
          ("root's", lambda path: os.chown(path, 0, 0)), ("another's", lambda path: os.chown(path, 4242, 4242)),
          ("readable by all", lambda path: os.chmod(path, 0o644)),
          ("writable by the group", lambda path: os.chmod(path, 0o620)),
          ("open to all", lambda path: os.chmod(path, 0o666))]
KEY = [("gone", os.unlink), ("empty", cut(0)), ("cut to 31 bytes", cut(31)), ("a byte too long", grown)]
DATABASE = [("cut to 100 bytes", cut(100)), ("cut to 5000 bytes", cut(5000)),
            ("text", lambda path: open(path, "w", encoding="ascii").write("hello\n" * 2000))]


def damaged(host):
    host.stop()
    whole = host.state_dir + ".whole"
    os.rename(host.state_dir, whole)

    def fresh():
        shutil.rmtree(host.state_dir, ignore_errors=True)
        subprocess.run(["cp", "-a", whole, host.state_dir], check=True)

    for name, damages in (("authc.key", EITHER + KEY), ("authc.db", EITHER + DATABASE)):
        for what, damage in damages:
            fresh()
            damage(os.path.join(host.state_dir, name))
            before = snapshot(host.directory)
            code, said, seconds = attempt(host)
            is_((code, seconds < 3), (1, True), "%s is %s: refused at once" % (name, what))
            like(said, name.replace(".", r"\.") + r".*(move|chown|chmod|restore)", "... and what to do is said")
            after = snapshot(host.directory)
            for both in (before, after):  # what the daemon writes in passing, without taking anybody's place
                for passing in ("state/authc.db-wal", "state/authc.db-shm"):
                    both.pop(passing, None)
            changed = sorted(path for path in set(before) | set(after) if before.get(path) != after.get(path) and
                             not path.startswith("run"))
            is_(changed, [], "... and nothing was changed")

    for what, damage in (("open to all", lambda path: os.chmod(path, 0o777)),
                         ("writable by a group", lambda path: os.chmod(path, 0o731)),
                         ("another's", lambda path: os.chown(path, 4242, 4242)), ("a symlink", link)):
        fresh()
        damage(host.state_dir)
        code, said, _ = attempt(host)
        is_(code, 1, "the state directory is %s: refused" % what)
        like(said, "/state", "... and it is named")
        if os.path.islink(host.state_dir):
            os.unlink(host.state_dir)
            shutil.rmtree(host.state_dir + ".real")

    fresh()
    host.start()
    is_((login(host, "ada")[0], show(host)["state"]), ("GRANTED", "active"), "undamaged, it starts and ada gets in")
    shutil.rmtree(whole)


def second(host):
    """D6"""
    with Instance(start=False, state_dir=host.state_dir) as other:
        code, said, seconds = attempt(other)
        is_((code, seconds < 3), (1, True), "a second authcd on this state, with sockets of its own: refused at once")
        like(said, r"authc\.db|another authcd|in use|busy|%s" % host.state_dir, "... and it says why")
        is_(login(host, "ada")[0], "GRANTED", "... the first one serves on")
    with Instance(start=False, run_dir=host.run_dir) as other:
        code, said, _ = attempt(other)
        is_(code, 1, "a second authcd on these sockets, with state of its own: refused")
        like(said, r"%s|another authcd|system\.sock" % host.run_dir, "... and it says why")
        is_((status(host)["accounts"], login(host, "ada")[0]), (1, "GRANTED"),
            "... the first one's sockets are still its own")
    taken = tempfile.mkdtemp(dir=host.directory)
    for what, make in (("a file", lambda path: open(path, "w", encoding="ascii").close()),
                       ("a symlink", lambda path: os.symlink("/etc/passwd", path)), ("a directory", os.mkdir)):
        run = os.path.join(taken, what.replace(" ", "-"))
        os.mkdir(run, 0o755)
        make(os.path.join(run, "system.sock"))
        with Instance(start=False, run_dir=run) as other:
            before = os.lstat(os.path.join(run, "system.sock"))
            code, said, _ = attempt(other)
            now = os.lstat(os.path.join(run, "system.sock"))
            is_((code, (now.st_ino, now.st_mode)), (1, (before.st_ino, before.st_mode)),
                "%s where the socket belongs: refused, and left alone" % what)
            like(said, r"system\.sock", "... and it is named")


with Instance(argon2_memory="19MiB") as instance:
    add(instance)
    second(instance)
    damaged(instance)
done()
