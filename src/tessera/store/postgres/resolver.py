"""Addresses of hosts by name, without ever waiting long: what was found last is used while the name service is silent.

A look-up cannot be cut short, and one that hangs would take a thread of the event loop's own; so each name has one
thread at a time, which a process that ends does not wait for.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

WAIT_SECONDS = 0.5
"""How long is waited for the name service where an address is known already."""

LookUp = Callable[[str, str], list[str]]


def look_up(host: str, port: str) -> list[str]:
    """The addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class Resolver:
    """The addresses of one host, asked for again each time."""

    def __init__(self, host: str, port: str, asked: LookUp = look_up) -> None:
        self._host = host
        self._port = port
        self._asked = asked
        self._known: list[str] = []
        self._running: asyncio.Future[list[str]] | None = None

    async def addresses(self) -> list[str]:
        """Where the host is. Raises OSError; waits for as long as the name service does when nothing is known yet."""
        if self._running is None:
            self._running = self._run()
        running = self._running
        done, _ = await asyncio.wait((running,), timeout=WAIT_SECONDS if self._known else None)
        if not done:
            return self._known
        self._running = None if self._running is running else self._running
        try:
            self._known = running.result()
        except OSError:
            if not self._known:
                raise
        return self._known

    def _run(self) -> "asyncio.Future[list[str]]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def tell(found: list[str] | OSError) -> None:
            if isinstance(found, OSError):
                answer.set_exception(found)
                answer.exception()  # whoever asked may have gone
            else:
                answer.set_result(found)

        def ask() -> None:
            found: list[str] | OSError
            try:
                found = self._asked(self._host, self._port)
            except OSError as error:
                found = OSError(f"the host {self._host} is not known: {error.strerror or error}")
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(tell, found)

        threading.Thread(target=ask, name="tessera-resolver", daemon=True).start()
        return answer
