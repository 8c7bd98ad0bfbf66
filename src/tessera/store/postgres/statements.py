"""Statements and values as PostgreSQL takes them, and rows as it gives them back.

    :name SQL -> `prepared` -> PreparedStatement ($1 for :name)
    parameters of a read -> `encode_parameters`, fields of a change -> `encode_fields` -> list[Parameter]
    PGresult -> `decode_rows` -> list[Row]

Values travel as text in both directions. The types of a write's parameters come from the annotations of its change;
those of a read are left to the server, which infers them.
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

BOOLEAN, BYTES, INTEGER, INTEGER2, INTEGER4, NUMERIC, TEXT, UNKNOWN = 16, 17, 20, 21, 23, 1700, 25, 0
"""Object ids of types (`pg_type.oid`); UNKNOWN has the server infer the type."""

_OIDS: tuple[tuple[type, int], ...] = ((bytes, BYTES), (str, TEXT), (int, INTEGER))

Parameter = bytes | None
"""A value in PostgreSQL's text form; None is null."""


class NulError(ValueError):
    """A text with a NUL in it, which no row of PostgreSQL can hold."""


class PreparedStatement(NamedTuple):
    """A statement whose parameters are numbered: their names in order, and the object ids of their types.

    `key` is the name under which each connection prepares it.
    """

    key: bytes
    sql: bytes
    names: tuple[str, ...]
    oids: tuple[int, ...]


BoundStatement = tuple[PreparedStatement, list[Parameter]]
"""A statement and its parameters, in the order of its `names`."""


class WriteStatement(NamedTuple):
    """A statement of a change. When `fact` is given, it must touch exactly one row, or that fact does not hold."""

    statement: PreparedStatement
    fact: str


_key_numbers = count(1)
"""Keys are unique in the process, so that any connection may prepare any statement under its key."""


def prepared(text: str, oids: Mapping[str, int] | None = None) -> PreparedStatement:
    """Number the parameters of a statement. A `:name` that stands in it twice is one parameter, sent once.

    `oids` has the types of parameters by name; those that it lacks are UNKNOWN.
    """
    places: dict[str, int] = {}

    def numbered(name: re.Match[str]) -> str:
        return f"${places.setdefault(name.group(1), len(places) + 1)}"

    return PreparedStatement(
        b"t%d" % next(_key_numbers),
        _PARAMETER.sub(numbered, text).encode(),
        tuple(places),
        tuple((oids or {}).get(name, UNKNOWN) for name in places),
    )


def of_change(kind: type[Change]) -> tuple[WriteStatement, ...]:
    """The statements of a class of change, in the order in which they are run."""
    oids = {name: _oid(hint) for name, hint in get_type_hints(kind).items()}
    return tuple(WriteStatement(prepared(each.sql, oids), each.fact) for each in sql.WRITES[kind])


def _oid(hint: Any) -> int:
    """The type of a parameter by the annotation of its field, without None; a `NewType` counts as its base."""
    kinds = [getattr(each, "__supertype__", each) for each in (get_args(hint) or (hint,)) if each is not type(None)]
    return next(
        (oid for kind, oid in _OIDS if all(isinstance(each, type) and issubclass(each, kind) for each in kinds)),
        UNKNOWN,
    )


def encode_fields(change: Change, names: tuple[str, ...]) -> list[Parameter]:
    """The named fields of a change as parameters. Raises TypeError, ValueError or NulError as `encode` does."""
    return [encode(getattr(change, name)) for name in names]


def encode_parameters(parameters: Mapping[str, object], names: tuple[str, ...]) -> list[Parameter]:
    """The parameters of a read, in the order of `names`. Raises TypeError, ValueError or NulError as `encode` does."""
    return [encode(parameters[name]) for name in names]


def encode(value: Any) -> Parameter:
    """A value in PostgreSQL's text form.

    Raises NulError for a text with a NUL, another ValueError for one that is no Unicode, TypeError for anything that is
    not text, integer, bytes or None.
    """
    if value is None:
        return None
    if isinstance(value, str):
        raw = value.encode()
        if b"\0" in raw:  # libpq would end the text there, and so store another one
            raise NulError("text with a NUL in it")
        return raw
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    raise TypeError(f"{type(value).__name__} is no value of a database")


def _decode_bytes(raw: bytes) -> bytes:
    return bytes.fromhex(raw.removeprefix(b"\\x").decode())


def _decode_boolean(raw: bytes) -> int:
    return int(raw == b"t")


_DECODERS: dict[int, Callable[[bytes], Any]] = {
    BOOLEAN: _decode_boolean,
    BYTES: _decode_bytes,
    INTEGER: int,
    INTEGER2: int,
    INTEGER4: int,
    NUMERIC: int,
}


def decode_rows(result: PGresult) -> list[Row]:
    """The rows of a result, as SQLite would give them: int for any width, 0 or 1 for a boolean, str, bytes, None."""
    count = result.ntuples
    if not count:
        return []
    decoders = [(column, _DECODERS.get(result.ftype(column), bytes.decode)) for column in range(result.nfields)]
    get = result.get_value
    return [
        tuple([None if (raw := get(row, column)) is None else decode(raw) for column, decode in decoders])
        for row in range(count)
    ]


def only_value(result: PGresult) -> Any:
    """The value of a result of one row and one column."""
    ((value,),) = decode_rows(result)
    return value
