"""A server with a furnished world for tests that do not change what others see."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adversarial import asked as asking
from tests.adversarial import neighbours
from tests.adversarial.asked import Asked
from tests.adversarial.stand import Stand
from tests.support import world
from tests.support.on_each import OnEach, on_each
from tests.support.server import running
from tests.support.target import Target


@contextmanager
def _target(folder: Path) -> Iterator[Target]:
    with running(folder) as server:
        yield Target(server.port, folder, world.furnish(folder))


@contextmanager
def _stand(folder: Path) -> Iterator[Stand]:
    with running(folder, TESSERA_USAGE_FLUSH_INTERVAL_SECONDS="3600", TESSERA_EVENTS_RETENTION_DAYS="3650") as server:
        values = neighbours.furnish(folder)
        partner = Stand(Target(server.port, folder, values))
        partner.settle_in()
        yield partner
        partner.close()


@contextmanager
def _asked(folder: Path) -> Iterator[Asked]:
    with running(folder) as server:
        yield asking.furnished(server.port, folder)


@pytest.fixture(scope="session")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnEach[Target]]:
    """The servers of `target`."""
    with on_each(_target, tmp_path_factory) as each:
        yield each


@pytest.fixture(scope="session")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnEach[Stand]]:
    """The servers of `stand`."""
    with on_each(_stand, tmp_path_factory) as each:
        yield each


@pytest.fixture(scope="session")
def all_asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnEach[Asked]]:
    """The servers of `asked`."""
    with on_each(_asked, tmp_path_factory) as each:
        yield each


@pytest.fixture(scope="session")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server that takes the word of a proxy on this machine on certificates."""
    folder = tmp_path_factory.mktemp("behind") / "data"
    with running(folder, TESSERA_CLIENT_CERTIFICATE_PROXIES="127.0.0.1") as server:
        yield Target(server.port, folder, world.furnish(folder))


@pytest.fixture(scope="module")
def target(engine: str, targets: OnEach[Target]) -> Target:
    """A server and the values of its world."""
    return targets.get()


@pytest.fixture(scope="module")
def stand(engine: str, stands: OnEach[Stand]) -> Stand:
    """A server with two furnished organizations, for bad requests to one of them."""
    return stands.get()


@pytest.fixture(scope="module")
def asked(engine: str, all_asked: OnEach[Asked]) -> Asked:
    """A server with resource servers beside it."""
    return all_asked.get()
