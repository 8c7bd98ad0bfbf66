"""Request and Response: the only values that handlers see of HTTP."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from tessera.core.errors import Refusal, TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


Headers = tuple[tuple[bytes, bytes], ...]

RESPOND = "tessera.respond"
"""The ASGI extension by which our protocol takes a whole response at once (see `web/protocol.py`)."""


CLOSE = (b"connection", b"close")


class ClientGone(Exception):
    """The client went away, or was sent away, before its request was whole: there is nobody to answer."""


class DuplicateHeader(Refusal):
    """A header that may stand once stands twice."""

    code = "invalid_request"


class Request:
    """One HTTP request; `path_values` are the decoded values of the route's `{names}`, in order."""

    __slots__ = ("_receive", "path_values", "scope")

    def __init__(self, scope: Scope, receive: Receive, path_values: tuple[str, ...]) -> None:
        self.scope = scope
        self._receive = receive
        self.path_values = path_values

    @property
    def query(self) -> bytes:
        """The raw query string."""
        query: bytes = self.scope["query_string"]
        return query

    def header(self, name: bytes) -> bytes | None:
        """The value of a header (name in lower case), or None. Raises DuplicateHeader when it stands twice."""
        found: bytes | None = None
        for key, value in self.scope["headers"]:
            if key == name:
                if found is not None:
                    raise DuplicateHeader(f"The header {name.decode()} was sent twice. Send it once.")
                found = value
        return found

    async def body(self, bytes_max: int) -> bytes:
        """The whole body. Raises TooLarge beyond `bytes_max`, ClientGone when it will never be whole."""
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientGone
        body: bytes = message["body"]
        while message.get("more_body") and len(body) <= bytes_max:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientGone
            body += message["body"]
        if len(body) > bytes_max:
            raise TooLarge(f"The body is longer than {bytes_max} bytes.")
        return body


class Response(msgspec.Struct, gc=False):
    """One HTTP response; `headers` beside the content length, names in lower case."""

    status: int
    body: bytes
    headers: Headers


JSON_HEADERS = ((b"content-type", b"application/json"),)
JSON_NO_STORE_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)

encode = msgspec.json.Encoder().encode

Handler = Callable[[Request], Awaitable[Response]]
