"""The addresses of a host by its name, without ever waiting long: the last known ones serve while DNS does not answer.

A look-up cannot be cancelled, and one that hangs would keep a thread of the event loop's pool. So each name has a
thread of its own, one at a time, which does not hold up the end of the process.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

WAIT_SECONDS = 0.5
"""How long a look-up is waited for when an address is known already."""

LookUp = Callable[[str, str], list[str]]
"""Host and port to addresses. Raises OSError."""


def look_up(host: str, port: str) -> list[str]:
    """The addresses of a host, each once, in the order of the system's preference. Raises OSError."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in infos))


class Resolver:
    """The addresses of one host, looked up anew for each attempt to connect."""

    def __init__(self, host: str, port: str, resolve: LookUp = look_up) -> None:
        self._host = host
        self._port = port
        self._resolve = resolve
        self._last_known: list[str] = []
        self._running: asyncio.Future[list[str]] | None = None

    async def addresses(self) -> list[str]:
        """The addresses found now, or the last known when the look-up fails or takes longer than WAIT_SECONDS.

        Without any known ones this raises OSError when the look-up fails, and waits for as long as it takes.
        """
        if self._running is None:
            self._running = self._start()
        running = self._running
        done, _ = await asyncio.wait((running,), timeout=WAIT_SECONDS if self._last_known else None)
        if not done:
            return self._last_known  # the look-up goes on, and whoever comes next waits for the same one
        self._running = None if self._running is running else self._running
        try:
            self._last_known = running.result()
        except OSError:
            if not self._last_known:
                raise
        return self._last_known

    def _start(self) -> "asyncio.Future[list[str]]":
        """Look the name up in a thread; the future has the addresses, or raises OSError."""
        loop = asyncio.get_running_loop()
        addresses: asyncio.Future[list[str]] = loop.create_future()

        def finish(result: list[str] | OSError) -> None:
            if isinstance(result, OSError):
                addresses.set_exception(result)
                addresses.exception()  # mark as seen: the attempt that wanted it may have been cancelled
            else:
                addresses.set_result(result)

        def run() -> None:
            result: list[str] | OSError
            try:
                result = self._resolve(self._host, self._port)
            except OSError as error:
                result = OSError(f"the host {self._host} is not known: {error.strerror or error}")
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, result)

        threading.Thread(target=run, name="tessera-resolver", daemon=True).start()
        return addresses
