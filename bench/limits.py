"""Token requests of an application with every guard limit, beside those of one without any."""

import asyncio
from pathlib import Path
from statistics import mean

from bench.folders import Folder
from bench.kinds import TOKEN_QUERY
from bench.measure import Record, Subject, Turn, turn
from bench.results import Line
from tessera import wiring
from tessera.app.clients import limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.core.clients.limits import PER_SECOND_MAX, TOKENS_MAX
from tessera.settings import load

TARGET = 0.85
NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "2001:db8::/32", "127.0.0.0/8")


def set_all(folder: Folder) -> None:
    """Give every guard limit to the folder's first caller; each is enforced, and none is reached."""
    wanted = LimitChanges(NETWORKS, PER_SECOND_MAX, TOKENS_MAX, TOKENS_MAX)

    async def operation(path: Path) -> None:
        async with wiring.open_context(load(data_dir=path)) as context:
            await limit_settings.change(context, folder.callers[0].client_id, wanted)

    asyncio.run(operation(folder.path))


class Limited:
    """The rounds of both: with limits between two turns without."""

    def __init__(self, without: Subject, railed: Subject, length: Turn) -> None:
        self._without = without
        self._railed = railed
        self._length = length
        self._record = Record()

    def run(self, number: int) -> None:
        """One round."""
        before = turn(self._without, TOKEN_QUERY, self._length, number)
        measured = turn(self._railed, TOKEN_QUERY, self._length, number)
        after = turn(self._without, TOKEN_QUERY, self._length, number)
        self._record.add(measured, mean((before.rate, after.rate)))

    def lines(self) -> list[Line]:
        """The line of all rounds."""
        return [self._record.line("limits", "token, all limits on", "of without", TARGET)]
