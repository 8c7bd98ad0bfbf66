"""What an operator does with a digital property is in force in every worker."""

import time
from collections.abc import Iterator

import pytest

from tessera.app.clients import limit_settings, properties, property_secrets
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tessera.core.clients.properties import PropertyRecord
from tests.support import operator_session, raw
from tests.support.processes import one_wire_each
from tests.support.raw import Wire, basic
from tests.support.server import Server, running

WORKERS = 2
LATE_SECONDS = 60.0


@pytest.fixture(scope="module")
def server(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers that write what was counted every fifth of a second."""
    folder = tmp_path_factory.mktemp("properties") / "data"
    with running(folder, "--workers", str(WORKERS), TESSERA_USAGE_FLUSH_INTERVAL_SECONDS="0.2") as started:
        yield started


@pytest.fixture
def wires(server: Server) -> Iterator[dict[int, Wire]]:
    """A connection to each worker."""
    found = one_wire_each(server.port, server.process.pid, WORKERS)
    yield found
    for wire in found.values():
        wire.socket.close()


def until_all(server: Server, wires: dict[int, Wire], secret: str, status: int) -> None:
    """Call every worker with a secret of the demonstration's property until each answers with this status."""
    key, customer = server.demo["api_key"], server.demo["customer_id"]
    data = raw.request("GET", f"/priv/v1/apps/{key}/users/{customer}", b"", [basic(key, secret)])
    deadline = time.monotonic() + LATE_SECONDS
    while True:
        found = set()
        for wire in wires.values():
            wire.send(data)
            answer = wire.answer()
            assert answer is not None
            found.add(answer.status)
        if found == {status}:
            return
        assert time.monotonic() < deadline, f"workers answer {found}, not {status}"
        time.sleep(0.01)


def test_every_worker_goes_by_what_the_operator_did(server: Server, wires: dict[int, Wire]) -> None:
    """Rotating, finishing, limiting, disabling and enabling reach all workers, and their uses reach the operator."""
    old = server.demo["property_secret"]

    async def found(context: Context) -> PropertyRecord:
        return await properties.find(context, server.demo["api_key"])

    async def rotate(context: Context) -> str:
        made = await property_secrets.rotate(context, await found(context), 86_400, None)
        return made.property_secret

    async def last_uses(context: Context) -> list[bool]:
        secrets = await context.store.property_secrets(server.demo["api_key"])
        return [each.last_used_from == "127.0.0.1" for each in secrets]

    async def finish(context: Context) -> None:
        await property_secrets.finish(context, await found(context), force=True)

    async def limit(context: Context, *networks: str) -> None:
        await limit_settings.change_property(context, await found(context), LimitChanges(networks=networks))

    async def disable(context: Context) -> None:
        await properties.disable(context, await found(context))

    async def enable(context: Context) -> None:
        await properties.enable(context, await found(context))

    until_all(server, wires, old, 200)
    new = operator_session.do(server.folder, rotate)
    until_all(server, wires, new, 200)
    until_all(server, wires, old, 200)
    deadline = time.monotonic() + LATE_SECONDS
    while operator_session.do(server.folder, last_uses) != [True, True]:
        assert time.monotonic() < deadline, "no worker wrote the uses"
    operator_session.do(server.folder, finish)
    until_all(server, wires, old, 401)
    operator_session.do(server.folder, lambda context: limit(context, "192.0.2.0/24"))
    until_all(server, wires, new, 401)
    operator_session.do(server.folder, lambda context: limit(context, "127.0.0.0/8"))
    until_all(server, wires, new, 200)
    operator_session.do(server.folder, disable)
    until_all(server, wires, new, 401)
    operator_session.do(server.folder, enable)
    until_all(server, wires, new, 200)
