"""The proxies of these tests do what makes smuggling dangerous: strangers share one connection to the server."""

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.framing.application import Recorder, connections
from tests.framing.wire import run
from tests.proxy.gateways import GATEWAYS, SMUGGLED, Gateway

REQUESTS = 20


@contextmanager
def recording() -> Iterator[tuple[int, Recorder]]:
    """The recording application behind a port, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    begun: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event, Recorder]] = queue.SimpleQueue()

    async def serve() -> None:
        loop, ended, recorder = asyncio.get_running_loop(), asyncio.Event(), Recorder()
        server = await loop.create_server(connections(recorder, loop), sock=listener)
        begun.put((loop, ended, recorder))
        await ended.wait()
        server.close()

    thread = threading.Thread(target=run, args=(serve,))
    thread.start()
    loop, ended, recorder = begun.get()
    try:
        yield listener.getsockname()[1], recorder
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


@pytest.mark.parametrize("gateway", GATEWAYS, ids=lambda gateway: gateway.__name__)
def test_two_callers_share_a_connection(tmp_path: Path, gateway: Gateway) -> None:
    """The requests of two callers arrive over the same connection, and one that the proxy refuses does not arrive."""
    with recording() as (behind, recorder), gateway(tmp_path / "proxy", behind) as port:
        recorder.received.clear()
        one, other = (httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) for _ in range(2))
        for _ in range(REQUESTS):
            one.get("/one", headers={"client-cert": ":eA==:", "x-forwarded-for": "192.0.2.7"}).raise_for_status()
            other.get("/other").raise_for_status()
        assert one.post(f"/one?{SMUGGLED}").status_code == 403
        one.close()
        other.close()
    (received,) = recorder.received.values()
    assert sorted(request.target for request in received) == [b"/one"] * REQUESTS + [b"/other"] * REQUESTS
    headers = [dict(request.headers) for request in received]
    assert {each.get(b"client-cert", b"") for each in headers} == {b""}
    assert {each[b"x-forwarded-for"] for each in headers} == {b"127.0.0.1"}
