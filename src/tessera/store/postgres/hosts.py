"""The hosts that a connection string names, each as connection strings of its own: one for each address.

libpq would try the hosts one after the other; `servers.py` tries them all at once.
"""

import asyncio

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tessera.store.postgres.resolver import LookUp, Resolver, look_up

PORT = "5432"
"""Where PostgreSQL listens when nothing else is said."""


class Hosts:
    """The hosts of one connection string. `resolve` looks names up."""

    def __init__(self, conninfo: str, resolve: LookUp = look_up) -> None:
        self._hosts = [(parts, _resolver(parts, resolve)) for parts in _split(conninfo)]

    async def conninfos(self) -> list[str]:
        """A connection string for each address of each host.

        A host whose name cannot be resolved is left out. Raises OSError when no host is left.
        """
        lists = await asyncio.gather(*(_conninfos(*host) for host in self._hosts), return_exceptions=True)
        conninfos = [conninfo for each in lists if not isinstance(each, BaseException) for conninfo in each]
        error = next((each for each in lists if isinstance(each, BaseException)), None)
        if not conninfos and error is not None:
            raise error
        return conninfos


def _split(conninfo: str) -> list[dict[str, str]]:
    """The parts of a connection string, once for each host that it names."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    lists = {name: parts[name].split(",") for name in ("host", "hostaddr", "port") if name in parts}
    count = max((len(lists[name]) for name in lists if name != "port"), default=1)
    return [
        {**parts, **{name: values[index] if len(values) == count else values[0] for name, values in lists.items()}}
        for index in range(count)
    ]


def _resolver(parts: dict[str, str], resolve: LookUp) -> Resolver | None:
    """The resolver of a host; None for a socket of this machine, or where an address is given."""
    host = parts.get("host", "")
    if not host or host.startswith(("/", "@")) or parts.get("hostaddr"):
        return None
    return Resolver(host, parts.get("port") or PORT, resolve)


async def _conninfos(parts: dict[str, str], resolver: Resolver | None) -> list[str]:
    if resolver is None:
        return [make_conninfo("", **parts)]
    return [make_conninfo("", **{**parts, "hostaddr": address}) for address in await resolver.addresses()]
