"""Client assertions: good ones as a client makes them, and whatever else is asked for."""

import hmac
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tessera.core.clients import assertions
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, PrivateKey

_count = count(1)


def new_key(algorithm: Algorithm = Algorithm.ES256) -> PrivateKey:
    """A new private key for this algorithm."""
    if algorithm in {Algorithm.EDDSA, Algorithm.ED25519}:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm is Algorithm.ES256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def jwk(key: PrivateKey, **members: str) -> bytes:
    """The public half as a JWK, with members beside."""
    return msgspec.json.encode({**public_keys.jwk(key.public_key()), **members})


def claims(client_id: str, audience: object, now_seconds: float, **other: object) -> dict[str, object]:
    """The claims of a good assertion, with others in place of them; those that are None are left out."""
    made: dict[str, object] = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(now_seconds) + 60,
        "iat": int(now_seconds),
        "jti": f"assertion-{next(_count)}",
        **other,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(
    key: PrivateKey,
    says: Mapping[str, object],
    algorithm: Algorithm = Algorithm.ES256,
    **header: Any,
) -> str:
    """These claims, signed."""
    return jws.sign(header, msgspec.json.encode(says), key, algorithm)


def signed_raw(key: PrivateKey, payload: bytes) -> str:
    """These bytes, signed."""
    return jws.sign({}, payload, key, Algorithm.ES256)


def with_secret(secret: str, says: Mapping[str, object], algorithm: str) -> str:
    """These claims, signed with a secret."""
    head = jws.encode(msgspec.json.encode({"alg": algorithm, "typ": "JWT"}))
    text = f"{head}.{jws.encode(msgspec.json.encode(says))}"
    return f"{text}.{jws.encode(hmac.digest(secret.encode(), text.encode(), f'sha{algorithm[2:]}'))}"


def pem(key: PrivateKey) -> bytes:
    """The public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: PrivateKey) -> bytes:
    """The private half as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def form(assertion: str, **other: str) -> str:
    """The body of a token request with this assertion."""
    return urlencode(
        {
            "grant_type": "client_credentials",
            "client_assertion_type": assertions.TYPE,
            "client_assertion": assertion,
            **other,
        }
    )
