"""Reading everything that a proof of the ledger needs, customer by customer, beside a running server."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from tessera.core.loyalty.ledger_check import Held, LedgerSum
from tessera.core.loyalty.standing import Standing
from tessera.ports import StoreUnavailable
from tessera.store.database import Database
from tessera.store.inspection import Look
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
def _looking(database: Database) -> Iterator[Look]:
    """A look at it. What SQLite or the decoder raises becomes StoreUnavailable."""
    try:
        with database.look() as look:
            yield look
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise StoreUnavailable(str(error)) from error


def customers(database: Database) -> int:
    """How many there are. Raises StoreUnavailable."""
    with _looking(database) as look:
        return int(look.rows(sql.CUSTOMERS)[0][0])


def records(database: Database) -> Iterator[Record]:
    """Every customer, in pages each of which is read at one moment. Raises StoreUnavailable."""
    after = 0
    with _looking(database) as look:
        while True:
            with look.moment():
                page = look.rows(sql.STANDINGS, {"after": after, "limit": PAGE_ROWS})
                found = [_record(look, *row) for row in page]
            yield from found
            if len(page) < PAGE_ROWS:
                return
            after = page[-1][0]


def _record(look: Look, *row: Any) -> Record:
    number, customer_id, standing, due_at, forgotten_at = row
    key = {"customer": number}
    sums = [LedgerSum(*row) for row in look.rows(sql.PROVEN_SUMS, key)]
    held = [Held(*row) for row in look.rows(sql.HELD, key)]
    return Record(customer_id, _decode(standing), due_at if forgotten_at is None else None, sums, held)
