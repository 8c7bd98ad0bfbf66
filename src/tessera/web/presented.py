"""Reading a request: what tells its sender from others, by one look at its headers, and its OAuth parameters."""

from tessera.core import wire
from tessera.core.clients import certificates
from tessera.core.clients.credentials import UNKNOWN_CLIENT
from tessera.core.errors import InvalidClient
from tessera.core.oauth import parameters
from tessera.core.presented import RequestCredentials
from tessera.settings import Settings
from tessera.web import client_address
from tessera.web.messages import DuplicateHeader, Request


def read(request: Request, settings: Settings) -> RequestCredentials:
    """The evidence of a request, with as much of what a proxy says as the settings have it believed.

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
    peer = source = client[0] if client else ""
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    if settings.trusted_proxies:
        source = client_address.known(settings.trusted_proxies).source(peer, scope["headers"])
    if settings.client_certificate_proxies and client_address.known(settings.client_certificate_proxies).trusted(peer):
        certificate, chain = _certificate(scope["headers"])
    request.source = source
    path = scope["raw_path"].decode("latin-1")
    return RequestCredentials(
        authorization=authorization,
        source=source,
        certificate=certificate,
        chain=chain,
        proofs=proofs,
        method=scope["method"],
        path=path,
    )


async def read_oauth(
    request: Request, settings: Settings, defined: frozenset[str] = parameters.EVERY_ENDPOINT
) -> tuple[RequestCredentials, wire.Params]:
    """The evidence and the parameters of an OAuth request, of which the endpoint defines these.

    Raises InvalidClient when a header by which a client authenticates was sent twice, which proves nothing, and
    InvalidRequest and TooLarge.
    """
    try:
        request_credentials = read(request, settings)
    except DuplicateHeader:
        raise InvalidClient(UNKNOWN_CLIENT, detail="two Authorization headers", check="client.two_ways") from None
    body = await request.body(wire.BODY_BYTES_MAX)
    content_type = request.header(b"content-type") or b"" if body else b""
    request.params = wire.form(request.query, body, content_type, defined)
    return request_credentials, request.params


def _certificate(headers: client_address.HeaderList) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The client's certificate as the proxy at the connection's other end hands it over (RFC 9440).

    Only for one of `client_certificate_proxies`: anybody else could hand over whichever certificate they like.
    """
    leaves, chains = [], []
    for name, value in headers:
        if name == b"client-cert":
            leaves.append(value)
        elif name == b"client-cert-chain":
            chains.append(value)
    return certificates.handed_over(leaves, chains)
