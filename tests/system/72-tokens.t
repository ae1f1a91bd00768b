#!/usr/bin/python3
# T1 T2 T3 T7 T8: a token opens what it was minted for and nothing else; no changed or forged one passes, none is
# minted for others.
# SPDX-License-Identifier: MIT
import base64
import glob
import hashlib
import hmac
import json
import os
import shutil
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from authc import Instance, MESSAGES, done, is_, ok, refusal_name, verdict_name
from logins import Login, add, add_totp, events, login, request, totp, traces

ISSUER = "https://host.example.org"
CONFIG = """
[service login]
factors = password
[audience web]
roles = user
token_lifetime = 5m
[audience low]
acr = aal1
[audience staff]
roles = admin
"""


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def open_session(host, user, uid, secret=None, service="sshd"):
    code = totp(secret) if secret else None
    verdict, row = login(host, user, code=code, service=service, target_uid=uid)
    assert verdict == "GRANTED", (verdict, host.log())
    row = Login(host, user, phase="OPEN", handle=row["handle"], service=service, target_uid=uid).run({})
    assert verdict_name(row["verdict"]) == "GRANTED", row
    return row["handle"]


def mint(host, uid, **fields):
    """(token, None) or (None, refusal's name)"""
    rows, last = request(host, "token_mint", "user", uid, **fields)
    return (rows[0]["token"], None) if last[0] == "end" else (None, refusal_name(last[1]["error"]))


def accepted(peer, token, audience=""):
    replies = peer.ask("token_verify", token=token, audience=audience)
    assert replies[-1][0] in ("end", "refused"), replies
    return replies[-1][0] == "end" and len(replies) == 2


def right(host, token, session):
    """A verifier that never heard of authcd takes it."""
    public = os.path.join(host.state_dir, "public")
    with open(os.path.join(public, "jwks.json"), encoding="utf-8") as file:
        keys = json.load(file)["keys"]
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys if key["kid"] == kid)
    claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience="web", issuer=ISSUER,
                        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]})
    is_((claims["preferred_username"], claims["role"], claims["acr"], sorted(claims["amr"]), claims["sid"]),
        ("ada", "user", "aal2", ["otp", "pwd"], session), "PyJWT takes the token, its claims are ada's")
    ok(claims["exp"] - claims["iat"] == 300 and abs(claims["iat"] - time.time()) < 60,
       "it lives for 5 minutes from now")
    is_({k: v for k, v in jwt.get_unverified_header(token).items() if k != "kid"}, {"typ": "at+jwt", "alg": "ES256"},
        "its header")
    for wrong in (dict(audience="low", issuer=ISSUER), dict(audience="web", issuer="https://example.org")):
        try:
            jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], **wrong)
            ok(False, "PyJWT refuses %r" % wrong)
        except jwt.InvalidTokenError:
            ok(True, "PyJWT refuses %r" % wrong)

    thumb = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, sort_keys=True, separators=(",", ":"))
    is_(kid, b64(hashlib.sha256(thumb.encode()).digest()), "the kid is the key's thumbprint")
    ok(all(set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in keys),
       "the JWKS holds public parts only")
    for path in glob.glob(os.path.join(public, "*.pem")):
        with open(path, "rb") as file:
            numbers = serialization.load_pem_public_key(file.read()).public_numbers()
        is_([(b64(numbers.x.to_bytes(32, "big")), b64(numbers.y.to_bytes(32, "big")))],
            [(key["x"], key["y"]) for key in keys if key["kid"] + ".pem" == os.path.basename(path)],
            "its PEM is the same key")
    modes = {stat.S_IMODE(os.stat(path).st_mode) for path in glob.glob(os.path.join(public, "*.*"))}
    is_(modes, {0o644}, "everybody may read them, nobody else may write them")


def sign(key, signed):
    """ES256"""
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def forgeries(host, token):
    """(what, token) of everything a forger can make without the key."""
    header, payload, signature = token.split(".")
    kid = json.loads(unb64(header))["kid"]
    with open(os.path.join(host.state_dir, "public", kid + ".pem"), "rb") as file:
        pem = file.read()
    with open(os.path.join(host.state_dir, "public", "jwks.json"), "rb") as file:
        jwks = file.read()
    keys = json.loads(jwks)["keys"]
    public = next(key for key in keys if key["kid"] == kid)
    mine = ec.generate_private_key(ec.SECP256R1())
    numbers = mine.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")),
           "y": b64(numbers.y.to_bytes(32, "big"))}

    def head(**changes):
        fields = dict(typ="at+jwt", alg="ES256", kid=kid)
        fields.update(changes)
        return b64(json.dumps({k: v for k, v in fields.items() if v is not ...}, separators=(",", ":")).encode())

    def forged(**changes):
        signed = head(**changes) + "." + payload
        return signed + "." + sign(mine, signed)

    for alg in ("none", "None", "NONE", "nOnE", ""):
        for tail in ("", signature):
            yield "alg %r, signature %.4r" % (alg, tail), head(alg=alg) + "." + payload + "." + tail
    for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        raw = unb64(public["x"]) + unb64(public["y"])
        for what, secret in (("PEM", pem), ("PEM without newline", pem.strip()), ("JWKS", jwks), ("kid", kid.encode()),
                             ("nothing", b""),
                             ("point", b"\x04" + raw), ("x", unb64(public["x"])), ("JWK", json.dumps(public).encode())):
            signed = head(alg=alg) + "." + payload
            yield "%s by the %s" % (alg, what), signed + "." + b64(hmac.new(secret, signed.encode(), digest).digest())
    for alg in ("ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519", "es256", "ES256K", "HS256", None, 7, ["ES256"],
                True, {}, ...):
        yield "alg %r with the old signature" % (alg,), head(alg=alg) + "." + payload + "." + signature
    other = rsa.generate_private_key(65537, 2048)
    yield "RS256 of another key", jwt.encode(json.loads(unb64(payload)), other, "RS256",
                                             headers={"kid": kid, "typ": "at+jwt"})
    for what, changes in (
            ("own key, our kid", {}), ("own key in jwk", dict(jwk=jwk)),
            ("own key in jwk, no kid", dict(jwk=jwk, kid=...)),
            ("jku", dict(jku="https://evil.example.org/jwks.json")),
            ("x5u", dict(x5u="https://evil.example.org/cert.pem")),
            ("x5c", dict(x5c=["MIIB"])), ("crit", dict(crit=["exp"])), ("crit of ours", dict(crit=["alg"])),
            ("crit, empty", dict(crit=[])),
            ("b64 false", dict(b64=False, crit=["b64"])), ("zip", dict(zip="DEF")), ("no kid", dict(kid=...)),
            ("kid null", dict(kid=None)),
            ("kid 7", dict(kid=7)), ("kid empty", dict(kid="")), ("kid ../", dict(kid="../../../../../../dev/null")),
            ("kid path", dict(kid="/dev/null")), ("kid SQL", dict(kid="' OR '1'='1")),
            ("kid SQL 2", dict(kid="x' UNION SELECT 1;--")),
            ("kid %", dict(kid="%")), ("kid *", dict(kid="*")), ("kid NUL", dict(kid=kid + "\0")),
            ("kid NUL head", dict(kid="\0" + kid)),
            ("kid 4 KiB", dict(kid="A" * 4096)), ("kid newline", dict(kid=kid + "\n")),
            ("kid format", dict(kid="%s%n%s%n")),
            ("kid of the next key", dict(kid=next(key["kid"] for key in keys if key["kid"] != kid))),
            ("typ JWT", dict(typ="JWT")), ("typ none", dict(typ=...)), ("typ id_token", dict(typ="id+jwt"))):
        yield "own key, " + what, forged(**changes)
        if changes:
            yield "old signature, " + what, head(**changes) + "." + payload + "." + signature
    zero = b64(bytes(64))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = unb64(signature)[:32], unb64(signature)[32:]
    for what, raw in (("r = s = 0", bytes(64)), ("r = 0", bytes(32) + s), ("s = 0", r + bytes(32)),
                      ("r = n", order.to_bytes(32, "big") + s),
                      ("s = n", r + order.to_bytes(32, "big")), ("all ones", b"\xff" * 64), ("r and s swapped", s + r),
                      ("cut", (r + s)[:-1]),
                      ("longer", r + s + b"\0"),
                      ("in DER", utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))),
                      ("half", r), ("twice", r + s + r + s)):
        yield "signature " + what, header + "." + payload + "." + b64(raw)
    for what, text in (
            ("empty", ""), ("dots", ".."), ("one dot", "."), ("no signature", header + "." + payload),
            ("empty signature", header + "." + payload + "."),
            ("five parts", token + ".."), ("four parts", token + "." + signature),
            ("JWE form", ".".join([header, "", payload, "", signature])),
            ("padding", token + "=="), ("padding inside", header + "=." + payload + "." + signature),
            ("blank before", " " + token),
            ("blank after", token + " "), ("newline", token + "\n"),
            ("newline inside", header + ".\n" + payload + "." + signature),
            ("Bearer", "Bearer " + token), ("plain base64", token.replace("-", "+").replace("_", "/") + "+"),
            ("no header", "." + payload + "." + signature),
            ("no payload", header + ".." + signature), ("order", payload + "." + header + "." + signature),
            ("zeros", zero + "." + zero + "." + zero),
            ("8 KiB", "A" * 8192), ("8 KiB of dots", "." * 8192),
            ("8 KiB payload", header + "." + "e" * 7800 + "." + signature),
            ("deep", b64(b"[" * 2500 + b"]" * 2500) + "." + payload + "." + signature),
            ("deep objects", b64(b'{"a":' * 900 + b"1" + b"}" * 900) + "." + payload + "." + signature),
            ("duplicate alg", b64(unb64(header)[:-1] + b',"alg":"none"}') + "." + payload + "."),
            ("duplicate kid", b64(unb64(header)[:-1] + b',"kid":"x"}') + "." + payload + "." + signature),
            ("trailing JSON", b64(unb64(header) + b"{}") + "." + payload + "." + signature),
            ("BOM", b64(b"\xef\xbb\xbf" + unb64(header)) + "." + payload + "." + signature),
            ("UTF-16", b64(unb64(header).decode().encode("utf-16")) + "." + payload + "." + signature)):
        yield "form " + what, text
    claims = json.loads(unb64(payload))
    for name, value in (("sub", "00000000-0000-0000-0000-000000000000"), ("role", "superadmin"), ("acr", "aal3"),
                        ("aud", "low"), ("aud", ["web"]),
                        ("iss", ISSUER + "/"), ("exp", claims["exp"] + 1), ("exp", 2 ** 63), ("exp", -1),
                        ("exp", 1e300), ("nbf", 0), ("sid", "x")):
        changed = b64(json.dumps(dict(claims, **{name: value})).encode())
        yield "claim %s = %r, old signature" % (name, value), header + "." + changed + "." + signature
        signed = header + "." + changed
        yield "claim %s = %r, own key" % (name, value), signed + "." + sign(mine, signed)


