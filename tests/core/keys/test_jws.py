"""Signed texts: what others make we read, what we make others read, and keys that are none are refused."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws as joserfc_jws
from joserfc.jwk import import_key

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, Malformed, PrivateKey
from tests.support.possession import MAKERS

TAKEN = [Algorithm.EDDSA, Algorithm.ES256, Algorithm.PS256, Algorithm.RS256]
"""Those that the other libraries know by the same name."""

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
"""By RFC 9864, for the name Ed25519, which most libraries do not know yet."""

PAYLOAD = json.dumps({"iss": "https://id.example.com", "n": 1}).encode()


def verifying(key: PrivateKey) -> jws.VerifyingKey:
    """The public half, by way of its JWK."""
    return public_keys.verifying_key(dict(public_keys.jwk(key.public_key())))


@pytest.mark.parametrize("algorithm", TAKEN)
def test_what_we_sign_others_read(algorithm: Algorithm) -> None:
    """PyJWT and joserfc verify our texts by the JWK that we publish."""
    key = MAKERS[algorithm]()
    text = jws.sign({"typ": "at+jwt", "kid": "one"}, PAYLOAD, key, algorithm)
    public: dict[str, str | list[str]] = {**public_keys.jwk(key.public_key()), "alg": algorithm.value}

    assert jwt.decode(text, jwt.PyJWK(public).key, algorithms=[algorithm.value]) == json.loads(PAYLOAD)
    found = joserfc_jws.deserialize_compact(text, import_key(public), algorithms=[algorithm.value])
    assert found.payload == PAYLOAD
    assert found.headers() == {"alg": algorithm.value, "typ": "at+jwt", "kid": "one"}


@pytest.mark.parametrize("algorithm", TAKEN)
def test_what_others_sign_we_read(algorithm: Algorithm) -> None:
    """Texts by PyJWT and joserfc verify here under the right key, and under no other."""
    key = MAKERS[algorithm]()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    kinds: dict[str, Any] = {"EdDSA": "OKP", "ES256": "EC"}
    theirs = import_key(pem, kinds.get(algorithm.value, "RSA"))
    header = {"alg": algorithm.value, "typ": "JWT"}
    for text in (
        jwt.encode(json.loads(PAYLOAD), pem, algorithm=algorithm.value),
        joserfc_jws.serialize_compact(header, PAYLOAD, theirs, algorithms=[algorithm.value]),
    ):
        read = jws.split(text)
        assert json.loads(read.payload) == json.loads(PAYLOAD)
        assert jws.verify(read, verifying(key))
        assert not jws.verify(read, verifying(key), allowed=[each for each in jws.ALGORITHMS if each != algorithm])
        assert not any(jws.verify(read, verifying(make())) for make in MAKERS.values())


@pytest.mark.parametrize("algorithm", TAKEN)
def test_a_key_comes_back_from_its_bytes(algorithm: Algorithm) -> None:
    """A private key read from its bytes signs as before; its thumbprint is that of joserfc."""
    key = MAKERS[algorithm]()
    again = jws.private_key(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    assert jws.verify(jws.split(jws.sign({}, PAYLOAD, again, algorithm)), verifying(key))
    public: dict[str, Any] = dict(public_keys.jwk(key.public_key()))
    assert jws.encode(public_keys.thumbprint(key.public_key())) == import_key(public).thumbprint()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ({"kty": "oct", "k": "c2VjcmV0"}, "private or a secret"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}, "private or a secret"),
        ({"kty": "OKP", "crv": "X25519", "x": "AA"}, "Ed25519, P-256 or RSA"),
        ({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, "Ed25519, P-256 or RSA"),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, "do not make a key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "do not make a key"),
        ({"kty": "OKP", "crv": "Ed25519"}, "lacks x"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AB"}, "one spelling"),
        ({}, "lacks kty"),
        ({"kty": "DSA"}, "Ed25519, P-256 or RSA"),
    ],
)
def test_what_is_no_public_key_for_signatures_is_refused(key: dict[str, Any], sentence: str) -> None:
    """Secret, private, weak, foreign and broken keys are none, and the sentence quotes nothing of them."""
    with pytest.raises(Malformed, match=sentence):
        public_keys.verifying_key(key)


def test_a_short_rsa_key_and_one_for_something_else_are_refused() -> None:
    """RSA below 2048 bits, a key for encryption, and one for an algorithm of another kind."""
    short = public_keys.jwk(rsa.generate_private_key(65537, 1024).public_key())
    with pytest.raises(Malformed, match="2048"):
        public_keys.verifying_key(dict(short))
    good = dict(public_keys.jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    for more in ({"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "RS256"}, {"alg": "HS256"}):
        with pytest.raises(Malformed):
            public_keys.verifying_key({**good, **more})


def test_base64url_has_one_spelling() -> None:
    """What is encoded comes back; padding, blanks, the other alphabet and left-over bits do not."""
    for length in range(70):
        raw = bytes(range(200, 200 + length % 50)) + bytes(length // 50)
        assert jws.decode(jws.encode(raw)) == raw
    for text in ("AA==", "AB", "A", "+w", "/w", " AA", "AA\n", "é"):
        with pytest.raises(Malformed):
            jws.decode(text)


def test_material_of_another_kind_is_no_private_key() -> None:
    """A key that cannot sign, and bytes that are none, are refused."""
    from cryptography.hazmat.primitives.asymmetric import x25519

    other = x25519.X25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for material in (other, b"", ed25519.Ed25519PrivateKey.generate().private_bytes_raw()):
        with pytest.raises(ValueError, match=r"."):
            jws.private_key(material)
