"""What tokens look like: sealed, or signed as a JWT; one place that writes them and reads them back."""

from tessera.app.context import Context
from tessera.core.clients.applications import Application, TokenFormat
from tessera.core.tokens import access_tokens, jwt_access_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.jwt_access_tokens import FORMATS, Said
from tessera.core.tokens.resource_servers import PLATFORM


def write(context: Context, claims: Claims, application: Application) -> str:
    """The token that carries these claims, in the form that its resource asks for or else its application."""
    form = _form(context, claims.resource, application)
    if form is TokenFormat.OPAQUE:
        return access_tokens.seal(context.directory.ring, claims)
    key = context.directory.signing.signing(FORMATS[form], claims.issued_at)
    return jwt_access_tokens.sign(
        key, claims, application.client_id, context.issuer, audience(context, claims.resource)
    )


def _form(context: Context, number: int, application: Application) -> TokenFormat:
    """The form of a token for a resource: the one that the resource asks for, or else the application."""
    resource = context.directory.resources.numbered.get(number) if number else None
    if resource is None or resource.token_format is None:
        return application.options.token_format
    return resource.token_format


def audience(context: Context, number: int) -> str:
    """The identifier of a resource, by which a token says that it is for it: for the platform the issuer's own."""
    resource = context.directory.resources.numbered.get(number)
    return context.issuer if resource is None else resource.identifier


async def read(context: Context, token: str, now: int) -> Claims | None:
    """The claims of a token we made, in whichever form, dead or alive; None for anything else."""
    if "." in token:
        return await signed(context, token, now)
    return access_tokens.unseal(context.directory.ring, token, now)


async def signed(context: Context, token: str, now: int) -> Claims | None:
    """The claims of a signed token we made, dead or alive; None for anything else (RFC 9068 section 4)."""
    ring = context.directory.signing
    known: Claims | None = ring.remembered.get(token)
    if known is not None:
        return known
    found = jwt_access_tokens.read(ring, token, now)
    if found is None or found[1].iss != context.issuer:
        return None
    key, said = found
    claims = await _claims(context, said, said.iss)
    if claims is not None:
        ring.remember(token, key, claims, claims.expires_at)
    return claims


async def of_any_issuer(context: Context, token: str, now: int) -> Claims | None:
    """As `read`, whatever issuer a signed token names: for an operator, whose command does not know the server's."""
    if "." not in token:
        return access_tokens.unseal(context.directory.ring, token, now)
    found = jwt_access_tokens.read(context.directory.signing, token, now)
    return None if found is None else await _claims(context, found[1], found[1].iss)


async def _claims(context: Context, said: Said, issuer: str) -> Claims | None:
    """What a token says as claims; None when it is for nobody we know, or of a client that we do not know."""
    ref = jwt_access_tokens.reference(said)
    if ref is None or said.aud != _identifier(context, ref.resource, issuer):
        return None
    applications = context.directory.applications
    application = applications.numbered.get(ref.application) or await applications.with_number(ref.application)
    if application is None or application.client_id != said.client_id:
        return None
    return jwt_access_tokens.claims(said, ref)


def _identifier(context: Context, number: int, issuer: str) -> str | None:
    """The identifier of a resource, the issuer's own for the platform; None for one that is gone."""
    if number == PLATFORM:
        return issuer
    resource = context.directory.resources.numbered.get(number)
    return None if resource is None else resource.identifier
