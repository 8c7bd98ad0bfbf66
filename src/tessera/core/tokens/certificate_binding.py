"""Tokens that are bound to the certificate of whoever asked for them (RFC 8705 section 3)."""

from tessera.core.clients import certificates
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Authenticated, Place
from tessera.core.errors import InvalidRequest
from tessera.core.presented import Evidence
from tessera.core.tokens.access_tokens import Claims


def requested(caller: Authenticated, evidence: Evidence, binding: TokenBinding) -> bytes:
    """The thumbprint of the request's certificate, when the application wants its tokens bound or was proved by it.

    It is empty when the token is not to be bound to a certificate. `binding` is what the token is bound to already.

    Raises InvalidRequest when it wants that, and there is no certificate, or the token is bound to something else.
    """
    wanted = caller.application.options.token_binding is TokenBinding.TLS
    if not wanted and (caller.place is not Place.CONNECTION or binding):
        return b""
    if not evidence.certificate:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Connect with one.", check="binding.certificate"
        )
    if binding:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Leave the DPoP proof out.", check="binding.two"
        )
    return certificates.thumbprint(evidence.certificate)


def fits(claims: Claims, evidence: Evidence) -> bool:
    """Whether a request came with the certificate that the token is bound to, if it is bound to one."""
    return claims.binding is not TokenBinding.TLS or certificates.same(evidence.certificate, claims.thumbprint)
