"""Statements by position: every parameter is filled from the field of its name."""

import sqlite3

from tessera.core.changes import DisableApplication, SetStanding
from tessera.store.compiled import compiled
from tessera.store.sql.statement import Statement


def filled(text: str, change: SetStanding | DisableApplication) -> tuple[object, ...]:
    """What SQLite makes of a statement of constants, filled from a change."""
    statement = compiled(Statement(text))
    connection = sqlite3.connect(":memory:")
    try:
        row: tuple[object, ...] = connection.execute(statement.sql, statement.values(change)).fetchone()
    finally:
        connection.close()
    return row


def test_parameters_are_filled_by_name() -> None:
    """Whatever their order, and whether there are many, one, or one that stands there twice."""
    change = SetStanding(4, "after", 9, 7)

    assert filled("select :version, :customer, :standing", change) == (7, 4, "after")
    assert filled("select :standing", change) == ("after",)
    assert filled("select :at, :client_id, :at + 1", DisableApplication("client", 7)) == (7, "client", 8)


def test_the_fact_goes_along() -> None:
    """What a statement relies on is still told."""
    assert compiled(Statement("select :standing", "it holds")).fact == "it holds"
