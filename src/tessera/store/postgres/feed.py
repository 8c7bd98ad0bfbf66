"""Whether notices of other nodes may be waiting: by the server's notifications, and by a poll in case one is lost.

A notification is lost with the connection it was to come over, and behind a pooler, which hands the listening session
on to other clients. So the feed is read every POLL_SECONDS anyhow, every POLL_SECONDS_DEAF while nothing can be heard,
and once after each new connection.
"""

import asyncio
from contextlib import suppress

from tessera.ports import StoreUnavailable
from tessera.store.postgres.channel import LISTEN
from tessera.store.postgres.pipeline import PipelinedConnection
from tessera.store.postgres.reconnecting import OnOutage, ReconnectingConnection
from tessera.store.postgres.servers import Servers

POLL_SECONDS = 1.0
"""Between two reads of the feed while notifications can be heard."""

POLL_SECONDS_DEAF = 0.25
"""Between two reads of the feed while there is no connection over which any could be heard."""


class Feed:
    """When the feed is to be read, for one event loop. It listens on a connection of its own."""

    def __init__(self, servers: Servers, timeout_seconds: float, on_outage: OnOutage, poll_seconds: float) -> None:
        self.connection = ReconnectingConnection(
            "feed", servers, timeout_seconds, on_outage, setup=[(LISTEN, [])], on_notify=self.note_change
        )
        self._poll_seconds = poll_seconds
        self._listening_on: PipelinedConnection | None = None
        self._change_noted = True
        self._read_at = 0.0

    def note_change(self) -> None:
        """There may be notices: `due` is True the next time."""
        self._change_noted = True

    async def listen(self) -> None:
        """Begin to listen. When this returns notifications are heard, or the first attempt to connect has failed."""
        with suppress(StoreUnavailable):
            await self.connection.connected()

    def due(self) -> bool:
        """Whether the feed is to be read now; counts as read then. Waits for nothing, not even for a connection."""
        now = asyncio.get_running_loop().time()
        poll_seconds = self._poll_seconds if self._can_hear() else POLL_SECONDS_DEAF
        if not self._change_noted and now - self._read_at < poll_seconds:
            return False
        self._change_noted = False
        self._read_at = now
        return True

    def _can_hear(self) -> bool:
        """Whether notifications arrive. On a new connection some may have been missed since the one before it."""
        connection = self.connection.connect_in_background()
        if connection is not self._listening_on:
            self._change_noted = True
            self._listening_on = connection
        return connection is not None and not connection.pooled
