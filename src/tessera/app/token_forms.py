"""What tokens look like: sealed, or signed as a JWT; one place that writes them and reads them back."""

from tessera.app.house import House
from tessera.core import jwt_tokens, tokens
from tessera.core.applications import Application, TokenFormat
from tessera.core.signing import FORMATS
from tessera.core.tokens import Claims

PLATFORM = 0
"""The number of the platform among the resources."""


def write(house: House, claims: Claims, application: Application) -> str:
    """The token that carries these claims, in the form that its resource asks for or else its application."""
    form = _form(claims.resource, application)
    if form is TokenFormat.OPAQUE:
        return tokens.seal(house.directory.ring, claims)
    key = house.directory.signing.signing(FORMATS[form], claims.issued_at)
    return jwt_tokens.sign(key, claims, application.client_id, house.issuer, audience(house, claims.resource))


def _form(_resource: int, application: Application) -> TokenFormat:
    """The form of a token for a resource."""
    return application.options.token_format


def audience(house: House, _resource: int) -> str:
    """The identifier of a resource, by which a token says that it is for it: for the platform the issuer's own."""
    return house.issuer


def _resource(house: House, identifier: str) -> int | None:
    """The number of the resource with this identifier; None when we know none."""
    return PLATFORM if identifier == house.issuer else None


async def read(house: House, token: str, now: int) -> Claims | None:
    """The claims of a token we made, in whichever form, dead or alive; None for anything else."""
    if "." in token:
        return await signed(house, token, now)
    return tokens.unseal(house.directory.ring, token, now)


async def signed(house: House, token: str, now: int) -> Claims | None:
    """The claims of a signed token we made, dead or alive; None for anything else (RFC 9068 section 4)."""
    ring = house.directory.signing
    known: Claims | None = ring.remembered.get(token)
    if known is not None:
        return known
    found = jwt_tokens.read(ring, token, now)
    if found is None:
        return None
    key, said = found
    resource = _resource(house, said.aud)
    if said.iss != house.issuer or resource is None:
        return None
    application = await house.directory.applications.with_client_id(said.client_id)
    if application is None:
        return None
    claims = jwt_tokens.claims(said, application.number, resource)
    if claims is not None:
        ring.remember(token, key, claims, claims.expires_at)
    return claims
