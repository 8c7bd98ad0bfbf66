"""Tokens that are bound to the certificate of whoever asked for them (RFC 8705 section 3)."""

import msgspec

from tessera.core.clients import certificates
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Authenticated, Place
from tessera.core.errors import InvalidRequest
from tessera.core.presented import Evidence
from tessera.core.tokens.access_tokens import Claims


def bind(claims: Claims, caller: Authenticated, evidence: Evidence) -> Claims:
    """The claims, bound to the request's certificate when the application wants that or was proved by it.

    Raises InvalidRequest when it wants that, and there is no certificate, or the token is bound to something else.
    """
    wanted = caller.application.options.token_binding is TokenBinding.TLS
    if not wanted and (caller.place is not Place.CONNECTION or claims.binding):
        return claims
    if not evidence.certificate:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Connect with one.", check="binding.certificate"
        )
    if claims.binding:
        raise InvalidRequest(
            "Tokens of this client are bound to a certificate. Leave the DPoP proof out.", check="binding.two"
        )
    thumbprint = certificates.thumbprint(evidence.certificate)
    return msgspec.structs.replace(claims, binding=TokenBinding.TLS, thumbprint=thumbprint)


def fits(claims: Claims, evidence: Evidence) -> bool:
    """Whether a request came with the certificate that the token is bound to, if it is bound to one."""
    return claims.binding is not TokenBinding.TLS or certificates.same(evidence.certificate, claims.thumbprint)
