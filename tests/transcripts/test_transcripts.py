"""Plays every transcript twice: the application called directly, and a server on a socket."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import transcript, world
from tests.support.players import InProcess, OverSocket
from tests.support.server import running
from tests.support.transcript import Player

FILES = sorted(Path(__file__).parent.glob("*.http"))


class Stage(NamedTuple):
    """A player, and the values of the world it plays in."""

    player: Player
    values: dict[str, str]


@pytest.fixture(scope="module", params=["in process", "over a socket"])
def stage(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A furnished world and one way to talk to it."""
    folder = tmp_path_factory.mktemp("stage") / "data"
    with running(folder) as server:
        values = world.furnish(folder)
        if request.param == "over a socket":
            yield Stage(OverSocket(server.port), values)
            return
    with InProcess(folder) as player:
        yield Stage(player, values)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_answers_are_as_the_transcript_has_them(stage: Stage, path: Path) -> None:
    """Every answer of the scenario has the status, the headers and the bytes that its transcript shows."""
    values = dict(stage.values)
    exchanges = transcript.read(path)
    assert exchanges, f"{path.name} has no exchanges"
    for exchange in exchanges:
        transcript.play(exchange, stage.player, values)
