"""An operator at work meanwhile, in a process beside the servers: applications, secrets, ends."""

import asyncio
import secrets
import threading
import time

from tessera import wiring
from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.ports import StoreError
from tests.faults.callers import Shared
from tests.faults.stage import Client

PAUSE_SECONDS = 0.01


class Operator(threading.Thread):
    """Makes an application, adds a secret, ends the first one, and stops every second application again.

    It `rests` when it is told to.
    """

    def __init__(self, shared: Shared) -> None:
        super().__init__(daemon=True)
        self.shared = shared
        self.idle = True
        self.done = 0
        self.rests = False
        self._made = 0

    def run(self) -> None:
        """Until it is over."""
        try:
            asyncio.run(self._work())
        except Exception as error:  # noqa: BLE001  # told at the end of the round
            self.shared.wrong.append(f"operator: {error!r}")

    async def _work(self) -> None:
        async with wiring.open_context(self.shared.stage.settings) as context:
            while not self.shared.over:
                self.idle = self.rests or not self.shared.go.is_set()
                if not self.idle:
                    try:
                        await self._one(context)
                    except StoreError:
                        await asyncio.sleep(PAUSE_SECONDS)  # whether it was done is not known
                await asyncio.sleep(PAUSE_SECONDS)

    async def _one(self, context: Context) -> None:
        client = Client(secrets.token_hex(32), secrets.token_hex(32))
        ledger = self.shared.ledger
        ledger.sent("application", client.client_id, secret=client.secret)
        name = f"guest {client.client_id}"
        await applications.create(context, name, 1, client_id=client.client_id, client_secret=client.secret)
        self._answered("application", client.client_id)
        self.shared.clients.append(client)
        second = secrets.token_hex(32)
        ledger.sent("secret", f"{client.client_id}/second", secret=second)
        await applications.add_secret(context, client.client_id, "second", imported=second)
        self._answered("secret", f"{client.client_id}/second")
        await asyncio.sleep(PAUSE_SECONDS)
        ledger.sent("expire", f"{client.client_id}/first")
        await applications.expire_secret(context, client.client_id, "first")
        self._answered("expire", f"{client.client_id}/first")
        self._made += 1
        if self._made % 2:
            ledger.sent("disable", client.client_id)
            await applications.disable(context, client.client_id)
            self._answered("disable", client.client_id)

    def _answered(self, kind: str, name: str) -> None:
        self.shared.ledger.done(kind, name)
        self.done += 1
        self.shared.ended_at = time.monotonic()
