"""Tokens that are bound to the certificate of whoever asked for them (RFC 8705 section 3)."""

from tessera.core.clients import certificates
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Authenticated, Place
from tessera.core.errors import InvalidRequest
from tessera.core.presented import RequestCredentials
from tessera.core.tokens.access_tokens import Claims


def requested(caller: Authenticated, request_credentials: RequestCredentials, binding: TokenBinding) -> bytes:
    """The thumbprint of the request's certificate, when the application wants its tokens bound or was proved by it.

    It is empty when the token is not to be bound to a certificate. `binding` is what the token is bound to already.

    Raises InvalidRequest when it wants that, and there is no certificate, or the token is bound to something else.
    """
    wanted = caller.application.options.token_binding is TokenBinding.TLS
    if not wanted and (caller.place is not Place.CONNECTION or binding):
        return b""
    if not request_credentials.certificate:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Connect with one.", check="binding.certificate"
        )
    if binding:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Leave the DPoP proof out.", check="binding.two"
        )
    return certificates.thumbprint(request_credentials.certificate)


def fits(claims: Claims, request_credentials: RequestCredentials) -> bool:
    """Whether a request came with the certificate that the token is bound to, if it is bound to one."""
    return claims.binding is not TokenBinding.TLS or certificates.same(
        request_credentials.certificate, claims.thumbprint
    )
