"""Reading from a request what tells its sender from others: one look at its headers."""

from tessera.core import certificates
from tessera.core.evidence import Evidence
from tessera.web import origin
from tessera.web.messages import DuplicateHeader, Request


def read(request: Request, proxies: tuple[str, ...]) -> Evidence:
    """The evidence of a request; `proxies` is the setting `trusted_proxies`.

    Raises DuplicateHeader when it has two `Authorization` headers.
    """
    authorization: bytes | None = None
    proofs: tuple[bytes, ...] = ()
    scope = request.scope
    for name, value in scope["headers"]:
        if name == b"authorization":
            if authorization is not None:
                raise DuplicateHeader(
                    "The header authorization was sent twice. Send it once.", check="request.header_twice"
                )
            authorization = value
        elif name == b"dpop":
            proofs = (*proofs, value)
    client = scope["client"]
    source = client[0] if client else ""
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    if proxies:
        origins = origin.known(proxies)
        if origins.trusted(source):
            certificate, chain = _certificate(scope["headers"])
        source = origins.source(source, scope["headers"])
    request.seen.source = source
    path = scope["raw_path"].decode("latin-1")
    return Evidence(authorization, source, certificate, chain, proofs, scope["method"], path, request.quotas)


def _certificate(headers: origin.HeaderList) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The client's certificate as the proxy at the connection's other end hands it over (RFC 9440).

    To be called for a trusted proxy only: anybody else could hand over whichever certificate he likes.
    """
    leaves, chains = [], []
    for name, value in headers:
        if name == b"client-cert":
            leaves.append(value)
        elif name == b"client-cert-chain":
            chains.append(value)
    return certificates.handed_over(leaves, chains)
