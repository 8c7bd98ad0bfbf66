"""Access tokens: their claims, their life, and the reply that hands one out.

Claims in binary form, big-endian, 29 bytes and the scopes:

    form 1 | application 4 | credential 4 | token id 8 | issued at 8 | lifetime seconds 4 | scopes 2 and more

so a token with the platform's own scopes is 96 hex characters long. A token for another resource, or one that is bound
to a key or a certificate, has form 2, in which these stand before the scopes:

    resource 4 | binding 1 | thumbprint 32 when it is bound
"""

import struct

import msgspec

from tessera.core import resources, scopes
from tessera.core.applications import Application, TokenBinding
from tessera.core.resources import Resources
from tessera.core.revocations import Revocations
from tessera.core.scopes import Scopes
from tessera.core.sealing import Ring
from tessera.core.times import SECOND

PURPOSE = [b"access"]
"""Associated data of an access token: a seal made for another purpose does not open as one."""

LIFETIME_SECONDS_MAX = 10 * 366 * 86400

_PLAIN = 1
_TARGETED = 2
_FIXED = struct.Struct(">BIIQQI")
_TARGET = struct.Struct(">IB")

THUMBPRINT_BYTES = 32
"""A SHA-256: of a DPoP key (RFC 7638), or of a certificate (RFC 8705 section 3.1)."""


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a token says: `application` and `credential` by number, `issued_at` in microseconds since the epoch.

    `resource` is the number of the resource it is for, 0 for the platform. `thumbprint` is that of the key or the
    certificate it is bound to, empty when `binding` is NONE.
    """

    application: int
    credential: int
    token_id: int
    issued_at: int
    lifetime_seconds: int
    scopes: Scopes
    resource: int = 0
    binding: TokenBinding = TokenBinding.NONE
    thumbprint: bytes = b""

    @property
    def expires_at(self) -> int:
        """The microsecond at which the token is no longer live."""
        return self.issued_at + self.lifetime_seconds * SECOND


class TokenReply(msgspec.Struct, frozen=True, gc=False):
    """The token response, members in the order of the wire (RFC 6749 section 5.1, and `created_at`)."""

    access_token: str
    created_at: int
    expires_in: int
    scope: str
    token_type: str = "bearer"


def seal(ring: Ring, claims: Claims) -> str:
    """The opaque token that carries these claims."""
    target = b""
    if claims.resource or claims.binding:
        target = _TARGET.pack(claims.resource, claims.binding) + claims.thumbprint
    fixed = _FIXED.pack(
        _TARGETED if target else _PLAIN,
        claims.application,
        claims.credential,
        claims.token_id,
        claims.issued_at,
        claims.lifetime_seconds,
    )
    return ring.seal(fixed + target + scopes.pack(claims.scopes), PURPOSE, claims.issued_at)


def unseal(ring: Ring, token: str, now: int) -> Claims | None:
    """The claims of a token we made, dead or alive, or None for anything else."""
    known: Claims | None = ring.remembered.get(token)
    if known is not None:
        return known
    raw = ring.open(token, PURPOSE, now)
    if raw is None:
        return None
    claims = _read(raw)
    if claims is not None:
        ring.remember(token, claims, claims.expires_at)
    return claims


def _read(raw: bytes) -> Claims | None:
    form, application, credential, token_id, issued_at, lifetime = _FIXED.unpack_from(raw)
    if form == _PLAIN:
        return Claims(application, credential, token_id, issued_at, lifetime, scopes.unpack(raw[_FIXED.size :]))
    if form != _TARGETED:
        return None
    resource, binding = _TARGET.unpack_from(raw, _FIXED.size)
    begin = _FIXED.size + _TARGET.size
    end = begin + (THUMBPRINT_BYTES if binding else 0)
    granted = scopes.unpack(raw[end:])
    return Claims(
        application, credential, token_id, issued_at, lifetime, granted, resource, TokenBinding(binding), raw[begin:end]
    )


def live(
    claims: Claims,
    application: Application | None,
    revocations: Revocations,
    now: int,
    known: Resources = resources.NONE,
) -> bool:
    """Whether a token is live: within its life, its application in service, and not revoked in any way.

    One for a resource is live only while that is one of the `known` and the application may do there all it claims.
    """
    expires_at = claims.expires_at
    return (
        application is not None
        and now < expires_at
        and claims.issued_at >= application.tokens_valid_from
        and application.in_service(now)
        and expires_at > revocations.purged_until
        and not revocations.holds(claims.token_id, expires_at)
        and (not claims.resource or known.uphold(application, claims.resource, claims.scopes))
    )


def seconds_left(claims: Claims, now: int) -> int:
    """The remaining life in whole seconds, rounded down, as it stands just after `now`; never negative.

    So a fresh token of 14 days has 1209599 seconds left: by the time anybody can read it, some of its life is gone.
    """
    return max(0, (claims.issued_at + claims.lifetime_seconds * SECOND - now - 1) // SECOND)


def reply(token: str, claims: Claims, now: int) -> TokenReply:
    """The body of a successful token response."""
    return TokenReply(
        token,
        claims.issued_at // SECOND,
        seconds_left(claims, now),
        scopes.show(claims.scopes),
        "DPoP" if claims.binding is TokenBinding.DPOP else "bearer",
    )
