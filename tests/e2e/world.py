# SPDX-License-Identifier: MIT
#
# A throw-away machine on this machine: real sshd, sudo, su, login, systemd-journald, authcd and pam_authc.so in namespaces
# of their own over an overlay of this root (world-init makes it; PID 1 there is the only thing that must be ended, and
# ends with this process at the latest). Terminals are the world's own, each wait is bounded. Needs uid 0.
#
#   with World() as world:
#       world.enrol("ada", "correct horse battery", role="admin")
#       with world.ssh("ada", "correct horse battery", world.code("ada")) as shell:
#           print(shell.granted, shell.prompts, shell.sh("authctl whoami"))
"""A throw-away machine with authc installed, for tests and the demo (see the comment above)."""
import base64
import fcntl
import hashlib
import hmac
import json
import os
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pexpect
import pexpect.fdpexpect

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
# The module of another mode would need its sanitizer in sshd, sudo and login: those get the plain one.
MODULE_BUILD = BUILD if os.environ.get("MODE", "release") == "release" else os.path.join(TOP, "build")

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb", "LANG": "C.UTF-8"}
CONFIG = """[authcd]
user          = authc
state_dir     = /var/lib/authc
run_dir       = /run/authc
issuer        = https://host.example.org
argon2_memory = 19MiB
argon2_passes = 2
deny_time     = 200ms

"""
PROMPT = r"(?:^|[\r\n])([^\r\n]*(?:(?:[Pp]assword|[Cc]ode|login)[^\r\n:]*: ?|Press Enter[^\r\n:]*))$"
READY = "ready> "  # what every shell of the world prompts with
TIMEOUT = 20.0
TIOCSPTLCK, TIOCGPTN = 0x40045431, 0x80045430  # asm-generic/ioctls.h; the termios module has them not


class WorldError(RuntimeError):
    """The world itself is not as it should be."""


