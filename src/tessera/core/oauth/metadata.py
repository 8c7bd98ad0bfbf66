"""What the service tells of itself, from plain values: where its endpoints are, and what they take.

What is told works, and what works is told: an endpoint or a method that is added has its line here.
"""

from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core import scopes
from tessera.core.clients.signing_methods import TOKEN_PATH
from tessera.core.keys import jws

AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
OPENID_CONFIGURATION = "/.well-known/openid-configuration"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
KEYS = "/oauth/discovery/keys"

AUTHENTICATION_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
"""How a client may prove itself, by the names of RFC 7591 section 2 and RFC 8705 section 2."""

ACCESS_TOKENS = ("Bearer", "DPoP")
"""Types of access tokens by which a client may ask about its other tokens (RFC 7662 section 2.1)."""

INTROSPECTION_SIGNED_WITH = jws.Algorithm.EDDSA
"""What signed answers about tokens are signed with (RFC 9701)."""

SELF_SIGNED, BY_SUBJECT = "self_signed_tls_client_auth", "tls_client_auth"
"""These need a proxy whose word on certificates is taken; the second one also authorities of our own."""


class EndpointAliases(msgspec.Struct, frozen=True, kw_only=True):
    """Where clients with certificates find the endpoints (RFC 8705 section 5)."""

    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str


class AuthorizationServer(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to know of the authorization server (RFC 8414 section 2)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
    scopes_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...]
    grant_types_supported: tuple[str, ...]
    subject_types_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    revocation_endpoint_auth_methods_supported: tuple[str, ...]
    introspection_endpoint_auth_methods_supported: tuple[str, ...]
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    revocation_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    introspection_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    introspection_signing_alg_values_supported: tuple[str, ...]
    tls_client_certificate_bound_access_tokens: bool
    dpop_signing_alg_values_supported: tuple[str, ...]
    protected_resources: tuple[str, ...]
    service_documentation: str
    mtls_endpoint_aliases: EndpointAliases | UnsetType = UNSET


class ProtectedResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to know of the platform's API (RFC 9728 section 2)."""

    resource: str
    authorization_servers: tuple[str, ...]
    scopes_supported: tuple[str, ...]
    bearer_methods_supported: tuple[str, ...]
    dpop_signing_alg_values_supported: tuple[str, ...]
    resource_name: str
    resource_documentation: str


def authorization_server(
    issuer: str,
    *,
    grants: tuple[str, ...],
    certificates: bool = False,
    authorities: bool = False,
    mtls_address: str | None = None,
    algorithms: tuple[str, ...] = jws.ALGORITHMS,
) -> AuthorizationServer:
    """The document of the authorization server with this issuer.

    `grants` are the grant types of the token endpoint. `certificates` says whether those of clients are handed over,
    `authorities` whether we believe any; `mtls_address` is where such clients find the endpoints, if it is not the
    issuer's. `algorithms` are those that clients may sign with.
    """
    by_certificate = ((SELF_SIGNED, BY_SUBJECT) if authorities else (SELF_SIGNED,)) if certificates else ()
    methods = AUTHENTICATION_METHODS + by_certificate
    return AuthorizationServer(
        issuer=issuer,
        **_endpoints(issuer),
        jwks_uri=f"{issuer}{KEYS}",
        scopes_supported=scopes.WELL_KNOWN,
        response_types_supported=(),  # there is no authorization endpoint
        grant_types_supported=grants,
        subject_types_supported=("public",),
        token_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_methods_supported=(*methods, *ACCESS_TOKENS),
        token_endpoint_auth_signing_alg_values_supported=algorithms,
        revocation_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_signing_alg_values_supported=(INTROSPECTION_SIGNED_WITH,),
        tls_client_certificate_bound_access_tokens=certificates,
        dpop_signing_alg_values_supported=algorithms,
        protected_resources=(issuer,),
        service_documentation=f"{issuer}/docs",
        mtls_endpoint_aliases=(
            UNSET if mtls_address is None or not certificates else EndpointAliases(**_endpoints(mtls_address))
        ),
    )


def _endpoints(address: str) -> dict[str, str]:
    return {
        "token_endpoint": f"{address}{TOKEN_PATH}",
        "revocation_endpoint": f"{address}/oauth/revoke",
        "introspection_endpoint": f"{address}/oauth/introspect",
    }


def protected_resource(issuer: str, algorithms: tuple[str, ...] = jws.ALGORITHMS) -> ProtectedResource:
    """The document of the platform's API, whose identifier is the issuer's own."""
    return ProtectedResource(
        resource=issuer,
        authorization_servers=(issuer,),
        scopes_supported=scopes.WELL_KNOWN,
        bearer_methods_supported=("header",),
        dpop_signing_alg_values_supported=algorithms,
        resource_name="Tessera",
        resource_documentation=f"{issuer}/docs",
    )


def addresses(document: str, issuer: str) -> list[str]:
    """The paths at which a document is served: its own, and the one with the issuer's path behind it.

    The second is the one that RFC 8414 section 3.1 and RFC 9728 section 3.1 ask for; the first answers where a proxy
    takes the issuer's path off, as OpenID Connect asks for it.
    """
    path = urlsplit(issuer).path
    return [document, document + path] if path else [document]


def protected_resource_address(issuer: str) -> str:
    """Where the document of the platform's API is, as a challenge says it (RFC 9728 section 5.1)."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}{PROTECTED_RESOURCE}{parts.path}"
