"""A database from before purges had marks and checkpoints: after the migration its rows are purged like any others."""

from pathlib import Path

import pytest

from tessera.core.administration.audit import REFUSED
from tessera.core.administration.audit_chain import Walk, chained, checkpoint
from tessera.core.changes import ConsumeProof, PurgeAuditEntries, PurgeConsumedProofs, RaiseProofMark, RecordAuditEntry
from tessera.core.times import PurgeTime
from tessera.ports import Conflict
from tessera.store.conformance import Stores
from tessera.store.migrate import SchemaState
from tessera.store.store import SQLStore
from tests.support import engines, revisions
from tests.support.stores import run_with_stores

PEPPER = b"pepper"
ACTIONS = (REFUSED, REFUSED, "application.create", REFUSED)


def _fill(folder: Path) -> None:
    """A chain with refusals in it, and a used proof."""
    before = ""
    with engines.writing(folder) as database:
        for number, action in enumerate(ACTIONS, start=1):
            fields = (f"id {number}", 5, "server", None, action, "target", "{}")
            before = chained(before, number, *fields)
            places = ", ".join("?" * 9)
            database.rows(f"insert into audit_entry values ({places})", number, *fields, before)
        database.rows("insert into spent_proof values ('old', 7)")


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_old_rows_are_purged_after_the_migration(tmp_path: Path, engine: str) -> None:
    """Nothing is lost by it; no time is noted yet; refusals go behind a checkpoint, and numbers go on."""

    async def scenario(stores: Stores) -> None:
        store = await stores()
        assert await store.noted_time() is None
        entries = await store.audit_entries(0, 9)
        assert [each.number for each in await store.audit_refusals(0, 9)] == [1, 2, 4]
        made = checkpoint(PEPPER, 1, 2, "", entries[1].hash)
        await store.commit(PurgeAuditEntries(PurgeTime(5), 1, 2, 1, 2, made.previous_hash, made.last_hash, made.seal))
        await store.commit(RecordAuditEntry("later", 9, "server", None, "application.set", "target", "{}"))
        walk = Walk(checkpoints={each.first_number: each for each in await store.audit_checkpoints()})
        assert [walk.step(each) for each in await store.audit_entries(0, 9)] == [None] * 3
        assert (walk.number, walk.purged) == (5, 2)
        await store.commit(RaiseProofMark(PurgeTime(7)))
        await store.commit(PurgeConsumedProofs(PurgeTime(7), 9))
        assert await store.consumed_proof("old") is None
        with pytest.raises(Conflict):
            await store.commit(ConsumeProof("old", 7))

    with revisions.made(tmp_path, engine, "0005") as database:
        _fill(tmp_path)
        assert database.state() is SchemaState.OLDER
        database.migrate()
        assert database.state() is SchemaState.CURRENT
        run_with_stores(lambda: SQLStore(database.driver(lambda _line, _reason: None)), scenario)
