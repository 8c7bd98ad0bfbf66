"""F12: the schema becomes that of a newer version under load, and both versions answer side by side."""

import os
import subprocess
import sys

from tessera.store.migrations import HEAD
from tests.faults.armed import NEWER_COLUMN
from tests.faults.load import Row, loaded
from tests.faults.points import ARMED
from tests.faults.stage import Stage
from tests.support.server import START_SECONDS

NEWER = "newer"


def migrations(stage: Stage, rounds: int, seed: int) -> Row:
    """`tessera migrate` of a newer version under load; its server joins the older one; older ones start no more."""
    with loaded(stage) as load:
        older = stage.start()
        for number in range(rounds):
            load.go()
            code, said = _migrate(stage)
            if code:
                load.shared.wrong.append(f"migrate: code {code}, {said[-300:]!r}")
            newer = stage.start(module=ARMED, FAULTS_ARMED=NEWER)
            load.answered(10)
            late = stage.launch()
            code = late.process.wait(START_SECONDS)
            if code == 0 or "newer" not in late.output or "Traceback" in late.output:
                load.shared.wrong.append(f"an older version started beside a newer one: {late.output[-300:]!r}")
            stage.ports.remove(late.port)
            load.pause()
            for node in (older, newer):
                load.prove(node.port, seed=number)
            load.go()
            stage.ports.remove(newer.port)
            newer.stop()
            load.answered()
            load.pause()
            _back(stage)
        load.prove(older.port, everything=True)
        return load.row("F12 a newer schema", rounds, seed)


def _migrate(stage: Stage) -> tuple[int, str]:
    database = [] if stage.url is None else ["--database", stage.url]
    command = [sys.executable, "-m", ARMED, "migrate", "--data-dir", str(stage.folder), *database]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "FAULTS_ARMED": NEWER}, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _back(stage: Stage) -> None:
    """As no version can do it: for what is played next."""
    stage.write(f"alter table customer drop column {NEWER_COLUMN}")
    stage.write(f"update alembic_version set version_num = '{HEAD}'")
