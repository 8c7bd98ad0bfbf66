"""Messages over HTTP: one attempt each, bounded in time and in what is read of the answer, over guarded connections."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from tessera.core.webhooks.deliveries import Answer
from tessera.ops import http_client
from tessera.ops.http_client import Broke, Client, NoConnection, Reply
from tessera.ops.outbound import Outbound
from tessera.ports import NotAllowed

ANSWER_BYTES_MAX = 4096
"""What is read of an answer; the connection of a longer one is closed."""

BODY_SECONDS = 1.0
"""How long the body of an answer is waited for."""

IDLE_CONNECTIONS_MAX = 200
IDLE_SECONDS = 5.0
"""How many connections are kept for the next message, and how long each."""


class HTTPSender:
    """`ports.Sender` over HTTP and HTTPS."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async with self._client.request("POST", url, headers, body) as reply:
                    return Answer(reply.status, await _beginning(reply))
        except TimeoutError:
            return Answer(None, f"no answer within {self._timeout_seconds:g} seconds")
        except NotAllowed as error:
            return Answer(None, f"not sent: {error}")
        except NoConnection as error:
            return Answer(None, f"no connection ({error})")
        except (Broke, OSError, ValueError) as error:
            return Answer(None, f"the connection broke ({error})")


async def _beginning(reply: Reply) -> str:
    """The beginning of an answer's body; reading a short one to its end lets the connection be used again.

    The status has been given by then: a body that does not come takes nothing of it back.
    """
    read = b""
    with suppress(TimeoutError, Broke):
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in reply.chunks():
                read += chunk
                if len(read) > ANSWER_BYTES_MAX:
                    break
    return read[:ANSWER_BYTES_MAX].decode("utf-8", "replace")


@asynccontextmanager
async def open_sender(outbound: Outbound, timeout_seconds: float) -> AsyncIterator[HTTPSender]:
    """A sender, and its connections for as long as it is used."""
    async with http_client.opened(outbound, connections_kept=IDLE_CONNECTIONS_MAX, kept_seconds=IDLE_SECONDS) as client:
        yield HTTPSender(client, timeout_seconds)
