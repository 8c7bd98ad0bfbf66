"""Reading everything that a proof of the ledger needs, customer by customer, beside a running server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tessera.core.loyalty.proof import Held, LedgerSum
from tessera.core.loyalty.standing import Standing
from tessera.store.migrate import read_only
from tessera.store.sql import ledger as sql

PAGE_ROWS = 1000


class Record(NamedTuple):
    """One customer's standing and its records, all of one moment. To one who is forgotten nothing falls due."""

    customer_id: str
    standing: Standing
    due_at: int | None
    sums: list[LedgerSum]
    held: list[Held]


_decode = msgspec.json.Decoder(Standing).decode


def customers(path: Path) -> int:
    """How many there are. Raises sqlite3.Error."""
    with closing(read_only(path)) as connection:
        return int(connection.execute(sql.CUSTOMERS).fetchone()[0])


def records(path: Path) -> Iterator[Record]:
    """Every customer, in pages each of which is read at one moment. Raises sqlite3.Error, msgspec.MsgspecError."""
    with closing(read_only(path)) as connection:
        connection.isolation_level = None
        after = 0
        while True:
            connection.execute("begin")
            page = connection.execute(sql.STANDINGS, {"after": after, "limit": PAGE_ROWS}).fetchall()
            found = [_record(connection, *row) for row in page]
            connection.execute("commit")
            yield from found
            if len(page) < PAGE_ROWS:
                return
            after = page[-1][0]


def _record(connection: sqlite3.Connection, *row: Any) -> Record:
    number, customer_id, standing, due_at, forgotten_at = row
    key = {"customer": number}
    sums = [LedgerSum(*row) for row in connection.execute(sql.PROVEN_SUMS, key)]
    held = [Held(*row) for row in connection.execute(sql.HELD, key)]
    return Record(customer_id, _decode(standing), due_at if forgotten_at is None else None, sums, held)
