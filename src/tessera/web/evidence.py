"""Reading from a request what tells its sender from others: one look at its headers."""

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
    if proxies:
        source = origin.known(proxies).source(source, scope["headers"])
    return Evidence(authorization, source, None, (), proofs, scope["method"], scope["path"])
