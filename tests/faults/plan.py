"""Which faults there are, on which engines, and how often each is played in a whole run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults import disks, kills, moments, outages, points, races, versions
from tests.faults.load import Row
from tests.faults.stage import ENGINES, POSTGRESQL, SQLITE, Stage, staged
from tests.support.postgres import Cluster
from tests.support.standby import Pair

Play = Callable[[Stage, int, int], Row]


class Fault(NamedTuple):
    """A fault: its name, the rounds of a whole run, how it is played."""

    name: str
    rounds: int
    play: Callable[["Scene", int, int], Row]
    engines: tuple[str, ...] = ENGINES


class Scene:
    """One engine: a stage, and the database server under it, if there is one."""

    def __init__(self, stage: Stage, cluster: Cluster | None = None, pair: Pair | None = None) -> None:
        self.stage = stage
        self.cluster = cluster
        self.pair = pair


def _plain(play: Play) -> Callable[[Scene, int, int], Row]:
    return lambda scene, rounds, seed: play(scene.stage, rounds, seed)


def _clustered(play: Callable[[Stage, Cluster, int, int], Row]) -> Callable[[Scene, int, int], Row]:
    def played(scene: Scene, rounds: int, seed: int) -> Row:
        assert scene.cluster is not None
        return play(scene.stage, scene.cluster, rounds, seed)

    return played


def _paired(scene: Scene, rounds: int, seed: int) -> Row:
    assert scene.pair is not None
    return outages.failovers(scene.stage, scene.pair, rounds, seed)


FAULTS = (
    Fault("f1", 50, _plain(kills.kills)),
    Fault("f2", 8, _plain(points.points)),
    Fault("f3", 200, _plain(disks.synchronized), (SQLITE,)),
    Fault("f4", 18, _plain(disks.errors), (SQLITE,)),
    Fault("f5", 4, _plain(disks.full), (SQLITE,)),
    Fault("f6", 20, _clustered(outages.crashes), (POSTGRESQL,)),
    Fault("f7", 10, _paired, (POSTGRESQL,)),
    Fault("f8", 5, _clustered(outages.silences), (POSTGRESQL,)),
    Fault("f9", 50, _plain(races.lost_answers)),
    Fault("f11", 12, _plain(moments.jumps)),
    Fault("f12", 2, _plain(versions.migrations)),
    Fault("f14", 5, _plain(moments.new_keys)),
    Fault("f16", 4, _plain(kills.stops)),
    Fault("f17", 10, _plain(races.races)),
)


@contextmanager
def scene(engine: str, folder: Path, *, paired: bool = False) -> Iterator[Scene]:
    """A scene of an engine; with `paired` its database has a standby."""
    if engine == SQLITE:
        with staged(folder / "data") as stage:
            yield Scene(stage)
    elif paired:
        pair = Pair()
        try:
            with staged(folder / "data", pair.url(pair.primary.create_database())) as stage:
                yield Scene(stage, pair=pair)
        finally:
            pair.remove()
    else:
        with own_cluster() as cluster, staged(folder / "data", cluster.url(cluster.create_database())) as stage:
            yield Scene(stage, cluster)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A database server that nobody else uses, so that it may crash.

    Its data is in memory: what kills processes leaves the files as they are, on a disk as in memory.
    """
    cluster = Cluster()
    try:
        cluster.start()
        cluster.execute("create role tessera login")
        yield cluster
    finally:
        cluster.remove()
