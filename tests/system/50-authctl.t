#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Every verb of authctl against a real authcd: what it says, that --json is JSON, what it exits with, what it refuses to be
# told in arguments: C3 C5 T7.
import base64
import ctypes
import hmac
import json
import os
import pwd
import re
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import BUILD, Instance, NO_SESSION, PHASE, done, is_, like, ok, skip_all  # noqa: E402
from logins import edit  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
SELF = "www-data"  # a user that every Debian has
UID = pwd.getpwnam(SELF).pw_uid
GOOD = "correct horse battery"
CONFIG = "[service sshd]\nsessions = yes\n[audience web]\nacr = aal2\n"


def code(secret, step=0):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack_from(">I", digest, at)[0] & 0x7fffffff) % 10**6)


def log_in(host, secret):
    """A login through sshd with both factors; the session's name."""
    begin = dict(service="sshd", user=SELF, target_uid=UID, rhost="10.0.0.7", audit_session=NO_SESSION)
    with host.connect() as peer:
        peer.ask("begin", nonce=b"n" * 16, phase=PHASE["AUTH"], **begin)
        peer.ask("answer", secret=GOOD)
        handle = peer.ask("answer", secret=code(secret, 1))[-1][1]["handle"]  # the step before was used by confirm
    with host.connect() as peer:
        return peer.ask("begin", nonce=b"n" * 16, phase=PHASE["OPEN"], handle=handle, **begin)[-1][1]["handle"]


def says(host, words, pattern, input=None, uid=None, code=0, env=None):
    """Runs a verb for people; its result."""
    result = host.authctl(*words.split(), json=False, input=input, uid=uid, env=env)
    good = result.code == code and re.search(pattern, result.out if code == 0 else result.err)
    ok(good, "%s: %s" % (words, "done" if code == 0 else "refused"))
    if not good:
        print("# " + repr(result).replace("\n", "\n# "), file=sys.stderr)
    return result


def accounts(host):
    result = says(host, "user add ada --uid 1001 --role admin", r"\Aada: added \(uid 1001, admin\), pending until a password is set\.\n"
                  r"Next: authctl passwd ada\n\Z")
    is_(result.err, "", "and nothing is said beside it")
    says(host, "user add ada --uid 1001", r"\Aauthctl: account \"ada\" exists", code=1)
    says(host, "user add no-such-user-here", r"no user \"no-such-user-here\".*--uid", code=1)
    says(host, "user add eve --uid 1002 --password-stdin", "too short", input="short\n", code=1)
    says(host, "user show eve", r"state +pending")
    says(host, "user delete eve", r"\Aeve: deleted\.\n\Z")
    says(host, "user add eve --uid 1003 --password-stdin", "password: no answer", code=1)
    says(host, "user show eve", "no account", code=1)
    says(host, "user add %s --role superadmin --password-stdin" % SELF, r"\A%s: added \(uid %d, superadmin\), password set\.\n" % (SELF, UID),
         input=GOOD + "\n")
    says(host, "user list", r"\A  USER +UID  ROLE +STATE +FACTORS  FAILURES  LAST_LOGIN\n  ada +1001  admin +pending +0 +0  -\n")
    says(host, "user set ada --role user", r"\Aada: now user, uid 1001\.\n\Z")
    says(host, "user set ada", "nothing to set", code=2)
    says(host, "user set %s --role user" % SELF, "the last superadmin", code=1)
    says(host, "user disable ada", r"\Aada: disabled, sessions ended\.\n\Z")
    says(host, "user enable ada", r"\Aada: pending\.\n\Z")
    says(host, "passwd ada --password-stdin", r"\Aada: password set\.\n\Z", input=GOOD + "\n")
    says(host, "user unlock ada", r"\Aada: unlocked, failures forgiven\.\n\Z")
    limits(host)
    says(host, "passwd nobody-here --password-stdin", r"account unknown to authcd\nNext: authctl user add nobody-here\n\Z",
         input=GOOD + "\n", code=1)


