"""A server with a furnished world for tests that do not change what others see."""

from collections.abc import Iterator

import pytest

from tests.hostile import asked as asking
from tests.hostile import neighbours
from tests.hostile.asked import Asked
from tests.hostile.stand import Stand
from tests.support import world
from tests.support.server import running
from tests.support.target import Target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server and the values of its world."""
    folder = tmp_path_factory.mktemp("target") / "data"
    with running(folder) as server:
        yield Target(server.port, folder, world.furnish(folder))


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server that trusts a proxy on this machine."""
    folder = tmp_path_factory.mktemp("behind") / "data"
    with running(folder, TESSERA_TRUSTED_PROXIES="127.0.0.1") as server:
        yield Target(server.port, folder, world.furnish(folder))


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A server with two furnished organizations, for bad requests to one of them."""
    folder = tmp_path_factory.mktemp("stand") / "data"
    with running(folder, TESSERA_USAGE_FLUSH_SECONDS="3600", TESSERA_EVENTS_KEPT_DAYS="3650") as server:
        values = neighbours.furnish(folder)
        partner = Stand(Target(server.port, folder, values))
        partner.settle_in()
        yield partner
        partner.close()


@pytest.fixture(scope="package")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A server with resource servers beside it."""
    folder = tmp_path_factory.mktemp("asked") / "data"
    with running(folder) as server:
        yield asking.furnished(server.port, folder)
