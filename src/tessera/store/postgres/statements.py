"""Statements as PostgreSQL takes them: `$1` for `:name`, each parameter as text with the type that it stands for.

The types of a write's parameters come from the fields of its change; a read's are found out by the server. All values
travel in text form, which the server reads by its own rules; results come back so too.
"""

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple, get_args, get_type_hints

from psycopg.pq.abc import PGresult

from tessera.core.changes import Change
from tessera.store import sql
from tessera.store.driver import Row

_PARAMETER = re.compile(r"(?<!:):(\w+)")

BYTES, INTEGER, INTEGER4, TEXT, UNKNOWN = 17, 20, 23, 25, 0
"""Object ids of the types that parameters have (`pg_type.oid`)."""

_OIDS: tuple[tuple[type, int], ...] = ((bytes, BYTES), (str, TEXT), (int, INTEGER))

Value = bytes | None


class NulError(ValueError):
    """A text that no row of PostgreSQL can hold."""


class Prepared(NamedTuple):
    """A statement with its parameters by position: their names in order, and the object ids of their types.

    `key` is its name on every link that has prepared it.
    """

    key: bytes
    sql: bytes
    names: tuple[str, ...]
    oids: tuple[int, ...]


class Write(NamedTuple):
    """A statement of a change. When `fact` is given, exactly one row must be touched."""

    statement: Prepared
    fact: str


_keys = count(1)
"""Names are unique in the process: every link may prepare every statement under its own."""


def prepared(text: str, oids: Mapping[str, int] | None = None) -> Prepared:
    """A statement of the context, `:name` by `:name`; a parameter that stands in it twice is sent once."""
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${places.setdefault(found.group(1), len(places) + 1)}"

    return Prepared(
        b"t%d" % next(_keys),
        _PARAMETER.sub(place, text).encode(),
        tuple(places),
        tuple((oids or {}).get(name, UNKNOWN) for name in places),
    )


def of_change(kind: type[Change]) -> tuple[Write, ...]:
    """The statements of a class of change."""
    oids = {name: _oid(hint) for name, hint in get_type_hints(kind).items()}
    return tuple(Write(prepared(each.sql, oids), each.fact) for each in sql.WRITES[kind])


def _oid(hint: Any) -> int:
    """The type of a field that may be None as well; a `NewType` counts as what it is made of."""
    kinds = [getattr(each, "__supertype__", each) for each in (get_args(hint) or (hint,)) if each is not type(None)]
    return next(
        (oid for kind, oid in _OIDS if all(isinstance(each, type) and issubclass(each, kind) for each in kinds)),
        UNKNOWN,
    )


def values_of(change: Change, names: tuple[str, ...]) -> list[Value]:
    """The fields of a change as parameters. Raises what a value raises that no database can take."""
    return [written(getattr(change, name)) for name in names]


def values(parameters: Mapping[str, object], names: tuple[str, ...]) -> list[Value]:
    """The parameters of a read, in order."""
    return [written(parameters[name]) for name in names]


def written(value: Any) -> Value:
    """A value as the server reads it. Raises TypeError for what is no value, ValueError for text that cannot be."""
    if value is None:
        return None
    if isinstance(value, str):
        raw = value.encode()
        if b"\0" in raw:  # the server has no such text, and libpq would end it there
            raise NulError("text with a NUL in it")
        return raw
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    raise TypeError(f"{type(value).__name__} is no value of a database")


def _bytes(raw: bytes) -> bytes:
    return bytes.fromhex(raw.removeprefix(b"\\x").decode())


def _boolean(raw: bytes) -> int:
    return int(raw == b"t")


Reader = Callable[[bytes], Any]
_READERS: dict[int, Reader] = {16: _boolean, BYTES: _bytes, 20: int, 21: int, 23: int, 1700: int}


def rows(result: PGresult) -> list[Row]:
    """The rows of a result: integers, text, bytes and None, whatever the width of the column."""
    count = result.ntuples
    if not count:
        return []
    readers = [(column, _READERS.get(result.ftype(column), bytes.decode)) for column in range(result.nfields)]
    get = result.get_value
    return [
        tuple([None if (raw := get(row, column)) is None else read(raw) for column, read in readers])
        for row in range(count)
    ]


def only_value(result: PGresult) -> Any:
    """The value of a result of one row and one column."""
    ((value,),) = rows(result)
    return value
