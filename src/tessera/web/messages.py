"""Request and Response: the only values that handlers see of HTTP."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import msgspec

from tessera.core.errors import Refusal, TooLarge
from tessera.core.evidence import Seen
from tessera.core.rails import Quota
from tessera.core.wire import Params

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


Headers = tuple[tuple[bytes, bytes], ...]

WHOLE = "tessera.whole"
"""The ASGI extension by which our protocol hands over a whole body, and takes a whole response, at once."""


class Whole(Protocol):
    """What stands under `WHOLE` in a request's extensions (see `web/protocol.py`)."""

    def received(self, scope: Scope) -> bytes | None:
        """The body, when all of it has arrived and none was read; otherwise None, and ASGI's events are the way."""

    def respond(self, scope: Scope, response: "Response") -> bool:
        """Send a response; False when it cannot be done at once, and ASGI's events are the way."""


def whole(scope: Scope) -> Whole | None:
    """The extension, when the server under us has it."""
    extensions = scope.get("extensions")
    return extensions.get(WHOLE) if extensions else None


CLOSE = (b"connection", b"close")


class ClientGone(Exception):
    """The client went away, or was sent away, before its request was whole: there is nobody to answer."""


class DuplicateHeader(Refusal):
    """A header that may stand once stands twice."""

    code = "invalid_request"


class Request:
    """One HTTP request; `path_values` are the decoded values of the route's `{names}`, in order.

    `also_answer` are headers for the answer, whatever the handler makes of the rest; refusals have their own. `quotas`
    is what guard rails want the caller to be told, whatever the answer is. `seen` is what is known of the request when
    it is over, `params` are the parameters of an OAuth request once they are read.
    """

    __slots__ = ("_receive", "also_answer", "params", "path_values", "quotas", "scope", "seen")

    def __init__(
        self, scope: Scope, receive: Receive, path_values: tuple[str, ...], seen: Seen, quotas: list[Quota]
    ) -> None:
        self.scope = scope
        self._receive = receive
        self.path_values = path_values
        self.also_answer: Headers = ()
        self.seen = seen
        self.quotas = quotas
        self.params: Params | None = None

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
                    raise DuplicateHeader(
                        f"The header {name.decode()} was sent twice. Send it once.", check="request.header_twice"
                    )
                found = value
        return found

    async def body(self, bytes_max: int) -> bytes:
        """The whole body. Raises TooLarge beyond `bytes_max`, ClientGone when it will never be whole."""
        connection = whole(self.scope)
        body = connection.received(self.scope) if connection is not None else None
        if body is None:
            body = await self._received(bytes_max)
        if len(body) > bytes_max:
            raise TooLarge(f"The body is longer than {bytes_max} bytes.", check="request.body_length")
        return body

    async def _received(self, bytes_max: int) -> bytes:
        """The body by ASGI's events; no more of it than makes clear that it is too long."""
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientGone
        body: bytes = message["body"]
        while message.get("more_body") and len(body) <= bytes_max:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientGone
            body += message["body"]
        return body


class Response(msgspec.Struct, gc=False):
    """One HTTP response; `headers` beside the content length, names in lower case.

    Those whose values are another in every answer are in `varying`: the others are remembered as they are sent.
    """

    status: int
    body: bytes
    headers: Headers
    varying: Headers = ()


JSON_HEADERS = ((b"content-type", b"application/json"),)
JSON_NO_STORE_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)

encode = msgspec.json.Encoder().encode

Handler = Callable[[Request], Awaitable[Response]]
