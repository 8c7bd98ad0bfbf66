"""One request of a connection: its body as far as it has arrived, who waits for the rest of it, and who answers it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from tessera.web.messages import ClientGone, Incoming, Response, Scope
from tessera.web.refusal_records import Unread

BODY_AT_ONCE_MAX = 16 * 1024
"""Bytes of a body that are received before the application is asked: nearly all bodies are whole by then."""


class Application(Protocol):
    """What answers requests. `going_down` is set when the process is about to end."""

    going_down: bool

    async def answer(self, scope: Scope, incoming: Incoming) -> Response | None:
        """The answer to a request; None when its client went away before it was whole."""

    def connection_rejected(self, reason: Unread, request_id: bytes, source: str) -> None:
        """A connection was refused without a request."""


class Exchange:
    """A request whose head is complete. It is the `Incoming` of `web/messages.py`.

    It is `begun` when the application has been asked, which happens when its body is whole or too long to be kept for
    a stranger. `broken` tells that its body will never be whole: the client went away, or sent what is no body.
    `keep_alive` tells whether the connection may serve another request after it. A request that `expects_continue` is
    begun before its body: only a handler that wants the body gives leave to send it (RFC 9110 section 10.1.1).
    """

    __slots__ = (
        "_body", "_read_on", "_waiter", "_wanted", "begun", "broken", "complete", "expects_continue", "keep_alive",
        "scope",
    )  # fmt: skip

    def __init__(
        self, scope: Scope, read_on: Callable[[], None], *, keep_alive: bool = True, expects_continue: bool = False
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.begun = self.complete = self.broken = False
        self._read_on = read_on
        self._body: bytes | bytearray = b""
        self._wanted = -1 if expects_continue else BODY_AT_ONCE_MAX
        self._waiter: asyncio.Future[None] | None = None

    @property
    def body(self) -> bytes:
        """What has arrived of the body."""
        return bytes(self._body)

    def add(self, data: bytes) -> None:
        """Take in more of the body."""
        if not self._body:
            self._body = data  # nearly always the whole of it
        elif isinstance(self._body, bytearray):
            self._body += data
        else:
            self._body = bytearray(self._body) + data

    def enough(self) -> bool:
        """Whether no more of it is to be read until the application answers or asks for more."""
        return self.complete or self.broken or len(self._body) > self._wanted

    def wake(self) -> None:
        """Let whoever waits for more of the body go on, when there is enough of it."""
        if self._waiter is not None and not self._waiter.done() and self.enough():
            self._waiter.set_result(None)

    async def rest(self, bytes_max: int) -> bytes:
        """The whole body, or more than `bytes_max` bytes of it. Raises ClientGone when neither will ever arrive."""
        self._wanted = max(bytes_max, BODY_AT_ONCE_MAX)
        if not self.enough():
            self._waiter = asyncio.get_running_loop().create_future()
            self._read_on()
            self.wake()
            await self._waiter
        if self.broken and len(self._body) <= bytes_max:
            raise ClientGone
        return self.body
