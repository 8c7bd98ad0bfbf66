"""Webhooks of a real server with workers: one process tells them, and another goes on when it is killed."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tessera.app.demo import demo
from tessera.app.runtime import leases
from tessera.app.webhooks import deliveries, workers
from tests.cli.command import run
from tests.support import operator_session
from tests.support.post import happen
from tests.support.receiver import Received, Receiver, receiving_beside
from tests.support.server import Server, running
from tests.support.settings import HERE

SOON_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _receivers_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", " ".join(HERE))


def until(true: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
    """Wait for something to come true. Fails when it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def subscribe(folder: Path, receiver: Receiver) -> str:
    """Make a webhook as an operator does; its secret."""
    made = run("webhooks", "create", "hook", "--url", receiver.url, "--org", demo.ORGANIZATION, "--data-dir", folder,
               "--json")  # fmt: skip
    secret: str = made.document["secret"]
    return secret


def deliverer(folder: Path) -> int:
    """The process that tells webhooks now."""
    lease = operator_session.do(folder, lambda context: context.store.lease("webhooks"))
    assert lease is not None
    return process(lease)


def process(lease: tuple[str, int]) -> int:
    """The process that holds a lease."""
    return int(lease[0].partition(" ")[0])


def deposit(server: Server) -> None:
    """A deposit of 25 points by the API."""
    demo_values, headers = server.demo, {"Authorization": f"Bearer {server.token()}"}
    program = operator_session.do(server.folder, lambda context: context.directory.programs.get(1))
    assert program is not None
    answer = httpx.post(
        f"{server.url}/api/1.0/user_points/deposit",
        json={
            "retailer_id": demo_values["retailer_id"],
            "user_id": demo_values["customer_id"],
            "deposit_details": [{"point_account_id": program.accounts[0].id, "amount": 25}],
        },
        headers=headers,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def test_one_process_tells_and_another_goes_on(tmp_path: Path) -> None:
    """Two workers send nothing twice; when the one that sends is killed, everything arrives by the other."""

    async def slow(_message: Received) -> int | None:
        await asyncio.sleep(0.05)
        return 200

    async def silent(_message: Received) -> int | None:
        await asyncio.Event().wait()
        return None

    folder = tmp_path / "data"
    with running(folder, "--workers", "2", "--log-level", "debug") as server, receiving_beside() as receiver:
        secret = subscribe(folder, receiver)
        deposit(server)
        until(lambda: "points.earned" in [each.kind for each in receiver.taken])
        first = len(receiver.taken)
        told = operator_session.do(folder, lambda context: happen(context, 300))
        until(lambda: len(receiver.taken) >= first + 300)
        time.sleep(deliveries.POLL_SECONDS * 3)
        assert len(receiver.ids) == len(set(receiver.ids)) == first + 300

        receiver.behaviour = slow
        killed = deliverer(folder)
        told += operator_session.do(folder, lambda context: happen(context, 300))
        until(lambda: len(receiver.taken) >= first + 400)
        receiver.behaviour = silent
        until(lambda: receiver.under_way == workers.BATCH_MAX)
        time.sleep(0.1)
        os.kill(killed, signal.SIGKILL)
        receiver.behaviour = slow
        until(lambda: set(told) <= set(receiver.ids), leases.LEASE_SECONDS + SOON_SECONDS)
        assert len(receiver.ids) - len(set(receiver.ids)) <= workers.BATCH_MAX
        assert deliverer(folder) != killed
        assert secret.removeprefix("whsec_") not in server.output
        assert "for=test" not in server.output


def test_a_server_that_ends_passes_it_on_at_once(tmp_path: Path) -> None:
    """After SIGTERM another server on the folder tells webhooks as soon as it looks, not when a lease has ended."""
    folder = tmp_path / "data"
    with receiving_beside() as receiver, running(folder) as server:
        subscribe(folder, receiver)
        with running(folder) as _heir:
            assert server.stop() == 0
            left = operator_session.do(folder, lambda context: context.store.lease("webhooks"))
            assert left is None or process(left) != server.process.pid, "the lease was not let go"
            told = operator_session.do(folder, lambda context: happen(context, 10))
            until(lambda: set(told) <= set(receiver.ids))
