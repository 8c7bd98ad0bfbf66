"""A client's DPoP key, and the proofs that it makes with it: good ones, and any way of bad ones."""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, PrivateKey

MAKERS: dict[Algorithm, Callable[[], PrivateKey]] = {
    Algorithm.EDDSA: ed25519.Ed25519PrivateKey.generate,
    Algorithm.ED25519: ed25519.Ed25519PrivateKey.generate,
    Algorithm.ES256: lambda: ec.generate_private_key(ec.SECP256R1()),
    Algorithm.PS256: lambda: rsa.generate_private_key(65537, 2048),
    Algorithm.RS256: lambda: rsa.generate_private_key(65537, 2048),
}

LEFT_OUT = object()
"""A member with this value is left out of a proof."""


def members(known: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any]:
    """Known members with others put in their place, without those that are left out."""
    return {name: value for name, value in (known | (other or {})).items() if value is not LEFT_OUT}


class Holder:
    """Somebody who holds a private key."""

    def __init__(self, algorithm: Algorithm = Algorithm.ES256) -> None:
        self.algorithm = algorithm
        self.key = MAKERS[algorithm]()
        self.jwk = public_keys.jwk(self.key.public_key())
        self.made = 0

    @property
    def thumbprint(self) -> bytes:
        """The thumbprint of the key."""
        return public_keys.thumbprint(self.key.public_key())

    def proof(
        self,
        method: str,
        address: str,
        *,
        token: str | None = None,
        nonce: str | None = None,
        at: float | None = None,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """A proof for one request, made `at` this second or now; `header` and `claims` replace its members."""
        self.made += 1
        said: dict[str, Any] = {
            "jti": f"proof {self.made} of {id(self)}",
            "htm": method,
            "htu": address,
            "iat": int(time.time() if at is None else at),
        }
        if token is not None:
            said["ath"] = jws.encode(hashlib.sha256(token.encode()).digest())
        if nonce is not None:
            said["nonce"] = nonce
        shown = members({"typ": "dpop+jwt", "jwk": self.jwk}, header)
        return self.signed(shown, json.dumps(members(said, claims)).encode())

    def signed(self, header: dict[str, Any], payload: bytes) -> str:
        """A text signed with the key, whatever it says."""
        return jws.sign(header, payload, self.key, self.algorithm)
