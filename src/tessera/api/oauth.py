"""The OAuth endpoints."""

from tessera.app import tokens
from tessera.app.house import House
from tessera.core import wire
from tessera.core.credentials import UNKNOWN_CLIENT
from tessera.core.errors import InvalidClient
from tessera.web.messages import JSON_NO_STORE_HEADERS, DuplicateHeader, Request, Response, encode
from tessera.web.routes import Route


def routes(house: House) -> list[Route]:
    """The OAuth routes of this house."""

    async def token(request: Request) -> Response:
        """RFC 6749 section 3.2."""
        body = await request.body(wire.BODY_BYTES_MAX)
        content_type = request.header(b"content-type") or b"" if body else b""
        params = wire.form(request.query, body, content_type)
        reply = await tokens.issue(house, params, _authorization(request))
        return Response(200, encode(reply), JSON_NO_STORE_HEADERS)

    return [Route("POST", "/oauth/token", token)]


def _authorization(request: Request) -> bytes | None:
    """The header by which a client authenticates; sent twice, it proves nothing."""
    try:
        return request.header(b"authorization")
    except DuplicateHeader:
        raise InvalidClient(UNKNOWN_CLIENT, detail="two Authorization headers") from None
