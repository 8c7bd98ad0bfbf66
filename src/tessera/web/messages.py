"""Request and Response: the only values that handlers see of HTTP."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import msgspec

from tessera.core.errors import CompressedBody, Refusal, TooLarge
from tessera.core.quotas import Quotas
from tessera.core.wire import Params

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


Headers = tuple[tuple[bytes, bytes], ...]


class Incoming(Protocol):
    """The body of a request, as the server under us receives it. `body` is all of it when it is `complete`."""

    @property
    def complete(self) -> bool: ...

    @property
    def body(self) -> bytes: ...

    async def rest(self, bytes_max: int) -> bytes:
        """All of it, or more than `bytes_max` bytes of it. Raises ClientGone when neither will ever arrive."""


CLOSE = (b"connection", b"close")


class ClientGone(Exception):
    """The client went away, or was sent away, before its request was whole: there is nobody to answer."""


class DuplicateHeader(Refusal):
    """A header that may stand once stands twice."""

    code = "invalid_request"


class Request:
    """One HTTP request; `path_values` are the decoded values of the route's `{names}`, in order.

    `also_answer` are headers for the answer, whatever the handler makes of the rest; refusals have their own. `route`
    is the route's path, empty until one is found. `source` is the address of the client, empty until somebody had to
    know. `client` is the client id or API key of who has authenticated, and `quotas` are those of its limits, which it
    is told whatever the answer is. `params` are the parameters of an OAuth request once they are read.
    """

    __slots__ = ("_incoming", "also_answer", "client", "params", "path_values", "quotas", "route", "scope", "source")

    def __init__(self, scope: Scope, incoming: Incoming) -> None:
        self.scope = scope
        self._incoming = incoming
        self.path_values: tuple[str, ...] = ()
        self.also_answer: Headers = ()
        self.route = ""
        self.source = ""
        self.client = ""
        self.quotas: Quotas = ()
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
        """The whole body.

        Raises TooLarge beyond `bytes_max`, CompressedBody, and ClientGone when it will never be whole.
        """
        incoming = self._incoming
        if not incoming.complete:  # what its head says already is not waited for
            _check_length(self._declared(), bytes_max)
            self._check_coding()
        body = incoming.body if incoming.complete else await incoming.rest(bytes_max)
        _check_length(len(body), bytes_max)
        if body:
            self._check_coding()
        return body

    def _declared(self) -> int:
        """The length of the body as its head has it; 0 for one in chunks."""
        return next((int(value) for key, value in self.scope["headers"] if key == b"content-length"), 0)

    def _check_coding(self) -> None:
        for key, value in self.scope["headers"]:
            if key == b"content-encoding" and not _CODINGS.isdisjoint(value.lower().replace(b" ", b"").split(b",")):
                raise CompressedBody(
                    "The body is compressed (Content-Encoding). Send it as it is: only identity is accepted.",
                    check="request.content_encoding",
                )


def _check_length(length: int, bytes_max: int) -> None:
    if length > bytes_max:
        raise TooLarge(f"The body is longer than {bytes_max} bytes.", check="request.body_length")


class Response(msgspec.Struct, gc=False):
    """One HTTP response; `headers` beside the content length, names in lower case.

    Those whose values are another in every answer are in `varying`: the others are remembered as they are sent.
    """

    status: int
    body: bytes
    headers: Headers
    varying: Headers = ()


JSON_NO_STORE_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)

encode = msgspec.json.Encoder().encode

_CODINGS = frozenset({b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress", b"br", b"zstd"})
"""Content codings that change a body. Other values of the header, which some clients send in error, do no harm."""

Handler = Callable[[Request], Awaitable[Response]]
