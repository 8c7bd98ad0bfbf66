"""Every purge goes in small commits, with others' commits in between; nothing but what is due is deleted."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import structlog

from tessera.app.management import purges
from tessera.core.administration.audit_chain import chained
from tessera.core.changes import Change, Notice, TakeLease
from tessera.core.times import DAY, HOUR
from tessera.ports import Store
from tests.support import engines
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play
from tests.support.waiting import until

ROWS = 250
DUE = ROWS - 10


class Rows(NamedTuple):
    """How rows of a kind are made: the table, and the values of the n-th row that ended at a moment."""

    table: str
    columns: str
    made: Callable[[int, int], tuple[object, ...]]


def _audited(number: int, at: int) -> tuple[object, ...]:
    """A chain of its own would have to follow the scene's: `_chain` puts the hashes in."""
    return number, f"refused {number}", at, "server", None, "client.refused", "target", "{}", ""


KINDS: dict[str, Rows] = {
    "revocations": Rows("revocation", "token_id, expires_at", lambda n, at: (n, at)),
    "used proofs": Rows("spent_proof", "proof, expires_at", lambda n, at: (f"proof {n}", at)),
    "notices": Rows("change", "sequence, kind, key", lambda n, _: (n + 1000, "program", "1")),
    "refusals": Rows("refusal", "request_id, at, explanation", lambda n, at: (f"r{n}", at, "{}")),
    "audit entries of refusals": Rows(
        "audit_entry", "number, id, at, actor, source, action, target, detail, hash", _audited
    ),
    "deliveries": Rows(
        "delivery",
        "webhook, event, attempts, next_attempt_at, gave_up_at",
        lambda n, at: (1, n, 9, at, at),
    ),
    "events": Rows(
        "event", "id, organization, kind, data, occurred_at", lambda n, at: (f"event {n}", 1, "kind", "{}", at)
    ),
    "usage by the hour": Rows(
        "usage_hour",
        "application, hour, tokens, elsewhere, calls, refused",
        lambda n, at: (1, at // HOUR - n, 1, 0, 1, 0),
    ),
    "warnings": Rows("warning", "name, at", lambda n, at: (f"warning {n}", at)),
    "counts of nodes": Rows(
        "node_count",
        "application, node, at, hour, hour_tokens, day, day_tokens, watched, asked",
        lambda n, at: (1, n, at, 0, 0, 0, 0, 0, 0),
    ),
}


def _fill(scene: Scene, kind: str, kept: int) -> None:
    """Put in rows of a kind, of which all but the last ten are due."""
    rows, now = KINDS[kind], scene.clock.now()
    with engines.writing(scene.folder) as database:
        if kind == "deliveries":
            database.rows(
                "insert into webhook (organization, name, url, kinds, secret, created_at, position, failures,"
                " next_attempt_at) values (1, 'hook', 'https://h.example', 'all', ?, 0, 0, 0, 0)", b"",
            )  # fmt: skip
        if kind == "notices":
            database.rows("delete from change")
        first = 1 + (database.one("select coalesce(max(number), 0) from audit_entry")[0] if "audit" in kind else 0)
        previous = database.rows("select hash from audit_entry order by number desc limit 1")[0][0]
        for number in range(first, first + ROWS):
            ended = now - kept - HOUR if number < first + DUE else now
            values = rows.made(number, ended)
            if kind.startswith("audit"):
                previous = chained(previous, values[0], *values[1:-1])
                values = (*values[:-1], previous)
            places = ", ".join("?" * len(values))
            database.rows(f"insert into {rows.table} ({rows.columns}) values ({places})", *values)
        if kind == "notices":
            last = 1000 + DUE + 1 + purges.NOTICES_KEPT
            database.rows("insert into change (sequence, kind, key) values (?, 'program', '1')", last)
            scene.context.directory.sequence = last


def _count(scene: Scene, kind: str) -> int:
    """How many rows of a kind there are."""
    only = " where action = 'client.refused'" if kind.startswith("audit") else ""
    with engines.reading(scene.folder) as database:
        return int(database.one(f"select count(*) from {KINDS[kind].table}{only}")[0])


class Counting:
    """A store that counts, at each commit of a purge, how many rows of a table it deleted, and others' commits."""

    def __init__(self, store: Store, count: Callable[[], int]) -> None:
        self._store = store
        self._count = count
        self.deleted: list[int] = []
        self.others = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        """As `ports.Store`."""
        before = self._count()
        notices = await self._store.commit(*changes)
        self.deleted.append(before - self._count())
        return notices

    async def commit_beside(self) -> None:
        """Commit as another caller would, again and again, until cancelled."""
        while True:
            await self._store.commit(TakeLease("beside", "caller", 0, 1))
            self.others += 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_purge_deletes_a_batch_at_a_time_and_lets_others_commit(tmp_path: Path, kind: str) -> None:
    """No commit deletes more than a hundred rows; others commit in between; what is not due stays."""

    async def scenario(scene: Scene) -> None:
        wanted = next(each for each in purges.PURGES if each.rows == kind)
        kept = wanted.kept(scene.context.settings)
        _fill(scene, kind, kept)

        def count() -> int:
            return _count(scene, kind)

        counting = Counting(scene.context.store, count)
        scene.context.store = cast("Store", counting)
        before = count()
        caller = asyncio.create_task(counting.commit_beside())
        await purges.purge(scene.context, wanted)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        batches = [each for each in counting.deleted if each]
        assert max(batches) <= 100
        assert len(batches) >= DUE // purges.BATCH + 1
        assert counting.others >= len(batches)
        assert before - count() == DUE
        await purges.purge(scene.context, wanted)
        assert before - count() == DUE

    play(tmp_path, scenario)


def test_events_are_looked_through_in_every_tenth_round(tmp_path: Path) -> None:
    """The first round purges everything, those after it all but events, until the tenth."""

    async def scenario(scene: Scene) -> None:
        kept = 31 * DAY
        for kind in ("events", "warnings"):
            _fill(scene, kind, 2 * kept)
        for number, (events, warnings) in {1: (ROWS, 10), 9: (ROWS, 10), 10: (10, 10), 0: (10, 10)}.items():
            await purges.purge_all(scene.context, number)
            assert (_count(scene, "events"), _count(scene, "warnings")) == (events, warnings), number

    play(tmp_path, scenario)


def test_every_purge_is_tried() -> None:
    """A new purge has rows above: none is left out."""
    assert {each.rows for each in purges.PURGES} == KINDS.keys()


def test_a_purge_that_fails_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    """A database that does not answer to one purge: that is in the log, the others go on, and it is tried again."""

    async def scenario(scene: Scene) -> None:
        for kind in ("used proofs", "warnings"):
            _fill(scene, kind, 60 * DAY)
        faulty = FaultyStore(scene.context.store)
        scene.context.store = faulty.as_store()
        faulty.faults = [None, Fault.BEFORE]
        with structlog.testing.capture_logs() as said:
            await purges.purge_all(scene.context)
        failed = [(each["event"], each["rows"]) for each in said if each["event"] == "purge_failed"]
        assert failed == [("purge_failed", "used proofs")]
        assert [_count(scene, kind) for kind in ("used proofs", "warnings")] == [ROWS, ROWS - DUE]
        await purges.purge_all(scene.context)
        assert _count(scene, "used proofs") == ROWS - DUE

    play(tmp_path, scenario)


def test_it_goes_on_by_itself(tmp_path: Path) -> None:
    """The round begins at once and ends with a cancellation."""

    async def scenario(scene: Scene) -> None:
        _fill(scene, "used proofs", HOUR)
        task = asyncio.create_task(purges.go_on(scene.context))
        await until(lambda: _count(scene, "used proofs") == ROWS - DUE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    play(tmp_path, scenario)
