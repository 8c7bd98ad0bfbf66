"""DPoP proofs: what is read from a good one, and every way in which one is bad (RFC 9449 section 4.3)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm
from tessera.core.tokens import dpop
from tessera.core.tokens.dpop import BadProof, DPoPProof, NonceNeeded
from tests.support.possession import LEFT_OUT, Holder

ADDRESS = "https://id.example.com/oauth/token"
TOKEN = "0154a5d817b2"
AT = 1_900_000_000
NOW = AT * 1_000_000
HOLDER = Holder()
OTHER = Holder()


def read(
    *proofs: str | bytes, address: str = ADDRESS, token: str | None = None, nonces: tuple[str, ...] = ()
) -> DPoPProof:
    """What a POST with these DPoP headers proves."""
    raw = tuple(each.encode() if isinstance(each, str) else each for each in proofs)
    return dpop.read(raw, method="POST", addresses=(address,), now=NOW, nonces=nonces, token=token)


def made(header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None, **options: Any) -> str:
    """A proof for a POST at the address, made now, with other members in it."""
    return HOLDER.proof("POST", ADDRESS, at=options.pop("at", AT), header=header, claims=claims, **options)


def base64url(value: dict[str, Any] | bytes) -> str:
    """A part of a signed text."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hmac_signed(header: dict[str, Any], key: bytes) -> str:
    """A proof with a symmetric signature."""
    payload = {"jti": "1", "htm": "POST", "htu": ADDRESS, "iat": AT}
    signed = f"{base64url(header)}.{base64url(payload)}"
    return f"{signed}.{base64url(hmac.digest(key, signed.encode(), 'sha256'))}"


def resigned(change: Callable[[list[str]], object]) -> str:
    """A good proof whose parts were changed after it was signed."""
    parts = made().split(".")
    change(parts)
    return ".".join(parts)


def replaced(place: int, value: dict[str, Any] | bytes) -> str:
    """A good proof with one of its parts in another's place."""

    def change(parts: list[str]) -> None:
        parts[place] = base64url(value)

    return resigned(change)


