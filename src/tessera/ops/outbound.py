"""The guard of outgoing connections: every URL that somebody else chose is asked for through here, and nowhere else.

The name is resolved here, each address that it has is judged, and the connection goes to one that was judged, each time
one is opened: what the name means a moment later changes nothing. The HTTP client over it is in `ops/http_client.py`.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from tessera.core import networks
from tessera.core.outbound import Rules
from tessera.ports import NotAllowed

CHECK_SECONDS = 2.0
"""How long a name is looked up when a URL is only checked: it is judged again before anything is sent."""

_PORTS = {"http": 80, "https": 443}

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, as texts. Raises OSError when it has none."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the resolver of the machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Outbound:
    """Opens connections to where the rules allow it."""

    def __init__(self, rules: Rules, resolver: Resolver = resolve) -> None:
        self._rules = rules
        self._resolve = resolver
        self._trust: ssl.SSLContext | None = None

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, every one of which may be connected to. Raises NotAllowed, and OSError for none."""
        found = [host] if networks.address(host) is not None else await self._resolve(host, port)
        if not found:
            raise OSError("the host has no address")
        for address in found:
            refusal = self._rules.refusal(address, port)
            if refusal:
                raise NotAllowed(f"{address}, {refusal}" if address == host else f"{host} is {address}, {refusal}")
        return found

    async def check(self, url: str) -> None:
        """Raises NotAllowed when nothing may be sent to this URL now. A name that nobody knows yet passes."""
        parts = urlsplit(url)
        with suppress(OSError):  # of the resolver, the end of the time among them
            async with asyncio.timeout(CHECK_SECONDS):
                await self.addresses(parts.hostname or "", _PORTS[parts.scheme] if parts.port is None else parts.port)

    def trust(self) -> ssl.SSLContext:
        """What the machine trusts, read once."""
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust
