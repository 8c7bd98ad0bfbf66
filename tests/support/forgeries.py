"""Signed texts that must not be taken for a token: made from a good one, and from the key that signed it.

Some are signed by others, some by nobody, and some by our own key about something that no access token says.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, PrivateKey
from tessera.core.keys.signing import SigningKey

Named = Iterator[tuple[str, str]]

MEMBERS = ("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "ref")

ELSEWHERE = "https://attacker.example/keys"


def _json(value: object) -> str:
    return jws.encode(json.dumps(value).encode())


class Forger:
    """Makes forgeries of one good token; knows the private key of the server, for those that it signed itself."""

    def __init__(self, good: str, key: SigningKey) -> None:
        self.good = good
        self.key = key
        self.head, self.body, self.signature = good.split(".")
        self.header: dict[str, Any] = json.loads(jws.decode(self.head))
        self.claims: dict[str, Any] = json.loads(jws.decode(self.body))

    def everything(self) -> Named:
        """Every forgery with a name of its own."""
        yield from self._unsigned()
        yield from self._symmetric()
        yield from self._strangers()
        yield from self._headers()
        yield from self._claims()
        yield from self._payloads()
        yield from self._shapes()
        yield from self._signatures()

    def ours(self, header: dict[str, Any], claims: dict[str, Any] | bytes) -> str:
        """Signed by the server's own key, whatever it says."""
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        shown = {name: value for name, value in header.items() if name != "alg"}
        return jws.sign(shown, payload, self.key._private, self.key.algorithm)

    def _unsigned(self) -> Named:
        for name in ("none", "None", "NONE", "nOnE", "", None, 0, ["none"]):
            head = _json({**self.header, "alg": name})
            yield f"alg {name!r} without a signature", f"{head}.{self.body}."
            yield f"alg {name!r} with the signature", f"{head}.{self.body}.{self.signature}"
        yield "no alg", f"{_json({'typ': 'at+jwt', 'kid': self.header['kid']})}.{self.body}.{self.signature}"
        yield "no signature", f"{self.head}.{self.body}."

    def _symmetric(self) -> Named:
        public = self.key.public.key
        secrets = {
            "the public key as PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "the public key as DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "the public key as JWK": json.dumps(self.key.published()).encode(),
            "the name of the key": self.key.key_id.encode(),
            "nothing": b"",
        }
        for algorithm, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
            signed = f"{_json({**self.header, 'alg': algorithm})}.{self.body}"
            for name, secret in secrets.items():
                mac = jws.encode(hmac.new(secret, signed.encode(), digest).digest())
                yield f"{algorithm} with {name}", f"{signed}.{mac}"

    def _strangers(self) -> Named:
        strangers: list[tuple[PrivateKey, Algorithm]] = [
            (ed25519.Ed25519PrivateKey.generate(), Algorithm.EDDSA),
            (ec.generate_private_key(ec.SECP256R1()), Algorithm.ES256),
            (rsa.generate_private_key(65537, 2048), Algorithm.RS256),
            (rsa.generate_private_key(65537, 2048), Algorithm.PS256),
        ]
        payload = jws.decode(self.body)
        for key, algorithm in strangers:
            public = public_keys.jwk(key.public_key())
            own = jws.encode(public_keys.thumbprint(key.public_key()))
            headers: dict[str, dict[str, Any]] = {
                "our kid": {"kid": self.key.key_id},
                "its own kid": {"kid": own},
                "no kid": {},
                "jwk": {"kid": own, "jwk": public},
                "jwk and our kid": {"kid": self.key.key_id, "jwk": public},
                "jwk without kid": {"jwk": public},
                "jku": {"kid": own, "jku": ELSEWHERE},
                "x5u": {"kid": own, "x5u": ELSEWHERE},
                "x5c": {"kid": own, "x5c": [jws.encode(b"certificate")]},
            }
            for name, header in headers.items():
                yield (
                    f"a stranger by {algorithm}, {name}",
                    jws.sign({"typ": "at+jwt", **header}, payload, key, algorithm),
                )

    def _headers(self) -> Named:
        kinds: list[Any] = [
            "JWT",
            "jwt",
            "dpop+jwt",
            "token-introspection+jwt",
            "at+jwt ",
            "at+jwtx",
            "xat+jwt",
            "",
            None,
            1,
            [],
        ]
        for kind in kinds:
            yield f"typ {kind!r}", self.ours({**self.header, "typ": kind}, self.claims)
        yield "no typ", self.ours({"kid": self.key.key_id}, self.claims)
        for critical in (["exp"], ["b64"], ["http://x.example/unknown"], [], None, "exp"):
            header = {**self.header, "crit": critical, "b64": True, "exp": 1}
            yield f"crit {critical!r}", self.ours(header, self.claims)
        for kid in ("", "unknown", "../../keys", None, 1, [self.key.key_id], {"kid": self.key.key_id}):
            yield f"kid {kid!r}", self.ours({**self.header, "kid": kid}, self.claims)
        yield "no kid", self.ours({"typ": "at+jwt"}, self.claims)
        payload = jws.decode(self.body)
        for other in ("EdDSA", "Ed25519", "ES256", "PS256", "RS256", "RS512", "ES384", "ES256K", "A256GCM"):
            if other != self.key.algorithm:
                head = _json({**self.header, "alg": other})
                yield f"alg {other} over our signature", f"{head}.{self.body}.{self.signature}"
                ours = jws.signed(f"{head}.".encode(), payload, self.key._private, self.key.algorithm)
                yield f"alg {other} signed as {self.key.algorithm}", ours
        if self.key.algorithm is Algorithm.RS256:
            yield (
                "PS256 by our RS256 key",
                jws.sign({"typ": "at+jwt", "kid": self.key.key_id}, payload, self.key._private, Algorithm.PS256),
            )
        yield "a huge header", self.ours({**self.header, "x": "x" * 1200}, self.claims)
        yield "a header that is a list", f"{_json([self.header])}.{self.body}.{self.signature}"
        yield "a header that is not JSON", f"{jws.encode(b'{alg:EdDSA}')}.{self.body}.{self.signature}"
        yield "a header of brackets", f"{jws.encode(b'[' * 500)}.{self.body}.{self.signature}"

    def _claims(self) -> Named:
        for name in MEMBERS:
            yield f"no {name}", self.ours(self.header, {key: each for key, each in self.claims.items() if key != name})
            values: list[Any] = [None, True, [], {}, [self.claims[name]], "", 1.5, -1]
            for value in values:
                yield f"{name} {value!r}", self.ours(self.header, {**self.claims, name: value})
        issuer, client = self.claims["iss"], self.claims["client_id"]
        changed: list[tuple[str, Any]] = [
            ("iss", issuer + "/"), ("iss", issuer.upper()), ("iss", "https://attacker.example"), ("iss", issuer + "\0"),
            ("aud", issuer + "/"), ("aud", "https://other.example"), ("aud", [issuer, "https://other.example"]),
            ("sub", "customer"), ("client_id", "other"), ("sub", client.upper()), ("exp", self.claims["iat"] - 1),
            ("exp", 2**62), ("iat", -(2**62)), ("iat", str(self.claims["iat"])), ("jti", "A" + self.claims["jti"]),
            ("jti", "0x" + self.claims["jti"][2:]), ("jti", self.claims["jti"][1:]),
            ("jti", " " + self.claims["jti"][1:]),
            ("scope", 'a"b'), ("scope", "é"), ("ref", "1.1.0"), ("ref", "1.1.0.0.0"), ("ref", "1.1.0.1000000"),
            ("ref", "1.1.0.0.-1"), ("ref", "1.1.0.0.01"), ("ref", "1.1.0.0.4294967296"),
            ("ref", "1.1.0.0.1.0"), ("ref", "1.1.0.0."), ("ref", "1.1.0.0." + "9" * 5000),
            ("ref", "01.1.0.0"), ("ref", "1.1.0.-1"), ("ref", "9.1.0.0"), ("ref", "1.1.9.0"), ("ref", "1.1.0.x"),
            ("cnf", {"jkt": "short"}), ("cnf", {"kid": "x"}), ("cnf", {"jkt": "x", "x5t#S256": "y"}), ("cnf", "x"),
        ]  # fmt: skip
        for name, value in changed:
            yield f"{name} {value!r}", self.ours(self.header, {**self.claims, name: value})
        elsewhere = {**self.claims, "iss": "https://attacker.example", "aud": "https://attacker.example"}
        yield "iss and aud of another", self.ours(self.header, elsewhere)
        another = {**self.claims, "sub": "another", "client_id": "another"}
        yield "sub and client_id of another", self.ours(self.header, another)
        id_token = {"iss": issuer, "sub": "user", "aud": client, "exp": self.claims["exp"], "iat": self.claims["iat"]}
        yield "an ID token", self.ours({"kid": self.key.key_id, "typ": "JWT"}, id_token)
        assertion = {**id_token, "iss": client, "sub": client, "aud": issuer, "jti": "1"}
        yield "a client assertion", self.ours({"kid": self.key.key_id, "typ": "client-authentication+jwt"}, assertion)
        answer = {**id_token, "token_introspection": {**self.claims, "active": True}}
        yield "an introspection answer", self.ours({"kid": self.key.key_id, "typ": "token-introspection+jwt"}, answer)

    def _payloads(self) -> Named:
        for name, payload in {
            "nothing": b"",
            "a list": b"[1]",
            "a text": b'"x"',
            "null": b"null",
            "brackets": b"[" * 1500,
            "nested objects": b'{"iss":' * 200 + b"1" + b"}" * 200,
            "no UTF-8": b'{"iss":"\xff"}',
            "half a character": rb'{"iss":"\ud800"}',
            "two objects": json.dumps(self.claims).encode() * 2,
            "NaN": b'{"exp":NaN}',
        }.items():
            yield f"a payload of {name}", self.ours(self.header, payload)
        changed = {**self.claims, "scope": "openid loyalty:admin"}
        yield "another payload under our signature", f"{self.head}.{_json(changed)}.{self.signature}"

    def _shapes(self) -> Named:
        good = self.good
        yield "two parts", f"{self.head}.{self.body}"
        yield "four parts", f"{good}.{self.signature}"
        yield "five parts", f"{self.head}....{self.signature}"
        yield "dots", "..."
        yield "two dots", ".."
        yield "8 MiB of dots", "." * (8 << 20)
        yield "8 MiB of a", f"{'a' * (8 << 20)}.a.a"
        yield "a huge payload", self.ours(self.header, {**self.claims, "x": "x" * 4000})
        yield "padding", f"{self.head}.{self.body}==.{self.signature}"
        yield "padding behind", f"{good}="
        for blank in (" ", "\n", "\t", "\0", "\x80", "é", "%2E", ","):
            yield f"{blank!r} behind", good + blank
            yield f"{blank!r} in front", blank + good
            yield f"{blank!r} inside", f"{self.head}{blank}.{self.body}.{self.signature}"
        yield (
            "JSON serialization",
            json.dumps({"protected": self.head, "payload": self.body, "signature": self.signature, "x": "..."}),
        )

    def _signatures(self) -> Named:
        raw = jws.decode(self.signature)
        kept = f"{self.head}.{self.body}"
        for at in (0, len(raw) // 2, len(raw) - 1):
            yield f"bit {at} flipped", f"{kept}.{jws.encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])}"
        yield "a signature cut short", f"{kept}.{jws.encode(raw[:-1])}"
        yield "a signature made longer", f"{kept}.{jws.encode(raw + bytes(1))}"
        yield "a signature of zeros", f"{kept}.{jws.encode(bytes(len(raw)))}"
        yield "a signature of ones", f"{kept}.{jws.encode(bytes([255] * len(raw)))}"
        last = self.signature[-1]
        others = [each for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" if each != last]
        for each in others:
            yield f"the last character {each}", good_but_last(self.good, each)
        if self.key.algorithm is Algorithm.ES256:
            r, s = (int.from_bytes(half) for half in (raw[:32], raw[32:]))
            yield "a zero between the halves", f"{kept}.{jws.encode(raw[:32] + bytes(1) + raw[32:])}"
            yield "a signature as DER", f"{kept}.{jws.encode(encode_dss_signature(r, s))}"
            order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
            for name, pair in {"zero": (0, 0), "the order": (order, order), "one": (1, 1)}.items():
                halves = b"".join(each.to_bytes(32) for each in pair)
                yield f"a signature of {name}", f"{kept}.{jws.encode(halves)}"


def good_but_last(good: str, last: str) -> str:
    """The token with another last character: another signature, or the same one in another spelling."""
    return good[:-1] + last
