"""The service's metadata, and the public keys that verify its signed tokens."""

from tessera.app.context import Context
from tessera.app.grants import token_endpoint
from tessera.core.clients import signing_methods
from tessera.core.clients.signing_methods import Profile, SigningAlgorithms
from tessera.core.keys.signing import JWKSet
from tessera.core.oauth import metadata
from tessera.core.oauth.metadata import AuthorizationServer, ProtectedResource
from tessera.web.messages import Headers, Request, Response, encode
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tessera.web.surfaces import OAUTH

CACHED_SECONDS = 300
"""How long anybody may keep what is told; a key is told for longer than that before it signs."""

_HEADERS: Headers = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=%d" % CACHED_SECONDS),
)

AUTHORIZATION_SERVER = Operation(
    summary="What the authorization server can do",
    tag="Discovery",
    reply=AuthorizationServer,
    description="RFC 8414: the addresses of the OAuth endpoints, and what they take. The addresses begin with the"
    " issuer, whatever name the request was sent to.",
    access="public",
    name="getAuthorizationServer",
)

OPENID_CONFIGURATION = Operation(
    summary="What the authorization server can do, at OpenID Connect's address",
    tag="Discovery",
    reply=AuthorizationServer,
    description="The same document, for libraries that look here. There are no ID tokens, nor their members.",
    access="public",
    name="getOpenIDConfiguration",
)

PROTECTED_RESOURCE = Operation(
    summary="What the platform's API asks for",
    tag="Discovery",
    reply=ProtectedResource,
    description="RFC 9728: which authorization server's tokens open the platform, and their scopes.",
    access="public",
    name="getProtectedResource",
)

KEYS = Operation(
    summary="The keys that signed tokens are checked with",
    tag="Discovery",
    reply=JWKSet,
    description="RFC 7517. A key stands here an hour before it signs its first token, and until its last one is dead:"
    " choose by `kid`, and fetch the set again when one comes that you do not know.",
    access="public",
    name="getSigningKeys",
)


def routes(context: Context) -> list[Route]:
    """The routes of this context's documents."""

    async def keys(_request: Request) -> Response:
        """RFC 7517 section 5."""
        return _told(JWKSet(context.directory.signing.published(context.clock.now())))

    algorithms = signing_methods.allowed(Profile.NONE, SigningAlgorithms(0), context.signing_algorithms)
    server = metadata.authorization_server(
        context.issuer,
        grants=token_endpoint.GRANTS.names,
        certificates=bool(context.settings.client_certificate_proxies),
        authorities=context.authorities is not None,
        mtls_address=context.settings.mtls_address,
        algorithms=algorithms,
    )
    platform = metadata.protected_resource(context.issuer, algorithms)
    return [
        *_document(context, metadata.AUTHORIZATION_SERVER, server, AUTHORIZATION_SERVER),
        *_document(context, metadata.OPENID_CONFIGURATION, server, OPENID_CONFIGURATION),
        *_document(context, metadata.PROTECTED_RESOURCE, platform, PROTECTED_RESOURCE),
        Route("GET", metadata.KEYS, keys, OAUTH, KEYS),
    ]


def _document(
    context: Context, path: str, document: AuthorizationServer | ProtectedResource, operation: Operation
) -> list[Route]:
    """The routes of a document that stays as it is: by one of them it is known, the others only answer."""
    response = _told(document)

    async def told(_request: Request) -> Response:
        return response

    first, *others = metadata.addresses(path, context.issuer)
    return [Route("GET", first, told, OAUTH, operation), *(Route("GET", each, told, OAUTH) for each in others)]


def _told(document: AuthorizationServer | ProtectedResource | JWKSet) -> Response:
    return Response(200, encode(document), _HEADERS)