def limits(host):
    """What root is told of an account that is being guessed at, and nobody else is."""
    for _ in range(6):
        with host.connect() as peer:
            peer.ask("begin", nonce=b"n" * 16, phase=PHASE["AUTH"], service="sshd", user=SELF, target_uid=UID, rhost="203.0.113.9",
                     audit_session=NO_SESSION)
            peer.ask("answer", secret="wrong")
    says(host, "user show " + SELF, r"(?m)^state +locked\n(.*\n)*failures +5\n"
         r"sources +1\nwait +\d+s\nlast failure +\d{4}-.*\nlast source +203\.0\.113\.9\nknown sources +0\n(.*\n)*"
         r"Strangers wait until .*\d\d:\d\d: 5 failures from 1 source, last from 203\.0\.113\.9 at .*\d\d:\d\d; "
         r"known sources unaffected\.\n\Z")
    own = host.authctl("user", "show", uid=UID)
    told = {key: own.json[key] for key in ("state", "everybody", "failures", "sources", "consecutive", "wait_s", "last_failure_at", "last_source",
                                           "known_sources", "wrong_codes", "codes_wait_s", "known_wrong_codes", "known_codes_wait_s")}
    is_(told.pop("state"), "active", "L10: the account's owner sees an active account")
    ok(not any(told.values()), "L10: and nothing of what is held against it")
    ok(not re.search("fail|known|stranger|wait|203", host.authctl("user", "show", json=False, uid=UID).out), "L10: nor a line about it")
    says(host, "user show " + SELF, "not allowed: no such account, or not yours", uid=1001, code=1)
    says(host, "limits", r"\A  BUCKET   USER +SOURCE +FAILURES  CONSECUTIVE  WAIT  LAST_FAILURE  KNOWN_UNTIL\n"
         r"  account  %s +203\.0\.113\.9 +5 +5 +\d+s .*\n  pair +%s +203\.0\.113\.9 +5 +5 +\d+s .*\n\Z" % (SELF, SELF))
    says(host, "limits --user ada", r"\A  BUCKET  SOURCE .*\n\Z")
    waits = [(row["bucket"], row["wait_s"]) for row in host.authctl("limits", "--all").json]
    is_([bucket for bucket, _ in waits], ["account", "pair"] + [bucket for bucket, _ in waits[2:]], "--all: the longest wait first")
    is_(sorted(waits[2:]), [("net", 0), ("source", 0)], "and what stops nobody yet")
    says(host, "limits clear 203.0.113.9", r"\A  BUCKET  SOURCE +FAILURES  LAST_FAILURE\n(  (source|net) .* 5  .*\n){2}\Z")
    says(host, "limits clear 203.0.113.9", r'nothing is held against the source "203\.0\.113\.9"', code=1)
    says(host, "limits clear", "missing: source", code=2)
    says(host, "limits", "for root only", uid=UID, code=1)
    says(host, "limits clear 203.0.113.9", "for root only", uid=UID, code=1)
    is_([row["result"] for row in host.authctl("audit").json if row["event"] == "limit.clear"],
        ["5 failures of 203.0.113.9, 5 failures of 203.0.0.0/16 forgiven"], "the audit tells what was cleared")
    host.authctl("user", "unlock", SELF)
    is_([row["result"] for row in host.authctl("audit").json if row["event"] == "user.unlock"][-1], "5 failures from 1 source forgiven",
        "the audit tells what unlock forgave")


def password_fd(host):
    read, write = os.pipe()
    os.write(write, (GOOD + " on a pipe\n").encode())
    os.close(write)
    done_ = subprocess.run([BUILD + "/authctl", "--run-dir", host.run_dir, "passwd", "ada", "--password-fd", str(read)],
                           pass_fds=[read], capture_output=True, text=True, check=False, timeout=30)
    is_((done_.returncode, done_.stdout), (0, "ada: password set.\n"), "passwd --password-fd")
    os.close(read)
    says(host, "passwd ada --password-fd 77", "not open", code=2)


