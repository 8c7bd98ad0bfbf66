"""Reading everything that a proof of the ledger needs, customer by customer, beside a running server."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from tessera.core.loyalty.ledger_check import Held, LedgerSum
from tessera.core.loyalty.standing import Standing
from tessera.ports import StoreUnavailable
from tessera.store.database import Database
from tessera.store.inspection import Inspection
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


@contextmanager
def _looking(database: Database) -> Iterator[Inspection]:
    """A look at it. What SQLite or the decoder raises becomes StoreUnavailable."""
    try:
        with database.look() as look:
            yield look
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise StoreUnavailable(str(error)) from error


def customers(database: Database) -> int:
    """How many there are. Raises StoreUnavailable."""
    with _looking(database) as look:
        return int(look.values(sql.CUSTOMERS)[0])


def records(database: Database) -> Iterator[Record]:
    """Every customer, in pages each of which is read at one moment. Raises StoreUnavailable."""
    after = 0
    with _looking(database) as look:
        while True:
            with look.moment():
                page = look.rows(sql.STANDINGS, {"after": after, "limit": PAGE_ROWS})
                found = [_record(look, row) for row in page]
            yield from found
            if len(page) < PAGE_ROWS:
                return
            after = page[-1].number


def _record(look: Inspection, row: sql.StandingRow) -> Record:
    key = {"customer": row.number}
    return Record(
        customer_id=row.id,
        standing=_decode(row.standing),
        due_at=row.due_at if row.forgotten_at is None else None,
        sums=look.rows(sql.PROVEN_SUMS, key),
        held=look.rows(sql.HELD, key),
    )
