"""Fixtures that several rooms' tests use."""

from collections.abc import Iterator

import pytest

from tests.support.server import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with the demonstration, shared by tests that leave no trace in it."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        yield started