def no_forgery(host, token):
    """T1 T2"""
    passed, closed = [], []
    peer = host.connect("user", 1002)
    for what, forgery in forgeries(host, token):
        try:
            if accepted(peer, forgery, "web") or accepted(peer, forgery):
                passed.append(what)
        except Exception as error:  # pylint: disable=broad-except
            closed.append((what, repr(error)))
            peer.close()
            peer = host.connect("user", 1002)
    is_(passed, [], "no forged token passes")
    is_(closed, [], "... and each is answered, on one connection")
    ok(accepted(peer, token, "web") and accepted(peer, token), "... on which the right one then passes")
    for audience in ("low", "staff", "nope", "web ", "WEB", "we", "webb", "*"):
        ok(not accepted(peer, token, audience), "... but not for audience %r" % audience)
    peer.send("token_verify", token="A" * (MESSAGES["token_verify"].fields[0][2] + 1))
    ok(peer.closed(), "a token of more than 8 KiB ends the connection")
    peer.close()


def no_flip(host, token):
    """T3; flips to bytes that are no text end the connection, so they are sent on others."""
    passed, raw = [], token.encode()
    with host.connect("user", 1002) as peer:
        for at in range(len(raw)):
            for bit in range(7):
                if accepted(peer, raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1:], "web"):
                    passed.append((at, bit))
        is_(passed, [], "each of %d single-bit flips is refused" % (7 * len(raw)))
        parts = [raw[:cut] for cut in range(len(raw))] + [raw[cut:] for cut in range(1, len(raw))]
        passed = [part for part in parts if accepted(peer, part, "web")]
        is_(passed, [], "so is each part of it")
        ok(accepted(peer, token, "web"), "the token itself still passes")
    for at in range(0, len(raw), 16):
        with host.connect("user", 1002) as peer:
            peer.send("token_verify", token=raw[:at] + bytes([raw[at] ^ 128]) + raw[at + 1:], audience="web")
            name, row = peer.recv()
            if (name, row.get("error")) != ("refused", 1) or not peer.closed():
                passed.append((at, 7))
    is_(passed, [], "flips of a top bit are malformed")


