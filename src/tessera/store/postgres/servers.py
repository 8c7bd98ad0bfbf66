"""The servers that a connection string names, and a link to the one of them that takes writes.

All are tried side by side: one that is gone without a word costs no time. Of several that take writes the one with the
newest timeline is taken, since a timeline begins where a standby was promoted; once a newer one was seen, a server of
an older one is not used any more, and links to it are ended. So a primary that comes back after a failover is neither
read nor written, though it takes itself for one.
"""

import asyncio
from collections.abc import Callable, Sequence
from weakref import WeakSet

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tessera.ports import StoreUnavailable
from tessera.store.postgres import failures
from tessera.store.postgres.pipeline import Link, LinkLostError, Message
from tessera.store.postgres.resolver import LookUp, Resolver, look_up
from tessera.store.postgres.statements import only_value, prepared

GRACE_SECONDS = 0.25
"""How long the others are waited for once one server has answered: it may be one that was left behind."""

Lost = Callable[[Link, LinkLostError], None]

TROUBLES = (psycopg.Error, LinkLostError, OSError, StoreUnavailable, failures.DefectError)
"""What a try to connect may end in."""

_WHO = prepared("select pg_backend_pid()")
_TIMELINE = prepared("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")


class Servers:
    """The servers of one connection string, as the lines of one process see them."""

    def __init__(self, conninfo: str, timeout_seconds: float, asked: LookUp = look_up) -> None:
        self._timeout = timeout_seconds
        self._each = [(each, _resolver(each, asked)) for each in _split(conninfo)]
        self._links: WeakSet[Link] = WeakSet()
        self._found: asyncio.Future[None] | None = None
        self.timeline = 0

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until another line has found a server again."""
        if self._found is None:
            self._found = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._found,), timeout=seconds)

    async def link(self, lost: Lost, opened: Sequence[Message] = ()) -> Link:
        """A new link; `opened` was done with it. Raises one of TROUBLES, or TimeoutError."""
        async with asyncio.timeout(self._timeout):
            places = await self._places()
            return await self._best([asyncio.create_task(self._open(each, lost, opened)) for each in places])

    async def _places(self) -> list[str]:
        """A connection string for each address of each host. Raises OSError when there is none."""
        found = await asyncio.gather(*(_addressed(*each) for each in self._each), return_exceptions=True)
        places = [place for each in found if not isinstance(each, BaseException) for place in each]
        trouble = next((each for each in found if isinstance(each, BaseException)), None)
        if not places and trouble is not None:
            raise trouble
        return places

    async def _best(self, tries: "list[asyncio.Task[Link]]") -> Link:
        """The link to the server of the newest timeline; the others are let go. Raises what the last try ended in."""
        chosen: Link | None = None
        try:
            chosen = await _newest(tries)
        finally:
            for each in tries:
                each.cancel()
            try:
                await asyncio.gather(*tries, return_exceptions=True)
            except BaseException:
                chosen = None  # nobody will get it
                raise
            finally:
                for link in _made(tries):
                    if link is not chosen:
                        link.end("not used")
        self._take(chosen)
        return chosen

    def _take(self, link: Link) -> None:
        if link.timeline > self.timeline:
            self.timeline = link.timeline
            for each in [each for each in self._links if 0 < each.timeline < link.timeline]:
                each.end("the server was left behind by a failover")
        self._links.add(link)
        if self._found is not None:
            self._found.set_result(None)
            self._found = None

    async def _open(self, conninfo: str, lost: Lost, opened: Sequence[Message]) -> Link:
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        told = connection.pgconn.backend_pid
        link = Link(connection, self._timeout, lost)
        try:
            link.pooled = True  # nothing is prepared before it is known who is at the other end
            (who,), (timeline,) = await asyncio.gather(link.exchange([(_WHO, [])]), link.exchange([(_TIMELINE, [])]))
            link.timeline = 0 if failures.failed(timeline) else int(only_value(timeline), 16)
            if 0 < link.timeline < self.timeline:
                raise StoreUnavailable(
                    f"the server is of timeline {link.timeline} and was left behind: one of {self.timeline} was seen"
                )
            link.pooled = only_value(failures.good([who])[0]) != told
            if opened and not link.pooled:  # a pooler would hand our session on to somebody else
                failures.good(await link.exchange(opened))
        except BaseException:
            link.end("not used")
            raise
        return link


async def _newest(tries: "list[asyncio.Task[Link]]") -> Link:
    """Of the links that come in time that to the server of the newest timeline. Raises what the last try ended in."""
    running: set[asyncio.Task[Link]] = set(tries)
    trouble: BaseException = OSError("no host is named")
    while running:
        grace = GRACE_SECONDS if _made(tries) else None
        ended, running = await asyncio.wait(running, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for each in ended:
            if (error := each.exception()) is not None and not isinstance(trouble, StoreUnavailable):
                trouble = error
        if not ended:
            break
    made = _made(tries)
    if not made:
        raise trouble
    return max(made, key=lambda link: link.timeline)


def _made(tries: "list[asyncio.Task[Link]]") -> list[Link]:
    """The links of the tries that have succeeded so far."""
    return [each.result() for each in tries if each.done() and not each.cancelled() and each.exception() is None]


def _split(conninfo: str) -> list[dict[str, str]]:
    """The parts of a connection string, once for each host that it names."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    lists = {name: parts[name].split(",") for name in ("host", "hostaddr", "port") if name in parts}
    count = max((len(lists[name]) for name in lists if name != "port"), default=1)
    return [
        {**parts, **{name: each[place] if len(each) == count else each[0] for name, each in lists.items()}}
        for place in range(count)
    ]


def _resolver(parts: dict[str, str], asked: LookUp) -> Resolver | None:
    """What finds the address of a host; None for a socket of this machine, or where an address is given."""
    host = parts.get("host", "")
    if not host or host.startswith(("/", "@")) or parts.get("hostaddr"):
        return None
    return Resolver(host, parts.get("port") or "5432", asked)


async def _addressed(parts: dict[str, str], resolver: Resolver | None) -> list[str]:
    if resolver is None:
        return [make_conninfo("", **parts)]
    return [make_conninfo("", **{**parts, "hostaddr": each}) for each in await resolver.addresses()]
