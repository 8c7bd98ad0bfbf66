"""The statements of every change, made ready once: parameters by position, and the fields that fill them.

SQL is written with `:name` parameters. Filling those takes a dictionary of all fields for every execution; by position
a tuple does, which is taken out of the change in one call.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from tessera.core.changes import Change
from tessera.store import sql
from tessera.store.sql.statement import Statement

_PARAMETER = re.compile(r":(\w+)")


class Compiled(NamedTuple):
    """A write with `?` for its parameters; `values` takes them, in order, out of the change."""

    sql: str
    values: Callable[[Change], tuple[Any, ...]]
    fact: str


def compiled(statement: Statement) -> Compiled:
    """A statement by position; a parameter that stands in it twice is filled twice."""
    names = _PARAMETER.findall(statement.sql)
    return Compiled(_PARAMETER.sub("?", statement.sql), _taker(names), statement.fact)


def _taker(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    take = attrgetter(*names)
    return take if len(names) > 1 else lambda change: (take(change),)


WRITES = {kind: tuple(compiled(statement) for statement in each) for kind, each in sql.WRITES.items()}