def factors(host):
    """Everything a person does about their own factors; the secret of one."""
    says(host, "factor add totp --label phone --password-stdin", r"denied", input="wrong\n", uid=UID, code=1)
    says(host, "factor add totp --label phone", r"no terminal to ask on", uid=UID, code=1)
    shown = says(host, "factor add totp --label phone --password-stdin",
                 r"\A(.*[█▀▄ ]+\n)+otpauth://totp/\S+\nSecret( [A-Z2-7]{4}){8} \(shown once\)\n"
                 r'Factor 1 "phone": inactive until confirmed\.\nNext: authctl factor confirm --user %s\n\Z' % SELF,
                 input=GOOD + "\n", uid=UID)
    secret = re.search(r"secret=([A-Z2-7]+)", shown.out).group(1)
    is_(re.search(r"Secret (.*) \(", shown.out).group(1).replace(" ", ""), secret, "the secret as text is the address's")
    says(host, "factor confirm --password-stdin --code-stdin", "wrong code", input="000000\n" + GOOD + "\n", uid=UID, code=1)
    says(host, "factor confirm --password-stdin --code-stdin", r'\AFactor 1 "phone": confirmed\.\nNext: authctl factor recovery --user %s\n\Z' % SELF,
         input=code(secret) + "\n" + GOOD + "\n", uid=UID)
    says(host, "factor confirm", "no such factor waits to be confirmed", uid=UID, code=1)
    says(host, "factor confirm --id 9", "no such factor waits to be confirmed", uid=UID, code=1)
    says(host, "factor list", r"\A  ID  KIND  LABEL  FORM +CONFIRMED  CREATED +LAST_USED\n   1  totp  phone  6 digits, 30s  yes  +\d\d:\d\d:\d\d", uid=UID)
    says(host, "factor add totp --user ada --label spare --algorithm SHA256 --digits 8", 'Factor 1 "spare"')
    says(host, "factor remove 1 --user ada", r'\AFactor 1 "spare": removed\.\n\Z')
    says(host, "factor remove --user ada", "missing: --id", code=2)
    says(host, "factor list --user ada", "not allowed: no such account, or not yours", uid=UID, code=1)
    return secret


