"""F11 and F14: a clock that jumps, and keys that change, under load; a wrong master key starts nothing."""

import secrets
from pathlib import Path

from tessera.app.keys import rotation
from tessera.core.keys.rotation_schedule import ROTATED
from tests.faults.load import Row, loaded
from tests.faults.points import ARMED
from tests.faults.stage import Stage
from tests.support.server import START_SECONDS

JUMPS_SECONDS = (3600, -3600, -86_400, 30 * 60, 86_400 * 3, 0)
"""Where the wall clock of the server stands against the true one, one after the other."""


def jumps(stage: Stage, rounds: int, seed: int) -> Row:
    """The server's wall clock jumps, forward and back, under load: nothing live dies, nothing dead comes to life."""
    ahead = stage.folder.parent / f"{stage.folder.name}.ahead"
    _set(ahead, 0)
    with loaded(stage, operated=False) as load:  # an operator's clock is another
        stage.start(module=ARMED, FAULTS_ARMED=f"clock:{ahead}")
        for number in range(rounds):
            load.go()
            _set(ahead, JUMPS_SECONDS[number % len(JUMPS_SECONDS)])
            load.answered(10)
            load.pause()
            load.prove(seed=number)
        load.prove(everything=True)
        return load.row("F11 clock jumps", rounds, seed)


def _set(path: Path, seconds: int) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(str(seconds))
    beside.replace(path)


def new_keys(stage: Stage, rounds: int, seed: int) -> Row:
    """All keys change at once, again and again, under load on two nodes: nobody is refused, no token dies."""
    with loaded(stage) as load:
        stage.start()
        stage.start()
        load.go()
        for _ in range(rounds):
            stage.do(lambda context: rotation.rotate(context, list(ROTATED), at_once=True))
            load.answered(10)
        load.pause()
        for port in stage.ports:
            load.prove(port, everything=True)
        stage.close()
        load.shared.wrong += with_another_key(stage)
        return load.row("F14 new keys", rounds, seed)


def with_another_key(stage: Stage) -> list[str]:
    """What is wrong with how the server refuses a master key that is not the database's."""
    node = stage.launch(TESSERA_MASTER_KEY=secrets.token_hex(32))
    code = node.process.wait(START_SECONDS)
    said = node.output
    good = code not in {0, None} and "master key" in said and "Traceback" not in said
    return [] if good else [f"another master key: code {code}, {said[-300:]!r}"]
