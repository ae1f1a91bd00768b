#!/usr/bin/python3
# M14 M16: what the module sends and answers in acct, setcred, sessions and password changes; what one phase leaves another, also
# when auth ran in a forked child; options fail closed; SSH_AUTH_INFO_0 is believed from sshd only.
# SPDX-License-Identifier: MIT
import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authc import PHASE, done, is_, ok
from pam import Host, needs_root

ASK = ("recv", "prompt:password=Password: ", "recv")
KEY = "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"
IGNORED = "PAM_PERM_DENIED"  # what libpam makes of a stack whose only answer is PAM_IGNORE


def fields(line):
    return dict(re.findall(r'(\w+)=(?:"([^"]*)"|(?=\d))', line)) | dict(re.findall(r"(\w+)=(\d+)", line))


def begins(log):
    return [fields(line) for line in log.splitlines() if line.startswith("begin ")]


needs_root()
with Host("timeout=5") as host:
    # acct
    for verdict, want in (("GRANTED", "PAM_SUCCESS"), ("UNKNOWN", "PAM_USER_UNKNOWN"), ("FORBIDDEN", "PAM_PERM_DENIED"),
                          ("EXPIRED", "PAM_ACCT_EXPIRED"), ("MUST_CHANGE", "PAM_NEW_AUTHTOK_REQD"), ("DENIED", "PAM_AUTH_ERR"),
                          ("NO_SESSION", "PAM_AUTH_ERR"), ("1", "PAM_AUTH_ERR")):
        host.fake("recv", "verdict=" + verdict)
        is_(host.run("acct", "--user", "ada").code("acct"), want, "acct, %s" % verdict)

    # what BEGIN says
    host.service("sudo-i", "timeout=5")
    host.fake("recv", "verdict=GRANTED")
    host.run("acct", "--service", "sudo-i", "--user", "root", "--tty", "/dev/pts/3", "--rhost", "2001:db8::1", "--ruser", "ada",
             "--ruid", "1000", "--env", "SSH_AUTH_INFO_0=" + KEY)
    sent = begins(host.end_fake())[0]
    is_({key: sent[key] for key in ("phase", "service", "user", "target_uid", "caller_uid", "tty", "rhost", "ruser", "flags", "handle")},
        {"phase": str(PHASE["ACCT"]), "service": "sudo-i", "user": "root", "target_uid": "0", "caller_uid": "1000",
         "tty": "/dev/pts/3", "rhost": "2001:db8::1", "ruser": "ada", "flags": "0", "handle": ""}, "BEGIN says what PAM knows")
    is_(sent["uid"], "0", "credentials are the effective uid's, as sudo needs it")
    with open("/proc/self/sessionid", encoding="ascii") as file:
        is_(sent["audit_session"], file.read().strip(), "the kernel's audit session")
    host.fake("recv", "verdict=GRANTED")
    host.run("acct", "--user", "no-such-user-here")
    is_(begins(host.end_fake())[0]["target_uid"], "4294967295", "a name that the host does not know")

    # whether RHOST is this host (L8)
    for rhost, want in (("127.0.0.1", "8"), ("127.9.9.9", "8"), ("0.0.0.0", "8"), ("::ffff:127.0.0.1", "8"), ("::127.0.0.1", "8"),
                        ("192.0.2.7", "0"), ("2001:db8::7", "0"), ("::ffff:192.0.2.7", "0"), ("localhost", "0"), ("127.1", "0"),
                        ("127.0.0.1 ", "0"), ("127.0.0.1%lo", "0"), ("::1%lo", "0"), ("1" * 1000, "0"), ("", "0")):
        host.fake("recv", "verdict=GRANTED")
        host.run("acct", "--user", "ada", "--rhost", rhost)
        is_(begins(host.end_fake())[0]["flags"], want, "flags of RHOST %s" % rhost[:20])

    # SSH_AUTH_INFO_0
    host.service("sshd", "timeout=5")
    for service, info, want in (("sshd", KEY + "\n", KEY + "\\x0a"), ("sshd", KEY, KEY), ("sshd", KEY + "\n" + KEY + "\n", (KEY + "\\x0a") * 2),
                                ("authc", KEY + "\n", ""), ("sshd", "password\n", ""), ("sshd", KEY + "\npassword\n", ""),
                                ("sshd", "publickey ssh-ed25519", ""), ("sshd", "publickey  AAAA", ""), ("sshd", "publickey x ", ""),
                                ("sshd", KEY + " comment", ""), ("sshd", " " + KEY, ""), ("sshd", KEY + "\n\n", ""), ("sshd", "", ""),
                                ("sshd", "publickey x " + "A" * 8000, ""), ("sshd", b"publickey x A\xff", "")):
        host.fake("recv", "verdict=GRANTED")
        host.run("acct", "--service", service, "--user", "ada", "--env", b"SSH_AUTH_INFO_0=" + (info if isinstance(info, bytes) else info.encode()))
        is_(begins(host.end_fake())[0]["auth_info"], want, "%s: %r" % (service, info[:60]))

    # setcred
    host.fake("recv", "verdict=GRANTED")
    is_(host.run("setcred", "--user", "ada").code("setcred"), IGNORED, "setcred without our auth is ignored")
    is_(host.run("acct,setcred", "--user", "ada").code("setcred"), IGNORED, "... also after acct (a public key)")
    tried = host.run("auth,setcred,setcred", "--user", "ada")
    is_((tried.code("setcred"), tried.code("setcred", 1)), ("PAM_SUCCESS",) * 2, "setcred after it succeeds, each time")
    is_(tried.env, {}, "... and leaves nothing in the environment")
    tried = host.run("auth,setcred,setcred", "--user", "ada", "--fork-auth")
    is_((tried.code("setcred"), tried.code("setcred", 1), tried.env), ("PAM_SUCCESS", "PAM_SUCCESS", {}), "... auth in a forked child")
    host.fake(*ASK, "handle=HANDLE7", "verdict-if=hunter2")
    tried = host.run("auth,auth", "--user", "ada", answers=["hunter2", "hunter2"])
    is_(sorted(tried.env), ["AUTHC_AUTH", "AUTHC_HANDLE"], "auth leaves a mark and a handle")
    is_(host.run("auth,auth", "--user", "ada", answers=["hunter2", "wrong"]).env, {}, "... which a later failure takes back")
    tried = host.run("auth,auth,setcred", "--user", "ada", answers=["hunter2", "wrong"])
    ok(tried.code("auth", 1) == "PAM_AUTH_ERR" and tried.code("setcred") != "PAM_SUCCESS", "... and the success with it")

    # sessions
    for how in ((), ("--fork-auth",)):
        host.fake("recv", "handle=HANDLE7", "verdict=GRANTED")
        tried = host.run("auth", "--user", "ada", *how)
        is_(tried.env.get("AUTHC_HANDLE"), "HANDLE7", "auth leaves a handle %s" % (how,))
        host.end_fake()
        host.fake("recv", "handle=k3v7q2mzt4xa6phr", "verdict=GRANTED")
        tried = host.run("auth,setcred,open,setcred", "--user", "ada", *how)
        is_((tried.code("open"), tried.env), ("PAM_SUCCESS", {"AUTHC_SESSION": "k3v7q2mzt4xa6phr"}), "open redeems it for a session")
        is_(tried.code("setcred", 1), "PAM_SUCCESS", "setcred after open")
        is_([b["handle"] for b in begins(host.end_fake())], ["", "k3v7q2mzt4xa6phr"], "the handle goes to authcd once")
    host.fake("recv", "verdict=DENIED")
    tried = host.run("open,close", "--user", "ada", "--env", "AUTHC_HANDLE=X")
    is_((tried.code("open"), tried.code("close"), tried.env), ("PAM_SESSION_ERR", IGNORED, {}), "a handle is gone also if it was refused")
    is_(len(begins(host.end_fake())), 1, "close without a session asks nobody")
    host.fake("recv", "verdict=GRANTED")
    tried = host.run("open", "--user", "ada", "--env", "AUTHC_HANDLE=" + "X" * 65)
    is_((tried.code("open"), host.end_fake()), ("PAM_AUTH_ERR", ""), "a handle that does not fit is not sent")
    host.fake("recv", "verdict=GRANTED")
    tried = host.run("close", "--user", "ada", "--env", "AUTHC_SESSION=abc")
    is_((tried.code("close"), tried.env, begins(host.end_fake())[0]["handle"]), ("PAM_SUCCESS", {}, "abc"), "close names the session")
    host.fake("recv", "verdict=NO_SESSION")
    tried = host.run("open", "--user", "ada")
    is_((tried.code("open"), tried.said("error"), tried.said("info")), (IGNORED, [], []), "a service without sessions: ignored, no word")
    host.fake("recv", "verdict=GRANTED")
    tried = host.run("open", "--user", "ada")
    is_((tried.code("open"), tried.env), ("PAM_SUCCESS", {}), "granted without a name: no session")

    # password changes
    CHANGE = ("prompt:current=Current: ", "recv", "prompt:new=New: ", "recv", "info=Too short.", "prompt:new=New: ", "recv",
              "prompt:retype=Again: ", "recv")
    TYPED = ["old", "n", "newer", "newer"]
    host.fake("recv", "verdict=GRANTED")
    is_(host.run("chauthtok", "--user", "ada").code("chauthtok"), "PAM_SUCCESS", "a change that asks nothing")
    is_([b["flags"] for b in begins(host.end_fake())], ["2", "0"], "... a preliminary check first")
    host.fake("recv", *CHANGE, "verdict=GRANTED")
    is_(host.run("chauthtok", "--user", "ada", answers=TYPED).prompts, [], "the check itself asks nothing")

    host.fake("recv", "prelim=GRANTED", *CHANGE, "verdict=GRANTED")
    tried = host.run("chauthtok", "--user", "ada", answers=TYPED)
    is_((tried.code("chauthtok"), tried.prompts), ("PAM_SUCCESS", ["Current: ", "New: ", "New: ", "Again: "]), "a change")
    is_(tried.said("info"), ["Too short."], "... that was turned down once")
    is_(re.findall(r'answer secret="(\w+)"', host.end_fake()), TYPED, "... every answer arrives")
    for verdict, want in (("UNKNOWN", IGNORED), ("UNCHANGED", "PAM_AUTHTOK_ERR"), ("DENIED", "PAM_AUTH_ERR")):
        host.fake("recv", "verdict=" + verdict)
        is_(host.run("chauthtok", "--user", "ada", "--flags", "change_expired").code("chauthtok"), want, "chauthtok, " + verdict)
        ok(begins(host.end_fake())[0]["flags"] == "6", "... flags")

    # options
    host.fake("recv", "verdict=GRANTED")
    for option in ("nullok", "debug", "timeout=0", "timeout=301", "timeout=", "server_uid=-1", "server_uid=65534", "Timeout=5",
                   "use_first_pass=yes", "socket=relative", "socket=" + host.socket):
        host.service("bad", option, socket="" if option == "socket=relative" else None)  # "": not repeated, which is refused too
        tried = host.run("auth,setcred,acct,open,close", "--user", "ada", "--service", "bad")
        is_({tried.code(phase) for phase in ("auth", "setcred", "acct", "open", "close")}, {"PAM_SERVICE_ERR"}, "option %s fails closed" % option[:30])
    is_(host.end_fake(), "", "... and nobody is asked")
done()