def sessions(host, secret):
    session = log_in(host, secret)
    env = dict(os.environ, AUTHC_SESSION=session)
    like(session, r"\A[a-z2-7]{16}\Z", "a login makes a session")
    says(host, "session list", r"\A  SESSION +USER +SERVICE .*\n  %s  %s +sshd " % (session, SELF))
    says(host, "session list --user %s" % SELF, r"\A  SESSION +SERVICE .*\n  %s  sshd " % session)
    says(host, "whoami", r"\A%s \(superadmin\)  session %s  sshd from 10\.0\.0\.7  password \+ code  aal2  since \d\d:\d\d\n\Z"
         % (SELF, session), uid=UID, env=env)
    says(host, "whoami", r"\A%s \(superadmin\)  no session\n\Z" % SELF, uid=UID)
    says(host, "whoami", "uid 0 has no account", code=1)
    token = says(host, "token --aud web", r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z", uid=UID, env=env).out
    says(host, "token --aud web --session %s --acr aal2" % session, r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z", uid=UID)
    says(host, "token --aud billing", r'\Aauthctl: no audience "billing"; this host has: web\n\Z', uid=UID, env=env, code=1)
    says(host, "token --aud web", r"no session of yours here", uid=UID, code=1)
    says(host, "token", r"missing: --aud;", uid=UID, code=2)
    says(host, "token verify", r"(?m)^aud +web\n(.*\n)*auth time +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", input=token)
    says(host, "token verify --aud web -", r"(?m)^sid +%s$" % session, input=token.strip() + " \n\n")
    says(host, "token verify --aud billing", "token refused", input=token, code=1)
    says(host, "token verify", "token refused: bad signature", input=token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:], code=1)
    says(host, "token verify", "no token on stdin", input="", code=1)
    shown = says(host, "token inspect", r"\Aheader\n(.*\n)*  alg +\"ES256\"\n(.*\n)*claims\n(.*\n)*  exp +\d+ \(\d{4}-.*\)\n", input=token)
    like(shown.err, r"\Aauthctl: not verified", "inspect says that it verified nothing")
    says(host, "token inspect -", "no token", input="hello\n", code=1)
    return session, token


def every_verb_is_json(host, secret, session, token):
    mine = dict(uid=UID, env=dict(os.environ, AUTHC_SESSION=session))
    with host.connect() as peer:  # so that there is something to list and to clear
        peer.ask("begin", nonce=b"n" * 16, phase=PHASE["AUTH"], service="sshd", user="nobody-there", rhost="10.0.0.7", audit_session=NO_SESSION)
        peer.ask("answer", secret="wrong")
        peer.ask("answer", secret="000000")
    cases = [("user invite ivy --uid 1005", {}, dict), ("user reset ivy", {}, dict), ("user delete ivy", {}, dict),
             ("user add bob --uid 1004", {}, dict), ("user list", {}, list), ("user show bob", {}, dict),
             ("user set bob --role guest", {}, dict), ("user disable bob", {}, dict), ("user enable bob", {}, dict),
             ("user unlock bob", {}, dict), ("passwd bob --password-stdin", {"input": GOOD + "\n"}, dict),
             ("factor add totp --user bob", {}, dict), ("factor list --user bob", {}, list),
             ("factor rename 1 key --user bob", {}, dict), ("factor remove 1 --user bob", {}, dict), ("factor list --user bob", {}, list), ("user delete bob", {}, dict),
             ("session list", {}, list), ("token --aud web", mine, dict), ("factor recovery --user " + SELF, {}, list), ("token verify", {"input": token}, dict),
             ("token inspect", {"input": token}, dict), ("whoami", mine, dict), ("audit", {}, list),
             ("audit --since 7d --limit 3", {}, list), ("audit verify", {}, dict),
             ("limits", {}, list), ("limits --all", {}, list), ("limits clear 10.0.0.7", {}, list), ("metrics", {}, list), ("status", {}, dict), ("status", {"uid": UID}, dict),
             ("config show", {}, list), ("session kill " + session, {}, dict), ("session list", {}, list)]
    seen = {}
    for words, options, kind in cases:
        result = host.authctl(*words.split(), **options)
        ok(result.code == 0 and isinstance(result.json, kind) and "Next:" not in result.out, "--json %s: one %s" % (words, kind.__name__))
        seen[words.split(" --")[0]] = result.json
    is_(sorted(seen["factor add totp"])[:5], ["id", "label", "qr", "secret", "uri"], "names are those of the messages")
    is_(seen["token inspect"]["verified"], False, "inspect is never verified")
    is_((seen["token verify"]["sid"], seen["token"]["audience"]), (session, "web"), "the token is this session's")
    confirm = host.authctl("factor", "add", "totp", "--user", "ada").json
    confirmed = host.authctl("factor", "confirm", "--user", "ada", "--code-stdin", input=code(confirm["secret"]) + "\n")
    is_((confirmed.code, confirmed.json["confirmed"]), (0, True), "--json factor confirm: one dict")
    refused = host.authctl("user", "show", "no-one")
    is_((refused.code, refused.out), (1, ""), "a refusal leaves stdout empty")
    like(refused.err, r"\Aauthctl: no account", "and says why on stderr")
    done_ = subprocess.run([BUILD + "/authctl", "user", "list", "--run-dir=" + host.run_dir, "--json"], capture_output=True, check=True)
    ok(isinstance(json.loads(done_.stdout), list), "--json stands after the verb as well")


def listings(host):
    with host.connect() as peer:
        for i in range(250):
            peer.ask("user_add", user="many%d" % i, uid=2000 + i)
    names = [row["user"] for row in host.authctl("user", "list").json]
    is_(sorted(names), sorted(["ada", SELF] + ["many%d" % i for i in range(250)]), "pages follow each other, and leave nobody out")
    table = host.authctl("user", "list", json=False).out
    is_((table.count("LAST_LOGIN"), table.count("\n")), (1, len(names) + 1), "as a table, with one line of heads")
    events = host.authctl("audit").json
    is_([row["seq"] for row in events], list(range(1, len(events) + 1)), "the audit is whole and in order")
    newest = host.authctl("audit", "--limit", "7").json
    is_([row["seq"] for row in newest], [row["seq"] for row in events][-7:], "--limit gives the newest")
    is_(host.authctl("audit", "--since", "today", "--user", SELF).json[0]["event"], "user.add", "--user and --since choose")
    is_(host.authctl("audit", "--since", "2099-01-01").json, [], "nothing has happened yet then")
    says(host, "audit --user ada --limit 1", r"\A  SEQ  TIME +EVENT +SERVICE  SOURCE +RESULT\n")
    says(host, "audit --limit 1", r"\A  SEQ  TIME +EVENT +USER ")


def whole(host):
    verified = host.authctl("audit", "verify").json
    delivered = verified.pop("delivered")  # none, where there is no journal
    is_(verified, dict(events=len(host.authctl("audit").json), intact=True, bad_seq=0), "the audit is whole")
    ok(0 <= delivered <= verified["events"], "the journal has some, all or none of it")
    says(host, "audit verify", r"\A%d events, chain intact, (all|\d+ not yet) delivered to the journal\.\n\Z" % verified["events"])


def broken(host):
    host.stop()
    edit(host, ("UPDATE audit SET result = 'nothing happened' WHERE seq = 12",))
    host.start()
    result = host.authctl("audit", "verify", json=False)
    is_((result.code, result.err), (1, ""), "a row was changed: exit 1")
    like(result.out, r"\A\d+ events, chain broken at event 12, ", "and which it is")
    is_(host.authctl("audit", "verify").json["bad_seq"], 12, "also as JSON")


def usage(host):
    for words, pattern in [("", r"usage: authctl"), ("frob", "unknown: frob"), ("user frob", "unknown: user frob"), ("user", "usage: authctl user"),
                           ("--frob", "unknown option --frob"), ("user list x", "a word too many"), ("user list --role x", "not an option of this verb"),
                           ("--run-dir run status", "absolute"), ("--server-uid x status", "not a number"), ("audit --since x", "--since takes"),
                           ("audit --limit 0", "--limit"), ("user add ../x", "not a name"), ("-h", "no short options")]:
        done_ = subprocess.run([BUILD + "/authctl", *words.split()], capture_output=True, text=True, check=False)
        ok((done_.returncode, done_.stdout) == (2, "") and re.search(pattern, done_.stderr), "authctl %s: exit 2, stdout empty" % words)
    for words in ["--help", "user --help", "user add --help", "--help token", "token verify --help", "--version"]:
        done_ = subprocess.run([BUILD + "/authctl", *words.split()], capture_output=True, text=True, check=False)
        ok((done_.returncode, done_.stderr) == (0, "") and "authctl" in done_.stdout, "authctl %s: exit 0, stderr empty" % words)


def secrets(host):
    canary = "canary-in-argv"
    for words in ["passwd ada --password " + canary, "passwd ada --password=" + canary, "passwd ada --password-stdin=" + canary,
                  "factor confirm --code " + canary, "token verify " + canary, "token inspect " + canary, "passwd ada " + canary]:
        result = host.authctl(*words.split(), json=False, input=GOOD + "\n")
        ok(result.code == 2 and canary not in result.out + result.err, "%s: exit 2, and not repeated" % words)
    imports = subprocess.run(["nm", "-D", "--undefined-only", BUILD + "/authctl"], capture_output=True, text=True, check=True).stdout
    is_(re.findall(r"\b(?:system|popen|v?fork|exec\w+|posix_spawn\w*|setenv|putenv)\b", imports), [], "authctl starts no program")


def without_argv(host):
    """execve with an empty argv, which newer kernels turn into one empty string."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 2)
        libc = ctypes.CDLL(None)
        none = (ctypes.c_char_p * 1)(None)
        libc.execve((BUILD + "/authctl").encode(), none, none)
        os._exit(99)
    os.close(write)
    with os.fdopen(read) as said:
        like(said.read(), "usage: authctl", "argc 0: usage")
    is_(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 2, "and exit 2")


def hostile(host):
    without_argv(host)
    for value in ["x" * 33, "a" * 100000, "\033[2J", "../../etc/passwd", "a b"]:
        result = host.authctl("whoami", json=False, uid=UID, env={"AUTHC_SESSION": value})
        is_((result.code, result.out, result.err), (1, "", "authctl: AUTHC_SESSION is not the name of a session\n"),
            "AUTHC_SESSION=%s...: a clean error" % ascii(value[:8]))
    bad = {"TZ": "/etc/shadow", "LC_ALL": "\xff" * 50, "PATH": "", "HOME": "/nowhere", "IFS": "x", "POSIXLY_CORRECT": "1", "TERM": "\033"}
    is_(host.authctl("audit", "--limit", "1", env=bad).code, 0, "an odd environment changes nothing")
    is_(host.authctl("user", "list", env={}).code, 0, "nor does an empty one")
    result = host.authctl("user", "show", "a\033[2J\n", json=False)
    ok(result.code == 2 and "\033" not in result.err, "an escape in an argument does not reach the terminal")
    os.mkdir(host.directory + "/empty")
    result = subprocess.run([BUILD + "/authctl", "--run-dir", host.directory + "/empty", "status"], capture_output=True, text=True, check=False)
    is_(result.returncode, 1, "no authcd: exit 1")
    like(result.stderr, "authcd is not running", "and says so")
    os.chmod(host.directory + "/empty", 0o777)
    result = subprocess.run([BUILD + "/authctl", "--run-dir", host.directory + "/empty", "status"], capture_output=True, text=True, check=False)
    ok(result.returncode == 1 and "not to be trusted" in result.stderr, "a directory that others can write: refused")


def other_owner(host):
    """A run directory of another uid is trusted if, and only if, --server-uid says so."""
    command = [BUILD + "/authctl", "--run-dir", host.run_dir, "status"]
    before = os.stat(host.run_dir)
    os.chown(host.run_dir, UID, -1)
    for more, want in [([], 1), (["--server-uid", str(UID + 1)], 1), (["--server-uid", str(UID)], 0)]:
        result = subprocess.run(command + more, capture_output=True, text=True, check=False)
        is_(result.returncode, want, "a run directory of uid %d, with %s" % (UID, " ".join(more) or "no option"))
    os.chown(host.run_dir, before.st_uid, before.st_gid)


def closed_descriptors(host):
    command = [BUILD + "/authctl", "--run-dir", host.run_dir, "status"]
    for closed in [(0,), (1,), (0, 1, 2)]:
        pid = os.fork()
        if pid == 0:
            for fd in closed:
                os.close(fd)
            if 1 not in closed:
                os.dup2(os.open("/dev/null", os.O_RDWR), 1)
            os.execv(command[0], command)
        is_(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "descriptors %s closed: status all the same" % (closed,))
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    is_((result.returncode, result.stderr), (1, "authctl: stdout cannot be written: No space left on device\n"), "a full disk is no success")


with Instance(CONFIG) as host:
    accounts(host)
    password_fd(host)
    secret = factors(host)
    session, token = sessions(host, secret)
    every_verb_is_json(host, secret, session, token)
    says(host, "token verify", "its session has ended", input=token, code=1)
    listings(host)
    whole(host)
    usage(host)
    secrets(host)
    hostile(host)
    other_owner(host)
    closed_descriptors(host)
    says(host, "status", r"\Aversion +\S+\nstate +serving\n(.*\n)*accounts +\d+\n")
    says(host, "status", r"\Aversion +\S+\nstate +serving\nreason +-\nstarted +.*\nmemory locked +(yes|no)\n\Z", uid=UID)
    says(host, "config show", r"(?m)^  authcd +deny_time +200ms +yes$")
    for verb in ["user list", "audit", "audit verify", "user add zed --uid 9"]:
        says(host, verb, "not allowed: for root only", uid=UID, code=1)
    broken(host)
done()
