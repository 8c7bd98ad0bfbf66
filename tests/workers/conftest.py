"""Every test of the room runs on each engine."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support import invariants, world
from tests.support.server import start
from tests.support.settings import settings_of
from tests.support.target import Target
from tests.workers.town import Town


@pytest.fixture(autouse=True)
def _on_each_engine(lent: None) -> None:
    """Data folders get a database of the engine of the moment."""


@pytest.fixture(scope="module", params=["two servers", "two workers"])
def town(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two servers on one data folder, or one with two workers."""
    folder = tmp_path_factory.mktemp("town") / "data"
    with ExitStack() as stack:
        servers = [start(folder)] if request.param == "two servers" else [start(folder, "--workers", "2")]
        stack.callback(servers[0].stop)
        if request.param == "two servers":
            servers.append(start(folder))
            stack.callback(servers[1].stop)
        target = Target(servers[0].port, folder, world.furnish(folder))
        yield Town([server.port for server in servers], target, target.token())
    invariants.check(folder)
    invariants.proven(settings_of(folder))
