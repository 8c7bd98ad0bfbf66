"""The nodes that the tests here share."""

from collections.abc import Iterator

import pytest

from tests.nodes.stand import NODES, Stand, standing
from tests.support.operator import until


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Three nodes on one database."""
    with standing(tmp_path_factory.mktemp("nodes")) as stand:
        yield stand


@pytest.fixture
def stand(nodes: Stand) -> Iterator[Stand]:
    """The nodes, each of which hears of notices at the beginning, and can again afterwards."""
    until(nodes.listening, lambda count: count == NODES, 60)
    yield nodes
    nodes.hang_up()
    nodes.mend()
