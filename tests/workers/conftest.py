"""Every test of the room runs on each engine."""

import pytest


@pytest.fixture(autouse=True)
def _on_each_engine(lent: None) -> None:
    """Data folders get a database of the engine of the moment."""
