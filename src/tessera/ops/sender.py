"""Messages over HTTP: one attempt each, bounded in time and in what is read of the answer.

Nothing of the environment is used: no proxy, and no password of a `.netrc`. Certificates are checked against what the
machine trusts.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http.cookiejar import DefaultCookiePolicy

import httpx2

from tessera import __version__
from tessera.core.deliveries import Answer

ANSWER_BYTES_MAX = 4096
"""What is read of an answer; the connection of a longer one is closed."""

BODY_SECONDS = 1.0
"""How long the body of an answer is waited for."""

IDLE_SECONDS = 5.0
"""How long a connection is kept for the next message."""


class HTTPSender:
    """`ports.Sender` over HTTP and HTTPS."""

    def __init__(self, client: httpx2.AsyncClient, timeout_seconds: float) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async with self._client.stream("POST", url, headers=dict(headers), content=body) as response:
                    return Answer(response.status_code, await _beginning(response))
        except TimeoutError:
            return Answer(None, f"no answer within {self._timeout_seconds:g} seconds")
        except httpx2.ConnectError as error:
            return Answer(None, f"no connection ({error})")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
            return Answer(None, f"the connection broke ({type(error).__name__})")


async def _beginning(response: httpx2.Response) -> str:
    """The beginning of an answer's body; reading a short one to its end lets the connection be used again.

    The status has been given by then: a body that does not come takes nothing of it back.
    """
    read = b""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > ANSWER_BYTES_MAX:
                    break
    return read[:ANSWER_BYTES_MAX].decode("utf-8", "replace")


@asynccontextmanager
async def open_sender(timeout_seconds: float) -> AsyncIterator[HTTPSender]:
    """A sender, and its connections for as long as it is used."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=200, keepalive_expiry=IDLE_SECONDS)
    async with httpx2.AsyncClient(
        limits=limits,
        timeout=timeout_seconds,
        trust_env=False,
        follow_redirects=False,
        headers={"user-agent": f"tessera/{__version__}", "accept-encoding": "identity"},
    ) as client:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing of one answer goes on
        yield HTTPSender(client, timeout_seconds)
