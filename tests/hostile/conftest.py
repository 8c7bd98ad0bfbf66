"""A server with a furnished world for tests that do not change what others see."""

from collections.abc import Iterator

import pytest

from tests.support import world
from tests.support.server import running
from tests.support.target import Target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server and the values of its world."""
    folder = tmp_path_factory.mktemp("target") / "data"
    with running(folder) as server:
        yield Target(server.port, folder, world.furnish(folder))