def header_as(write: Callable[[str], bytes]) -> str:
    """A proof whose header is written in another way, and signed as it is written."""
    header = jws.encode(write(json.dumps(_GOOD_HEADER))).encode() + b"."
    return jws.signed(header, json.dumps(_GOOD_CLAIMS).encode(), HOLDER.key, HOLDER.algorithm)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_good_proof_is_read(algorithm: Algorithm) -> None:
    """By every algorithm; the thumbprint is that of its key, and it is stale a minute after it was made."""
    holder = Holder(algorithm)
    proof = read(holder.proof("POST", ADDRESS, at=AT, claims={"jti": "once"}))
    assert proof == DPoPProof("once", holder.thumbprint, NOW + 61_000_000)


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The example of RFC 9449 section 6.1 has the thumbprint that stands there."""
    jwk = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    key = public_keys.verifying_key(jwk).key
    assert jws.encode(public_keys.thumbprint(key)) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_the_example_of_rfc_9449_is_read() -> None:
    """The proof of section 4.1, byte for byte, at its own moment."""
    text = (
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJ"
        "oRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.e"
        "yJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0"
        "IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
    )
    proof = dpop.read(
        (text.encode(),), method="POST", addresses=("https://server.example.com/token",), now=1_562_262_616_000_000
    )
    assert proof.proof_id == "-BwC3ESc6acc2lTc"
    assert jws.encode(proof.thumbprint) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


ACCEPTED = {
    "query and fragment": {"claims": {"htu": f"{ADDRESS}?a=b&c#d"}},
    "upper-case host and scheme": {"claims": {"htu": "HTTPS://ID.Example.COM/oauth/token"}},
    "the default port": {"claims": {"htu": "https://id.example.com:443/oauth/token"}},
    "an unreserved letter escaped": {"claims": {"htu": "https://id.example.com/oauth/%74oken"}},
    "made ten seconds ago": {"at": AT - 10},
    "made in ten seconds": {"at": AT + 10},
    "made a minute ago": {"at": AT - 60},
    "a moment with a fraction": {"at": AT, "claims": {"iat": AT + 0.5}},
    "more members": {"header": {"kid": "1", "x": [1]}, "claims": {"exp": 1, "sub": "somebody", "x": {"y": None}}},
    "the key's own remarks": {"header": {"jwk": {**HOLDER.jwk, "use": "sig", "kid": "7", "alg": "ES256", "ext": True}}},
}


@pytest.mark.parametrize("options", ACCEPTED.values(), ids=ACCEPTED)
def test_what_does_not_matter_does_not_matter(options: dict[str, Any]) -> None:
    """Other spellings of the same address, clocks that differ a little, and members that nobody asked for."""
    assert read(made(**options)).thumbprint == HOLDER.thumbprint


_RSA = rsa.generate_private_key(65537, 1024)
_PEM = HOLDER.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_GOOD_HEADER = {"typ": "dpop+jwt", "alg": "ES256", "jwk": HOLDER.jwk}
_GOOD_CLAIMS = {"jti": "1", "htm": "POST", "htu": ADDRESS, "iat": AT}

REFUSED: dict[str, Callable[[], str | bytes]] = {
    "empty": lambda: "",
    "no signed text": lambda: "a proof",
    "two parts": lambda: resigned(lambda parts: parts.pop()),
    "four parts": lambda: made() + ".",
    "bytes beyond ASCII": lambda: b"\xff\xfe.\xff.\xff",
    "a blank behind it": lambda: made() + " ",
    "padding": lambda: made() + "==",
    "the header no JSON": lambda: replaced(0, b"{"),
    "the header an array": lambda: replaced(0, b"[1]"),
    "the header in UTF-16": lambda: header_as(lambda text: text.encode("utf-16")),
    "the header in UTF-32": lambda: header_as(lambda text: text.encode("utf-32")),
    "a byte order mark before the header": lambda: header_as(lambda text: text.encode("utf-8-sig")),
    "NaN in the header": lambda: header_as(lambda text: text.replace("{", '{"x":NaN,', 1).encode()),
    "the header deep": lambda: header_as(lambda _: b'{"alg":' + b"[" * 740),
    "the payload no JSON": lambda: HOLDER.signed(_GOOD_HEADER, b"{"),
    "the payload an array": lambda: HOLDER.signed(_GOOD_HEADER, b"[]"),
    "the payload not UTF-8": lambda: HOLDER.signed(_GOOD_HEADER, b'{"jti":"\xff"}'),
    "the payload deep": lambda: HOLDER.signed(_GOOD_HEADER, b"[" * 600),
    "no typ": lambda: made({"typ": LEFT_OUT}),
    "typ of another text": lambda: made({"typ": "at+jwt"}),
    "typ JWT": lambda: made({"typ": "JWT"}),
    "typ in capitals": lambda: made({"typ": "DPOP+JWT"}),
    "typ a list": lambda: made({"typ": ["dpop+jwt"]}),
    "no alg": lambda: made({"alg": None}),
    "alg none, unsigned": lambda: ".".join((*replaced(0, {**_GOOD_HEADER, "alg": "none"}).split(".")[:2], "")),
    "alg None, signed": lambda: made({"alg": "None"}),
    "alg HS256 with an empty key": lambda: hmac_signed({**_GOOD_HEADER, "alg": "HS256"}, b""),
    "alg HS256 with the public key": lambda: hmac_signed({**_GOOD_HEADER, "alg": "HS256"}, _PEM),
    "alg HS256 with the key it brings": lambda: hmac_signed(
        {**_GOOD_HEADER, "alg": "HS256", "jwk": {"kty": "oct", "k": base64url(b"secret")}}, b"secret"
    ),
    "alg of another key": lambda: made({"alg": "PS256"}),
    "alg we do not know": lambda: made({"alg": "ES512"}),
    "alg not the key's own": lambda: made({"jwk": {**HOLDER.jwk, "alg": "ES384"}}),
    "a critical member": lambda: made({"crit": ["exp"], "exp": 1}),
    "a critical member that is defined": lambda: made({"crit": ["typ"]}),
    "the payload unencoded": lambda: made({"b64": False, "crit": ["b64"]}),
    "a critical list that is empty": lambda: made({"crit": []}),
    "no jwk": lambda: made({"jwk": LEFT_OUT}),
    "a jku in the jwk's place": lambda: made({"jwk": LEFT_OUT, "jku": "https://example.com/keys"}),
    "an x5u in the jwk's place": lambda: made({"jwk": LEFT_OUT, "x5u": "https://example.com/certificate"}),
    "jwk a text": lambda: made({"jwk": json.dumps(HOLDER.jwk)}),
    "jwk empty": lambda: made({"jwk": {}}),
    "a private key": lambda: made({"jwk": {**HOLDER.jwk, "d": base64url(bytes(32))}}),
    "a private key, emptied": lambda: made({"jwk": {**HOLDER.jwk, "d": None}}),
    "a part of a private RSA key": lambda: made({"jwk": {**HOLDER.jwk, "p": "AQ"}}),
    "a key for encryption": lambda: made({"jwk": {**HOLDER.jwk, "use": "enc"}}),
    "a point off the curve": lambda: made({"jwk": {**HOLDER.jwk, "x": base64url(bytes(32))}}),
    "a short RSA key": lambda: jws.sign(
        {"typ": "dpop+jwt", "jwk": public_keys.jwk(_RSA.public_key())},
        json.dumps(_GOOD_CLAIMS).encode(),
        _RSA,
        Algorithm.PS256,
    ),
    "an RSA key with a long exponent": lambda: made(
        {"alg": "PS256", "jwk": {"kty": "RSA", "n": base64url(b"\xff" * 256), "e": base64url(b"\x01" * 9)}}
    ),
    "the key of somebody else": lambda: made({"jwk": OTHER.jwk}),
    "a broken signature": lambda: replaced(2, bytes(64)),
    "a signature cut short": lambda: resigned(lambda parts: parts.__setitem__(2, parts[2][:-4])),
    "another payload": lambda: replaced(1, {**_GOOD_CLAIMS, "jti": "2"}),
    "no jti": lambda: made(claims={"jti": LEFT_OUT}),
    "jti empty": lambda: made(claims={"jti": ""}),
    "jti a number": lambda: made(claims={"jti": 1}),
    "jti with a control character": lambda: made(claims={"jti": "a\x00b"}),
    "no htm": lambda: made(claims={"htm": LEFT_OUT}),
    "htm of another method": lambda: made(claims={"htm": "GET"}),
    "htm in small letters": lambda: made(claims={"htm": "post"}),
    "no htu": lambda: made(claims={"htu": LEFT_OUT}),
    "htu of another path": lambda: made(claims={"htu": "https://id.example.com/oauth/revoke"}),
    "htu of a longer path": lambda: made(claims={"htu": f"{ADDRESS}/"}),
    "htu of another host": lambda: made(claims={"htu": "https://id.example.org/oauth/token"}),
    "htu of another scheme": lambda: made(claims={"htu": "http://id.example.com/oauth/token"}),
    "htu of another port": lambda: made(claims={"htu": "https://id.example.com:444/oauth/token"}),
    "htu of a port that is none": lambda: made(claims={"htu": "https://id.example.com:x/oauth/token"}),
    "htu with a user": lambda: made(claims={"htu": "https://id.example.com@id.example.com/oauth/token"}),
    "htu with a slash escaped": lambda: made(claims={"htu": "https://id.example.com/oauth%2Ftoken"}),
    "htu with a line feed": lambda: made(claims={"htu": "https://id.example.com/oauth/to\nken"}),
    "htu a path": lambda: made(claims={"htu": "/oauth/token"}),
    "htu an unclosed bracket": lambda: made(claims={"htu": "https://[/oauth/token"}),
    "no iat": lambda: made(claims={"iat": LEFT_OUT}),
    "iat a text": lambda: made(claims={"iat": str(AT)}),
    "iat true": lambda: made(claims={"iat": True}),
    "iat beyond all time": lambda: HOLDER.signed(_GOOD_HEADER, json.dumps({**_GOOD_CLAIMS, "iat": 10**30}).encode()),
    "iat negative": lambda: made(claims={"iat": -AT}),
    "iat an hour ago": lambda: made(at=AT - 3600),
    "iat in an hour": lambda: made(at=AT + 3600),
    "iat 61 seconds ago": lambda: made(at=AT - 61),
    "iat in 61 seconds": lambda: made(at=AT + 61),
    "ath a number": lambda: made(claims={"ath": 1}),
    "nonce a number": lambda: made(claims={"nonce": 1}),
    "long": lambda: made(claims={"x": "x" * 2048}),
    "a long header": lambda: made({"x": "x" * 1024}),
}


@pytest.mark.parametrize("proof", REFUSED.values(), ids=REFUSED)
def test_a_bad_proof_proves_nothing(proof: Callable[[], str | bytes]) -> None:
    """Each of these is refused with a reason that repeats nothing of it."""
    with pytest.raises(BadProof) as refused:
        read(proof())
    assert "example.org" not in str(refused.value)


def test_one_proof_is_needed() -> None:
    """No DPoP header, and two of them, prove nothing."""
    with pytest.raises(BadProof):
        read()
    with pytest.raises(BadProof):
        read(made(), made())


def test_a_proof_at_the_platform_names_the_token() -> None:
    """The digest of the very token that was sent, and no other."""
    assert read(made(token=TOKEN), token=TOKEN)
    wrong: list[str | object] = [LEFT_OUT, "", TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest(), "é"]
    for ath in wrong:
        with pytest.raises(BadProof):
            read(made(token=TOKEN, claims={"ath": ath}), token=TOKEN)
    with pytest.raises(BadProof):
        read(made(token="another"), token=TOKEN)


def test_a_nonce_is_asked_for_when_all_else_is_good() -> None:
    """One of those in force is taken; without, or with another, it is asked for; a bad proof is bad whatever it has."""
    nonces = dpop.nonces(b"key" * 8, NOW)
    for nonce in nonces:
        assert read(made(nonce=nonce), nonces=nonces)
    for wrong in (None, "", "another", nonces[0].lower()):
        with pytest.raises(NonceNeeded):
            read(made(nonce=wrong), nonces=nonces)
    with pytest.raises(BadProof):
        read(made(nonce=nonces[0], claims={"htm": "GET"}), nonces=nonces)


def test_a_nonce_is_taken_for_three_to_six_minutes() -> None:
    """It is handed out in one window and taken in the next; other keys make others."""
    key = bytes(32)
    begin = NOW - NOW % (dpop.NONCE_SECONDS * 1_000_000)
    first = dpop.nonces(key, begin)[0]
    assert dpop.nonces(key, begin + 179_999_999)[0] == first
    assert dpop.nonces(key, begin + 180_000_000)[1] == first
    assert dpop.nonces(key, begin + 359_999_999)[1] == first
    assert first not in dpop.nonces(key, begin + 360_000_000)
    assert first not in dpop.nonces(key, begin - 1)
    assert set(dpop.nonces(b"other", NOW)).isdisjoint(dpop.nonces(key, NOW))


@pytest.mark.parametrize("spelling", [b"DPoP", b"dpop", b"DPOP"])
def test_the_scheme_is_read_without_case(spelling: bytes) -> None:
    """RFC 9110 section 11.1."""
    assert dpop.token(spelling + b" 01ab") == "01ab"


@pytest.mark.parametrize("value", [b"Bearer 01ab", b"DPoP", b"DPoPx 01ab", b""])
def test_another_scheme_is_another(value: bytes) -> None:
    """Only the whole name counts."""
    assert dpop.token(value) is None
