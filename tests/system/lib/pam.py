# SPDX-License-Identifier: MIT
#
# For the system tests of the module: a private directory of PAM services that name $BUILD/pam_authc.so, a false authcd that
# plays a script (tools/fakeauthcd.c), and applications (tools/pamtry.c) whose lines become a Tried. Never touches /etc/pam.d.
#
#   with Host("timeout=1") as host:
#       host.fake("recv", "prompt:password=Password: ", "recv", "verdict=GRANTED")
#       tried = host.run("auth", "--user", "ada", "--answer", "hunter2")
#       is_(tried.code("auth"), "PAM_SUCCESS", "granted")
"""Private PAM services, a false authcd, applications that try them (see the comment above)."""
import os
import re
import shutil
import subprocess
import tempfile
import time

from authc import BUILD, diag, skip_all

MODULE = os.path.join(BUILD, "pam_authc.so")
PAMTRY = os.path.join(BUILD, "tests", "tools", "pamtry")
FAKE = os.environ.get("FAKEAUTHCD", os.path.join(BUILD, "tests", "tools", "fakeauthcd"))
TYPES = ("auth", "account", "session", "password")


def needs_root():
    if os.geteuid() != 0:
        skip_all("needs uid 0: the module trusts no path of another owner")


class Tried:
    """What pamtry printed."""

    def __init__(self, out, err, status):
        self.out, self.err, self.status = out, err, status
        self.lines = out.splitlines()

    def code(self, phase, number=0):
        """The code of the phase's number-th run, or None."""
        found = re.findall(r"^%s: (\w+) \(\d+\)" % phase, self.out, re.M)
        return found[number] if number < len(found) else None

    def ms(self, phase, number=0):
        return int(re.findall(r"^%s: \w+ \(\d+\) (\d+)ms$" % phase, self.out, re.M)[number])

    def counts(self, phase):
        """{code: how often} of a run with --times or --threads."""
        return {code: int(n) for code, n in re.findall(r"^%s: (\w+) \(\d+\) (\d+) times$" % phase, self.out, re.M)}

    def said(self, what):
        """The texts of all lines `what "text"`: prompt echo=off, prompt echo=on, info, error, user."""
        return re.findall(r'^%s "(.*)"$' % re.escape(what), self.out, re.M)

    @property
    def prompts(self):
        return re.findall(r'^prompt echo=\w+ "(.*)"$', self.out, re.M)

    @property
    def user(self):
        return self.said("user")[-1]

    @property
    def env(self):
        return dict(line[4:].split("=", 1) for line in self.lines if line.startswith("env "))


class Host:
    """A directory with pam.d/<service> and a socket path; ends its false authcd by its own pid."""

    def __init__(self, *options, service="authc"):
        self.directory = tempfile.mkdtemp(prefix="authc-pam-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.confdir = os.path.join(self.directory, "pam.d")
        self.socket = os.path.join(self.directory, "system.sock")
        os.mkdir(self.confdir)
        self.log_path = os.path.join(self.directory, "log")
        self.process = None
        self.service(service, *options)

    def line(self, kind, *options, control="required", socket=None):
        """One line of a service that asks the module."""
        words = ["socket=" + (socket or self.socket)] if socket != "" else []
        return " ".join([kind, control, MODULE, *words, *options])

    def service(self, name, *options, lines=None, socket=None):
        """Writes a service whose every type asks the module with these options, or that has these lines."""
        text = lines if lines is not None else [self.line(kind, *options, socket=socket) for kind in TYPES]
        with open(os.path.join(self.confdir, name), "w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")

    def fake(self, *script, path=None):
        """Starts a false authcd in place of the last one."""
        self.end_fake()
        with open(self.log_path, "w", encoding="utf-8") as log, open(self.log_path + ".err", "w", encoding="utf-8") as err:
            self.process = subprocess.Popen([FAKE, path or self.socket, *script], stdout=log, stderr=err,
                                            stdin=subprocess.DEVNULL)
        while not self.received().startswith("ready"):
            if self.process.poll() is not None:
                raise RuntimeError("fakeauthcd: exit %d" % self.process.returncode)
            time.sleep(0.001)

    def received(self):
        """What it printed so far."""
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def end_fake(self):
        """Ends it; returns what it received."""
        process, self.process = self.process, None
        if process is None:
            return ""
        process.terminate()  # it lets those who are connected finish
        process.wait()
        with open(self.log_path + ".err", encoding="utf-8") as err:
            diag(err.read())
        return self.received().removeprefix("ready\n")

    def run(self, do, *args, service=None, answers=(), timeout=60, input=None):
        command = [PAMTRY, "--confdir", self.confdir, "--do", do]
        if service is not None:
            command += ["--service", service]
        for answer in answers:
            command += ["--answer", answer]
        command += args
        done = subprocess.run(command, capture_output=True, timeout=timeout, input=input, check=False)
        tried = Tried(done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"), done.returncode)
        if tried.status != 0 or tried.err:
            diag("%s: exit %d\n%s" % (" ".join(str(word)[:80] for word in command), tried.status, tried.err))
        return tried

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_fake()
        shutil.rmtree(self.directory, ignore_errors=True)
