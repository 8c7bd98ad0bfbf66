"""A server that the examples may write to."""

from collections.abc import Iterator

import pytest

from tests.support.server import Server, running


@pytest.fixture(scope="session")
def scratch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demonstration, of which nothing needs to stay as it is."""
    with running(tmp_path_factory.mktemp("papers") / "data") as started:
        yield started
