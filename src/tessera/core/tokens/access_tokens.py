"""Access tokens: their claims, their life, and the reply that hands one out.

Claims in binary form, big-endian, 29 bytes and the scopes. The first byte is the form:

    1, 2    form 1 | application 4 | credential 4 | token id 8 | issued at 8 | lifetime seconds 4
    3, 4    form 1 | application 4 | credential 4 | random 4 | generation 4 | issued at 8 | lifetime seconds 4

so a token with the platform's own scopes is 96 hex characters long. Forms 1 and 2 are of generation 0, in which an
application is until its tokens are revoked for the first time; forms 3 and 4 are of all later generations. Versions of
Tessera from before generations know forms 1 and 2 only.

A token for another resource, or one that is bound to a key or a certificate, has form 2 or 4, in which these stand
before the scopes (2 bytes and more):

    resource 4 | binding 1 | thumbprint 32 when it is bound

A token that is about somebody has form 5 to 8, which are 1 to 4 with these before the scopes:

    subject 16 (a UUID) | grant 8

Versions of Tessera from before them know none of these. The time and the methods of a sign-in will need forms after 8.

A token id has 63 bits: 32 random ones, and the low 31 of the microsecond of issue, which forms 3 and 4 do not repeat.
"""

import struct

import msgspec

from tessera.core import generations, scopes
from tessera.core.clients.applications import Application, TokenBinding
from tessera.core.keys.sealing import Ring
from tessera.core.scopes import Scopes
from tessera.core.times import SECOND, uuid_bytes, uuid_text
from tessera.core.tokens import resource_servers
from tessera.core.tokens.resource_servers import Resources
from tessera.core.tokens.revocations import Revocations

PURPOSE = [b"access"]
"""Associated data of an access token: a seal made for another purpose does not open as one."""

LIFETIME_SECONDS_MAX = 10 * 366 * 86400

_PLAIN = 1
_TARGETED = 2
_LATER = 2
"""Added to the form of a token of a generation after 0."""

_PERSONAL = 4
"""Added to the form of a token that is about somebody, or belongs to a grant."""

_FIXED = struct.Struct(">BIIQQI")
_TARGET = struct.Struct(">IB")
_PERSON = struct.Struct(">16sQ")
_NOBODY = bytes(16)

ID_RANDOM_BYTES = 4

_ID_TIME_BITS = 31
_ID_TIME = (1 << _ID_TIME_BITS) - 1

_UNBOUND = TokenBinding.NONE

THUMBPRINT_BYTES = 32
"""A SHA-256: of a DPoP key (RFC 7638), or of a certificate (RFC 8705 section 3.1)."""


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a token says: `application` and `credential` by number, `issued_at` in microseconds since the epoch.

    `resource` is the number of the resource it is for, 0 for the platform. `thumbprint` is that of the key or the
    certificate it is bound to, empty when `binding` is NONE. `token_id` is what `new_id` made of `issued_at`.
    `generation` is that of its application at the issue (`core/generations.py`). `subject` is the id of the account or
    customer that it is about, a UUID in lower case, empty when that is the application itself; `grant` is the number of
    the sign-in that it belongs to, 0 for none.
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
    generation: int = 0
    subject: str = ""
    grant: int = 0

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


def new_id(random: bytes, issued_at: int) -> int:
    """The id of a token that is issued at this moment, from `ID_RANDOM_BYTES` random bytes."""
    return int.from_bytes(random) << _ID_TIME_BITS | issued_at & _ID_TIME


def seal(ring: Ring, claims: Claims) -> str:
    """The opaque token that carries these claims."""
    form, target = _PLAIN, b""
    if claims.resource or claims.binding:
        form, target = _TARGETED, _TARGET.pack(claims.resource, claims.binding) + claims.thumbprint
    token_id = claims.token_id
    if claims.generation:
        form += _LATER
        token_id = token_id >> _ID_TIME_BITS << generations.BITS | claims.generation
    if claims.subject or claims.grant:
        form += _PERSONAL
        target += _PERSON.pack(uuid_bytes(claims.subject) if claims.subject else _NOBODY, claims.grant)
    fixed = _FIXED.pack(
        form, claims.application, claims.credential, token_id, claims.issued_at, claims.lifetime_seconds
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
    is_personal = form > _PERSONAL
    if is_personal:
        form -= _PERSONAL
    generation = 0
    if form > _LATER:
        form -= _LATER
        generation = token_id % generations.RANGE
        token_id = token_id >> generations.BITS << _ID_TIME_BITS | issued_at & _ID_TIME
    resource, binding, thumbprint, begin = 0, _UNBOUND, b"", _FIXED.size
    if form == _TARGETED:
        resource, bound = _TARGET.unpack_from(raw, begin)
        begin += _TARGET.size
        if bound:
            binding, thumbprint = TokenBinding(bound), raw[begin : begin + THUMBPRINT_BYTES]
            begin += THUMBPRINT_BYTES
    elif form != _PLAIN:
        return None
    subject, grant = "", 0
    if is_personal:
        person, grant = _PERSON.unpack_from(raw, begin)
        begin += _PERSON.size
        subject = "" if person == _NOBODY else uuid_text(person)
    granted = scopes.unpack(raw[begin:])
    return Claims(  # by position: names would cost each opened token 0.12 of some 3 microseconds
        application,
        credential,
        token_id,
        issued_at,
        lifetime,
        granted,
        resource,
        binding,
        thumbprint,
        generation,
        subject,
        grant,
    )


def cut_off(claims: Claims, application: Application) -> bool:
    """Whether all tokens of the application were revoked since this one was issued.

    In generation 0 the moment of issue decides as well, because versions of Tessera from before generations revoked all
    tokens up to a moment. A later generation says it alone, whatever any clock says.
    """
    return claims.generation != application.generation or (
        not claims.generation and claims.issued_at < application.tokens_valid_from
    )


def live(
    claims: Claims,
    application: Application | None,
    revocations: Revocations,
    now: int,
    known: Resources = resource_servers.NONE,
) -> bool:
    """Whether a token is live: within its life, its application in service, and not revoked in any way.

    One for a resource is live only while that is one of the `known` and the application may do there all it claims.
    """
    expires_at = claims.expires_at
    return (
        application is not None
        and now < expires_at
        and not cut_off(claims, application)
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
