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
        reply = await tokens.issue(house, await _params(request), _authorization(request))
        return Response(200, encode(reply), JSON_NO_STORE_HEADERS)

    async def revoke(request: Request) -> Response:
        """RFC 7009 section 2: an answer of 200 says that the token is dead, or was not this client's to revoke."""
        await tokens.revoke_own(house, await _params(request), _authorization(request))
        return Response(200, b"{}", JSON_NO_STORE_HEADERS)

    return [Route("POST", "/oauth/token", token), Route("POST", "/oauth/revoke", revoke)]


async def _params(request: Request) -> wire.Params:
    body = await request.body(wire.BODY_BYTES_MAX)
    content_type = request.header(b"content-type") or b"" if body else b""
    return wire.form(request.query, body, content_type)


def _authorization(request: Request) -> bytes | None:
    """The header by which a client authenticates; sent twice, it proves nothing."""
    try:
        return request.header(b"authorization")
    except DuplicateHeader:
        raise InvalidClient(UNKNOWN_CLIENT, detail="two Authorization headers") from None
