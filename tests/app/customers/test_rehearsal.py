"""A rehearsed import in a process that goes on serving: only the import rehearses."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from tessera.app.customers.files import bulk_import
from tessera.app.customers.files.bulk_import import Tally
from tessera.app.customers.files.rows import Row
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer
from tests.support.scene import Scene, play

ROW = Row(1, NewCustomer(external_id="ben"), CustomerUpdate(external_id="ben"))


def test_others_write_while_an_import_is_rehearsed(tmp_path: Path) -> None:
    """A customer who is created meanwhile in the same context is there, and nobody whom the rehearsal told of."""

    async def scenario(scene: Scene) -> None:
        store = scene.context.store
        created: list[asyncio.Task[str]] = []

        def rows() -> Iterator[Row]:
            created.append(asyncio.create_task(scene.customer("ann")))  # it goes on at the first wait of the import
            yield ROW

        def report(_tally: Tally) -> None:
            assert scene.context.store is store

        tally = await bulk_import.dry_run(scene.context, 1, rows(), report)
        await created[0]

        assert (tally.created, tally.refused) == (1, 0)
        assert await store.customer_with_external_id(1, "ann") is not None
        assert await store.customer_with_external_id(1, "ben") is None

    play(tmp_path, scenario)