def minted_for_others(host, session):
    """T8"""
    is_(mint(host, 1002, audience="web", session=session), mint(host, 1002, audience="web", session="a" * 16),
        "bob learns nothing of ada's session, and mints nothing from it")
    is_(mint(host, 1002, audience="web", session=session)[0], None, "... nothing")
    is_(mint(host, 1009, audience="web", session=session), (None, "NOT_ALLOWED"), "a uid without an account: nothing")
    is_(mint(host, 65534, audience="web", session=session), (None, "NOT_ALLOWED"), "nobody: nothing")
    rows, last = request(host, "token_mint", audience="web", session=session)
    ok(not rows and last[0] == "refused", "root: nothing, a token is the account's own")
    is_(mint(host, 1001, audience="web"), (None, "INVALID"), "without naming the session, outside of it: nothing")
    is_(mint(host, 1001, audience="staff", session=session)[0], None, "another role's audience: nothing")
    is_(mint(host, 1001, audience="nope", session=session), (None, "NOT_FOUND"), "an audience that is none: nothing")
    for name in ("", "' OR 1=1 --", "%", session.upper(), session[:-1], session + "a"):
        is_(mint(host, 1001, audience="web", session=name)[0], None, "session %r: nothing" % name)


def weak_session(host):
    session = open_session(host, "bob", 1002, service="login")
    is_(mint(host, 1002, audience="web", session=session)[0], None, "a session of a password alone gets no aal2 token")
    is_(mint(host, 1002, audience="low", acr="aal2", session=session)[0], None,
        "... nor by asking for more than the audience wants")
    is_(mint(host, 1002, audience="web", acr="aal1", session=session)[0], None,
        "... nor by asking for less than it wants")
    for acr in ("aal3", "aal0", "AAL1", "1", "aal"):
        is_(mint(host, 1002, audience="low", acr=acr, session=session)[0], None, "acr %r is none" % acr)
    token, _ = mint(host, 1002, audience="low", session=session)
    claims = jwt.decode(token, options={"verify_signature": False})
    is_((claims["acr"], claims["amr"], claims["preferred_username"]), ("aal1", ["pwd"], "bob"),
        "an aal1 audience gets one that says aal1")
    with host.connect("user", 1001) as peer:
        ok(accepted(peer, token, "low") and not accepted(peer, token, "web"), "... good for that audience only")


def minted_by_twin(host, session, audiences, **settings):
    """Tokens of another authcd on a copy of the state: our keys and sessions, other settings, an audience "twin"."""
    config = CONFIG.replace("[audience staff]", "[audience twin]").replace("roles = admin", "roles = user")
    host.stop()
    with Instance(config, start=False, **settings) as twin:
        shutil.copytree(host.state_dir, twin.state_dir)
        for folder, names, files in os.walk(twin.state_dir):
            for path in [folder] + [os.path.join(folder, name) for name in names + files]:
                shutil.chown(path, twin.user)
        twin.start()
        tokens = [mint(twin, 1001, audience=name, session=session)[0] for name in audiences]
        with twin.connect("user", 1002) as peer:
            ok(all(accepted(peer, token) for token in tokens), "a twin with our keys takes its own tokens")
    host.start()
    return tokens


def another_host(host, session):
    """T2 with real signatures"""
    foreign = minted_by_twin(host, session, ("web", "twin"), issuer="https://twin.example.org")
    with host.connect("user", 1002) as peer:
        is_([audience for token in foreign for audience in ("", "web", "twin") if accepted(peer, token, audience)], [],
            "tokens signed by our key, but of another issuer, are refused")
    foreign = minted_by_twin(host, session, ("twin",))
    with host.connect("user", 1002) as peer:
        is_([audience for audience in ("", "web", "twin") if accepted(peer, foreign[0], audience)], [],
            "one by our key and issuer, for an audience that we have not, is refused")


def ended(host, token, session):
    row = Login(host, "ada", phase="CLOSE", handle=session).run({})
    is_(verdict_name(row["verdict"]), "GRANTED", "the session closes")
    is_(mint(host, 1001, audience="web", session=session), (None, "INVALID"), "... nothing is minted from it any more")
    with host.connect("user", 1002) as peer:
        ok(not accepted(peer, token, "web"), "... and its tokens are refused here")


with Instance(CONFIG) as instance:
    add(instance, "ada", 1001)
    add(instance, "bob", 1002)
    secret_ada, _ = add_totp(instance, "ada")
    session_ada = open_session(instance, "ada", 1001, secret_ada)
    token_ada, _ = mint(instance, 1001, audience="web", session=session_ada)
    right(instance, token_ada, session_ada)
    no_forgery(instance, token_ada)
    no_flip(instance, token_ada)
    minted_for_others(instance, session_ada)
    weak_session(instance)
    another_host(instance, session_ada)
    ended(instance, token_ada, session_ada)
    is_(traces(instance, token_ada, *token_ada.split(".")[1:]), [], "T7: the token is in no file and no log")
    is_([event for event in events(instance) if token_ada[-40:] in repr(event)], [], "... nor in the audit")
done()
