"""Looks at a PostgreSQL database, for commands: over one connection of their own, one statement after the other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from tessera.ports import StoreUnavailable
from tessera.store.driver import R, Row
from tessera.store.postgres import failures
from tessera.store.postgres.address import Address
from tessera.store.postgres.schema import connected
from tessera.store.postgres.statements import decode_rows, encode_parameters, prepared
from tessera.store.sql.statement import Select, only_column

_NOTHING: Mapping[str, object] = {}


class PostgresInspection:
    """As `store.inspection.Look`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._pgconn = connection.pgconn

    def rows(self, select: Select[R], parameters: Mapping[str, object] = _NOTHING) -> list[R]:
        return select.rows(self._fetched(select.sql, parameters))

    def values(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> list[Any]:
        return only_column(self._fetched(statement, parameters))

    def _fetched(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> list[Row]:
        translated = prepared(statement)
        result = self._pgconn.exec_params(
            translated.sql, encode_parameters(parameters, translated.names), translated.oids
        )
        if failures.failed(result):
            raise StoreUnavailable(failures.message(result))
        return decode_rows(result)

    @contextmanager
    def moment(self) -> Iterator[None]:
        self._fetched("begin isolation level repeatable read read only")
        yield
        self._fetched("commit")


@contextmanager
def looking(where: Address) -> Iterator[PostgresInspection]:
    """A look for the length of a block. Raises Unusable, and StoreUnavailable when the connection is lost."""
    with connected(where) as connection:
        try:
            yield PostgresInspection(connection)
        except psycopg.Error as error:
            raise StoreUnavailable(" ".join(str(error).split())) from error
