#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# `authcd --check` says file, line and what would be right, exits 1 for what is wrong and 0 for what is good, and changes nothing: C1 C2
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, Instance, done, is_, like, ok, skip_all  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")


def run(*args, **more):
    done_ = subprocess.run([os.path.join(BUILD, "authcd"), *args], capture_output=True, text=True, timeout=20, check=False, **more)
    return done_.returncode, done_.stdout, done_.stderr


with Instance(start=False) as host:
    def check(text=None, mode=0o644, raw=None):
        with open(host.config_path, "wb") as file:
            file.write(raw if raw is not None else text.encode())
        os.chmod(host.config_path, mode)
        return run("--check", "--config", host.config_path)

    head = "[authcd]\nuser = %s\nstate_dir = %s\nrun_dir = %s\n" % (host.user, host.state_dir, host.run_dir)
    code, out, err = check(head)
    is_((code, err), (0, ""), "a good file")
    like(out, "good", "is called so on stdout")
    ok(not os.path.exists(host.state_dir) and not os.path.exists(host.run_dir), "nothing was made")

    def wrong(name, line, text=None, mode=0o644, raw=None):
        code, out, err = check(text, mode, raw)
        is_((code, out), (1, ""), name)
        like(err, r"^%s:%s.+\n$" % (host.config_path, "%d: " % line if line else " "), "its place is told: " + err.strip())

    wrong("an unknown key", 5, head + "colour = red\n")
    wrong("an unknown section", 5, head + "[colours]\n")
    wrong("a key twice", 5, head + "user = nobody\n")
    wrong("a value of the wrong form", 5, head + "deny_time = soon\n")
    wrong("a value out of range", 5, head + "deny_time = 400d\n")
    wrong("Argon2 with too little memory", 5, head + "argon2_memory = 8MiB\n")
    wrong("Argon2 with too few passes", 5, head + "argon2_passes = 1\n")
    wrong("one hash above the memory for all", 6, head + "argon2_memory = 512MiB\nhash_memory = 64MiB\n")
    wrong("a network with bits behind its prefix", 6, head + "limits = cis\nproxies = 192.0.2.0/24 10.1.2.3/16\n")
    like(check(head + "proxies = 10.1.2.3/16\n")[2], "10.1.0.0/16 for 10.1.2.3/16", "... and what is meant is named")
    wrong("IPv4 written as IPv6", 5, head + "proxies = ::ffff:192.0.2.0/120\n")
    wrong("a pattern that is never closed", 5, head + "consoles = tty[0-9\n")
    wrong("a NUL", 5, raw=head.encode() + b"issuer = https://a\0b\n")
    wrong("bad UTF-8", 5, raw=head.encode() + b"issuer = https://\xff\n")
    wrong("64 KiB and more", 1, head + "#" * 65536)
    wrong("writable by the group", None, head, 0o664)
    wrong("writable by all", None, head, 0o666)

    os.rename(host.config_path, host.config_path + ".real")
    os.symlink(host.config_path + ".real", host.config_path)
    code, out, err = run("--check", "--config", host.config_path)
    is_(code, 1, "a symbolic link")
    like(err, "symbolic link", "is refused as one")
    os.unlink(host.config_path)
    code, out, err = run("--check", "--config", host.config_path)
    is_(code, 1, "a file that is not there")

    check(head)
    os.mkdir(host.state_dir)
    os.chmod(host.state_dir, 0o777)
    code, out, err = check(head)
    is_(code, 1, "a state directory that is root's, and open to all")
    like(err, "owned by uid 0", "is found before the start")
    is_(run("--config")[0], 2, "an option without its argument is wrong usage")
    is_(run("--restore")[0], 2, "an option that there is not")
    is_(run("word")[0], 2, "a word too many")
    is_(run("--version")[0], 0, "--version")
    code, out, err = run("--check", "--config", host.config_path, env={"PATH": "x" * 100000, "TZ": "/etc/shadow", "LC_ALL": "xx"})
    is_(code, 1, "a hostile environment changes nothing (C3)")
done()
