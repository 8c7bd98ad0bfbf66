"""Challenges: what the answer of 401 or 403 asks a program to authenticate by (RFC 9110 section 11.6.1)."""

from typing import NamedTuple

from tessera.core import errors
from tessera.core.errors import Refusal
from tessera.core.keys.jws import ALGORITHMS
from tessera.web.messages import Headers

REALM = "tessera"


class Challenge(NamedTuple):
    """Parameters of challenges that no refusal brings.

    `resource_metadata` is where the platform's metadata is (RFC 9728 section 5.1), `algorithms` are those of DPoP
    proofs (RFC 9449 section 7.1).
    """

    resource_metadata: str = ""
    algorithms: tuple[str, ...] = ALGORITHMS


NO_METADATA = Challenge()
"""Challenges where nothing is known of the platform's metadata."""


def challenges(refusal: Refusal, challenge: Challenge) -> Headers:
    """The challenges of a kind of refusal, and the nonce for the next DPoP proof; nothing for most kinds."""
    where = f'resource_metadata="{challenge.resource_metadata}"' if challenge.resource_metadata else ""
    match refusal:
        case errors.InvalidClient():
            return _challenges('error="invalid_client"', f'error_description="{refusal.public}"')
        case errors.InvalidToken():
            return _challenges('error="invalid_token"', f'error_description="{refusal.public}"')[1:]
        case errors.InvalidAuthToken():
            return _challenges('error="invalid_token"', f'error_description="{refusal.public}"', where)
        case errors.UseDPoPNonce() | errors.DPoPChallenge():
            return _dpop(refusal, where, " ".join(challenge.algorithms))
        case errors.MissingCredentials() | errors.InvalidAPIKey():
            return _challenges(where)
        case errors.InsufficientScope():
            lacking = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{refusal.scope}"'
            return ((b"www-authenticate", lacking.encode("ascii")),)
    return ()


def _dpop(refusal: errors.UseDPoPNonce | errors.DPoPChallenge, where: str, algorithms: str) -> Headers:
    """The nonce, and on the platform the challenge (RFC 9449 sections 7.1, 8 and 9)."""
    nonce: Headers = ((b"dpop-nonce", refusal.nonce.encode("ascii")),) if refusal.nonce else ()
    if isinstance(refusal, errors.UseDPoPNonce):
        return nonce
    challenge = (
        f'DPoP realm="{REALM}", error="{refusal.error}", error_description="{refusal.public}",'
        f' algs="{algorithms}"' + (f", {where}" if where else "")
    )
    return ((b"www-authenticate", challenge.encode("ascii")), *nonce)


def _challenges(*parameters: str) -> Headers:
    """Basic first, for clients that only then send it; Bearer beside it (RFC 6750 section 3)."""
    bearer = ", ".join([f'Bearer realm="{REALM}"', *(each for each in parameters if each)])
    return (
        (b"www-authenticate", f'Basic realm="{REALM}", charset="UTF-8"'.encode("ascii")),
        (b"www-authenticate", bearer.encode("ascii")),
    )