def totp(secret, step):
    """The six digits of RFC 6238 (SHA-1) for a base32 secret at a time step."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


class Terminal:
    """A program on a terminal of the world. granted: it came to READY; prompts: what it asked; text: all that it showed."""

    def __init__(self, world, argv, user=None, tty=None, timeout=TIMEOUT):
        self.prompts, self.granted, self._log = [], False, ""
        master = os.open(world.path("/dev/pts/ptmx"), os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
        name = "/dev/pts/%d" % struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, bytes(4)))[0]
        if tty is not None:  # a pseudo terminal that goes by the name of a real one
            world.run("sh", "-c", 'umount -l "$2" 2>/dev/null; mount --bind "$1" "$2"', "sh", name, tty, check=True)
        slave = os.open(world.path(tty or name), os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = subprocess.Popen(world.command(argv, user, before=("setsid", "--ctty", "--wait")), stdin=slave,
                                        stdout=slave, stderr=slave, env=ENVIRONMENT)
        os.close(slave)
        self.child = pexpect.fdpexpect.fdspawn(master, timeout=timeout, encoding="utf-8", codec_errors="replace")
        self.child.delaybeforesend = None

    @property
    def text(self):
        return self._log

    def expect(self, patterns, timeout=-1):
        try:
            index = self.child.expect(patterns, timeout)
        except pexpect.TIMEOUT as error:
            raise WorldError("nothing of %r came after:\n%s" % (patterns, self._log + self.child.before)) from error
        after = self.child.after if isinstance(self.child.after, str) else ""
        self._log += self.child.before + after
        return index

    def converse(self, answers):
        """Types the answers, each at a prompt, until READY, the end, or a prompt that no answer is left for. An answer may be a function
        that reads it off this terminal."""
        left = list(answers)
        while True:
            index = self.expect([READY, PROMPT, pexpect.EOF])
            if index != 1:
                self.granted = index == 0
                return self
            self.prompts.append(self.child.match.group(1))
            if not left:
                return self
            answer = left.pop(0)
            self.child.sendline(answer(self) if callable(answer) else answer)

    def sh(self, command):
        """What a shell at READY prints for a command, without the end of line."""
        self.child.sendline(command + '; echo "<$?>"')
        self.expect([r"<\d+>\r\n"])
        out = self.child.before.replace("\r\n", "\n")
        self.expect([READY])
        return out.split("\n", 1)[1].rstrip("\n") if "\n" in out else ""

    def close(self, timeout=TIMEOUT):
        """Hangs up; the exit status of the program."""
        if self.child is not None:
            self.child.close()
            self.child = None
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise WorldError("a program outlived its terminal: " + self._log) from error

    def logout(self):
        """Leaves a shell by exit; the exit status."""
        self.child.sendline("exit")
        self.expect([pexpect.EOF])
        return self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class World:
    """config: text for authcd.conf, after CONFIG; or, with shipped=True, after what was installed. boot: the real systemd runs
    authcd by its units (and no sshd); start() and stop() are not for it."""

    def __init__(self, config="", shipped=False, sshd=True, authcd=True, boot=False):
        self._config, self._shipped, self._boot = config, shipped, boot
        self._sshd, self._authcd, self._journald = sshd and not boot, authcd and not boot, not boot
        self._daemons, self._secrets, self._steps, self._phones = {}, {}, {}, 0
        self.directory = tempfile.mkdtemp(prefix="authc-world-", dir="/tmp")
        self._init = self.pid = None
        self._log = open(os.path.join(self.directory + ".log"), "w+b")

    # ---- coming and going --------------------------------------------------------------------------------------------
    def __enter__(self):
        try:
            self._create()
            if self._journald:
                self.start_journal()
            self.configure(self._config)
            if self._boot:
                self.run("systemctl", "restart", "authcd.service", check=True)
            for home in ("root", "home/ada", "home/bob", "home/cyd", "home/dan", "home/eve"):
                self.write("/%s/.profile" % home, "PS1='%s'; unset ENV\n" % READY)
                self.write("/%s/.hushlogin" % home, "")
            if self._authcd:
                self.start_authcd()
            if self._sshd:
                self.start_sshd()
            return self
        except BaseException:
            self.__exit__()
            raise

    def _create(self):
        self._init = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc",
             os.path.join(HERE, "world-init"), self.directory, BUILD, MODULE_BUILD, *(["boot"] if self._boot else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=ENVIRONMENT, start_new_session=True)
        ready, _, _ = select.select([self._init.stdout], [], [], 30)
        words = self._init.stdout.readline().split() if ready else []
        if len(words) != 2 or words[0] != b"ready":
            raise WorldError("no world came up:\n" + self.log())
        self.pid = int(words[1])
        if self._boot:
            outer = self.pid
            self.wait(lambda: self._find_leader(outer), "systemd")
            self.wait(lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), "systemd")

    def _find_leader(self, outer):
        """The world's systemd: PID 1 of a namespace one level below world-init's, and a descendant of it."""
        parents, leaders = {}, []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/status" % pid, encoding="utf-8") as file:
                    fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            except OSError:
                continue
            parents[int(pid)] = int(fields["PPid"])
            if fields["NSpid"].split()[1:][1:] == ["1"]:
                leaders.append(int(pid))
        for leader in leaders:
            at = leader
            while at not in (0, outer):
                at = parents.get(at, 0)
            if at == outer:
                self.pid = leader
                return True
        return False

    def __exit__(self, *_):
        if self._init is not None:
            self._init.stdin.close()  # PID 1 sees the end of its input, and takes all with it
            try:
                self._init.wait(5)
            except subprocess.TimeoutExpired:
                self._init.kill()
                self._init.wait()
            self._init.stdout.close()
        for process in self._daemons.values():
            process.send_signal(signal.SIGCONT)
            process.wait(5)
            process.stdout.close()
        self._log.close()
        if self._boot:
            subprocess.run(["sh", "-c", 'find "$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/$1" -depth -type d -exec rmdir {} +',
                            "sh", os.path.basename(self.directory)], stderr=subprocess.DEVNULL, check=False)
        os.unlink(self.directory + ".log")
        os.rmdir(self.directory)

    def log(self):
        """What world-init and the daemons wrote to stderr."""
        self._log.flush()
        with open(self.directory + ".log", encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- programs ----------------------------------------------------------------------------------------------------
    def path(self, path):
        """A path of the world as this process can open it."""
        return "/proc/%d/root%s" % (self.pid, path)

    def write(self, path, text, mode=0o644):
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def configure(self, config):
        if not self._shipped:
            self.write("/etc/authc/authcd.conf", CONFIG + config)
        elif config:
            with open(self.path("/etc/authc/authcd.conf"), "a", encoding="utf-8") as file:
                file.write("\n" + config)

    def command(self, argv, user=None, before=()):
        as_user = [] if user is None else ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "env",
                                          "HOME=/home/" + user, "USER=" + user]
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "--", *before, *as_user, *argv]

    def run(self, *argv, user=None, input="", timeout=TIMEOUT, check=False):
        done = subprocess.run(self.command(argv, user), input=input, capture_output=True, text=True, timeout=timeout,
                              env=ENVIRONMENT, check=False)
        if check and done.returncode:
            raise WorldError("%s: exit %d\n%s%s" % (shlex.join(argv), done.returncode, done.stdout, done.stderr))
        return done

    def start(self, name, *argv):
        """Starts a daemon in the foreground; its pid there is remembered for stop()."""
        process = subprocess.Popen(self.command(["sh", "-c", 'echo $$; exec "$@"', "sh", *argv]), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=self._log, env=ENVIRONMENT)
        process.inner = int(process.stdout.readline())
        self._daemons[name] = process

    def pid_of(self, name):
        return self._daemons[name].inner

    def kill(self, name, number):
        self.run("kill", "-%d" % number, str(self.pid_of(name)), check=True)
        if number == signal.SIGCONT:
            self._daemons[name].send_signal(number)  # nsenter stops with its child

    def stop(self, name, number=signal.SIGTERM):
        """Signals a daemon and waits for its end; its exit status."""
        self.kill(name, number)
        process = self._daemons.pop(name)
        try:
            return process.wait(TIMEOUT)
        finally:
            process.stdout.close()

    def wait(self, ready, what, seconds=10.0):
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                raise WorldError("%s did not come up:\n%s" % (what, self.log()))
            time.sleep(0.01)

    def start_authcd(self, *before):
        """As root, and authcd becomes its user; `before` goes in front of its path (systemd-socket-activate ...)."""
        self.start("authcd", *before, "/usr/sbin/authcd")
        self.wait(lambda: os.path.exists(self.path("/run/authc/system.sock")) and
                   self.run("authctl", "status").returncode == 0, "authcd")

    def stop_authcd(self, number=signal.SIGTERM):
        return self.stop("authcd", number)

    def start_sshd(self, *options):
        self.start("sshd", "/usr/sbin/sshd", "-D", *options)
        self.wait(lambda: self.run("ssh-keyscan", "-T", "1", "-t", "ed25519", "10.0.0.1").stdout, "sshd")

    def start_journal(self):
        self.start("journald", "env", "-i", "/lib/systemd/systemd-journald")
        self.wait(lambda: os.path.exists(self.path("/run/systemd/journal/dev-log")), "journald")

    def stop_journal(self):
        """No journald, and no socket of it, as where there never was one."""
        self.stop("journald")
        self.run("rm", "-rf", "/run/systemd/journal", check=True)
        self.run("mkdir", "/run/systemd/journal", check=True)

    # ---- authc -------------------------------------------------------------------------------------------------------
    def authctl(self, *args, user=None, input=""):
        """Runs authctl --json, which must succeed; the value that it printed."""
        done = self.run("authctl", "--json", *args, user=user, input=input, check=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def enrol(self, user, password, role="user", code=True):
        """An account with a password and, with code, a confirmed code generator."""
        self.authctl("user", "add", user, "--role", role, "--password-stdin", input=password + "\n")
        if code:
            self.add_code(user)

    def add_code(self, user):
        """One more confirmed code generator, which code() asks from now on: two codes that need no waiting."""
        self._phones += 1
        label = "phone%d" % self._phones
        rows = self.authctl("factor", "add", "totp", "--user", user, "--label", label)
        self._secrets[user] = (rows[0] if isinstance(rows, list) else rows)["secret"]
        self._steps.pop(user, None)
        self.authctl("factor", "confirm", "--user", user, "--code-stdin", input=self.code(user) + "\n")

    def scan(self, user):
        """An answer to a prompt with a QR code in it: a phone that scans it, and code() asks from now on."""
        def read(terminal):
            import phone  # only some tests have zbar
            self._secrets[user] = re.search(r"[?&]secret=([A-Z2-7]+)", phone.scan(terminal.text) + "?secret=")[1]
            self._steps.pop(user, None)
            return self.code(user)
        return read

    def audit(self, user, after=0):
        """[(event, service, source, result), ...] about an account, from the after-th on."""
        rows = self.authctl("audit", "--user", user)
        return [(row["event"], row["service"], row["source"], row["result"]) for row in rows][after:]

    def code(self, user):
        """A code that authcd takes, and has not taken yet: of three steps in a window, so the fourth in 30 s has to wait."""
        now = time.time()
        step = int(now) // 30
        earliest = step - 1 if now % 30 < 25 else step
        wanted = max(self._steps.get(user, 0) + 1, earliest)
        if wanted > step + 1:
            time.sleep((wanted - 1) * 30 - now + 0.2)
        self._steps[user] = wanted
        return totp(self._secrets[user], wanted)

    def secret(self, user):
        return self._secrets[user]

    def spent_code(self, user):
        """The code that code() gave last."""
        return totp(self._secrets[user], self._steps[user])

    def wrong_code(self, user):
        """Six digits that are no code of the user's within minutes."""
        step = int(time.time()) // 30
        near = {totp(self._secrets[user], at) for at in range(step - 10, step + 11)}
        return next(code for code in ("123456", "234567", "345678") if code not in near)

    # ---- ways in: each returns a Terminal that has typed the answers -------------------------------------------------
    def ssh(self, user, *answers, source="10.0.0.7", options=(), command=(), locale=None):
        """From elsewhere, or from the host itself (10.0.0.1). locale: of the client's terminal, if not UTF-8."""
        options = [word for option in (*options, "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                                       "PreferredAuthentications=keyboard-interactive", "NumberOfPasswordPrompts=1",
                                       "KexAlgorithms=curve25519-sha256")
                   for word in ("-o", option)]  # the first of a name wins
        place = [] if source == "10.0.0.1" else ["nsenter", "--net=/run/netns/elsewhere"]
        place += [] if locale is None else ["env", "LC_ALL=" + locale]
        argv = [*place, "ssh", "-F", "none", "-tt", "-b", source, *options, user + "@10.0.0.1", *command]
        return Terminal(self, argv).converse(answers)

    def sudo(self, user, *answers, options=("-k",)):
        return Terminal(self, ["sudo", *options, "sh", "-c", "PS1='%s' exec sh" % READY], user).converse(answers)

    def su(self, user, target, *answers):
        return Terminal(self, ["su", "-", target], user).converse(answers)

    def login(self, *answers, tty="/dev/tty1", options=()):
        """The console: the first answer is the name, unless it is in the options."""
        return Terminal(self, ["login", *options], tty=tty).converse(answers)

    def journal(self, *matches):
        """The journal's entries as dicts, after all that was sent has arrived."""
        self.run("journalctl", "--sync", check=True)
        out = self.run("journalctl", "--no-pager", "-o", "json", "--all", *matches).stdout
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def skip_unless_root():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
