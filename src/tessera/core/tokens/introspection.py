"""What is told of a token, and to whom (RFC 7662).

| who asks | of which tokens it is told |
|---|---|
| any application | its own |
| the one that a resource names as its server | those for that resource |
| one with the scope `tokens:introspect` | those of its organization |

Everybody else is told what is told of a token that does not exist: `INACTIVE`, and nothing else.
"""

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core import scopes
from tessera.core.clients.applications import Application, TokenBinding
from tessera.core.keys import jws
from tessera.core.times import SECOND
from tessera.core.tokens import jwt_access_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.resource_servers import Resources

INACTIVE = b'{"active":false}'
"""The whole answer for a token that is dead, unknown, no token, or nothing to the caller."""


class Confirmation(msgspec.Struct, frozen=True, gc=False):
    """What the token is bound to: the thumbprint of a key (RFC 9449) or of a certificate (RFC 8705)."""

    jkt: str | UnsetType = UNSET
    x5t: str | UnsetType = msgspec.field(default=UNSET, name="x5t#S256")


SIGNED = "token-introspection+jwt"
"""`typ` of a signed answer (RFC 9701 section 5), and with `application/` before it the type of its content."""


class Active(msgspec.Struct, frozen=True, gc=False):
    """What a live token says (RFC 7662 section 2.2); times are seconds since the epoch."""

    active: bool
    scope: str
    client_id: str
    token_type: str
    exp: int
    iat: int
    sub: str
    aud: str
    iss: str
    jti: str
    cnf: Confirmation | UnsetType = UNSET


def may_look(caller: Application, claims: Claims, owner: Application, resources: Resources) -> bool:
    """Whether an application is told of a token that `owner` was given."""
    if caller.number == owner.number:
        return True
    if scopes.INTROSPECT in caller.scopes and caller.organization == owner.organization:
        return True
    resource = resources.numbered.get(claims.resource)
    return resource is not None and resource.application == caller.number


def describe(claims: Claims, owner: Application, resources: Resources, issuer: str) -> Active:
    """What is told of a live token."""
    resource = resources.numbered.get(claims.resource)
    return Active(
        active=True,
        scope=scopes.show(claims.scopes),
        client_id=owner.client_id,
        token_type="DPoP" if claims.binding is TokenBinding.DPOP else "bearer",
        exp=claims.expires_at // SECOND,
        iat=claims.issued_at // SECOND,
        sub=claims.subject or owner.client_id,
        aud=issuer if resource is None else resource.identifier,
        iss=issuer,
        jti=jwt_access_tokens.token_id(claims.token_id),
        cnf=_confirmation(claims) if claims.binding else UNSET,
    )


def _confirmation(claims: Claims) -> Confirmation:
    thumbprint = jws.encode(claims.thumbprint)
    return Confirmation(jkt=thumbprint) if claims.binding is TokenBinding.DPOP else Confirmation(x5t=thumbprint)
