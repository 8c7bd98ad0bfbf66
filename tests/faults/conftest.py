"""Scenes of either engine, each made once: a fault leaves its scene as it found it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.faults.plan import Scene, scene

Scenes = Callable[[str, bool], Scene]


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """The scene of an engine, with or without a standby, made when it is first asked for."""
    made: dict[tuple[str, bool], Scene] = {}
    with ExitStack() as stack:

        def found(engine: str, paired: bool) -> Scene:
            if (engine, paired) not in made:
                folder = tmp_path_factory.mktemp(engine)
                made[engine, paired] = stack.enter_context(scene(engine, folder, paired=paired))
            return made[engine, paired]

        yield found
