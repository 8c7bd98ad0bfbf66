"""Fixtures that several rooms' tests use, and the engines that each room's tests run on."""

from collections.abc import Iterator

import pytest

from tests.support import engines
from tests.support.on_each import OnEach, on_each
from tests.support.server import Server, running

pytest_plugins = ["tests.support.left_out"]

BOTH = ("app", "loyalty", "transcripts", "web", "workers")
"""Rooms whose tests run once on each engine, and those of others that say so by the mark `both_engines`."""

LONG = (
    *(
        "workers",
        "nodes",
        "faults",
        "outages",
        "transfer",
        "bench",
        "reference",
        "deploy",
        "proxy",
        "pythons",
        "server",
    ),
    *("adversarial", "loyalty", "cli", "app", "web", "transcripts"),
)
"""Rooms that are run first, so that no process has a long file left when the others are done."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the rooms with long tests first."""
    places = {room: place for place, room in enumerate(LONG)}
    items.sort(key=lambda item: places.get(_room(config, item), len(LONG)))


def _room(config: pytest.Config, item: pytest.Item) -> str:
    return item.path.relative_to(config.rootpath / "tests").parts[0]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have a test that needs an engine run on each of those that it is for; one that names its own is left alone."""
    named = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not named:
        marked = metafunc.definition.get_closest_marker("engines")
        default = engines.ENGINES if _room(metafunc.config, metafunc.definition) in BOTH else (engines.SQLITE,)
        metafunc.parametrize("engine", marked.args if marked else default, indirect=True, scope="module")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which data folders are set up."""
    with engines.on(request.param):
        yield request.param


@pytest.fixture
def lent(engine: str) -> Iterator[None]:
    """Databases of the test's own data folders, given back at its end."""
    with engines.returning():
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnEach[Server]]:
    """The servers that tests share."""
    with on_each(running, tmp_path_factory) as each:
        yield each


@pytest.fixture(scope="module")
def server(engine: str, servers: OnEach[Server]) -> Server:
    """One server with the demonstration, shared by tests that leave no trace in it."""
    return servers.get()
