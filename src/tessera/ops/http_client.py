"""The HTTP client for URLs that somebody else chose: guarded connections, and nothing that they could make use of.

No redirect is followed, no cookie kept, no proxy used, and no password of a `.netrc`. Certificates are checked for the
host of the URL, whichever of its addresses is connected to.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2

from tessera import __version__
from tessera.ops.outbound import Outbound

CONNECT_SECONDS = 2.0
"""How long one address of several is tried before the next."""


class NoConnection(Exception):
    """No connection came about; the text says why."""


class Broke(Exception):
    """The connection broke, or what came over it is no HTTP; the text says how."""


class Reply:
    """The beginning of an answer; its body is read as far as somebody wants it."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.status = response.status_code

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, in the encoding in which it comes. Raises Broke."""
        with _told():
            async for chunk in self._response.aiter_raw():
                yield chunk


class Client:
    """A client whose every connection is guarded."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    @asynccontextmanager
    async def request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> AsyncIterator[Reply]:
        """The answer to one request. Raises NotAllowed, NoConnection and Broke; how long it takes is the caller's."""
        with _told():
            async with self._client.stream(method, url, headers=dict(headers), content=content) as response:
                yield Reply(response)


@contextmanager
def _told() -> Iterator[None]:
    """Tell the errors of the library as our own."""
    try:
        yield
    except httpx2.ConnectError as error:
        raise NoConnection(str(error)) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise Broke(f"{type(error).__name__}: {error}".removesuffix(": ")) from None


class _GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that the guard has judged, one after the other."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature is the library's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            *others, last = await self._outbound.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for address in others:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._network.connect_tcp(address, port, CONNECT_SECONDS, local_address, socket_options)
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("no URL leads to a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """The library's transport over guarded connections: it has no other way to be given them."""

    def __init__(self, outbound: Outbound, kept: int, kept_seconds: float) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=outbound.trust(),
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=kept_seconds,
            network_backend=_GuardedNetwork(outbound),
        )


@asynccontextmanager
async def opened(outbound: Outbound, *, connections_kept: int = 0, kept_seconds: float = 0) -> AsyncIterator[Client]:
    """A client, and its connections for as long as it is used; `connections_kept` of them wait for a next request."""
    async with httpx2.AsyncClient(
        transport=_GuardedTransport(outbound, connections_kept, kept_seconds),
        timeout=None,  # the callers bound the whole
        trust_env=False,
        follow_redirects=False,
        headers={"user-agent": f"tessera/{__version__}", "accept-encoding": "identity"},
    ) as client:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing of one answer goes on
        yield Client(client)
