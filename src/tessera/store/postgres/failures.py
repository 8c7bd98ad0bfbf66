"""What PostgreSQL answers other than what was asked, as the errors of `ports`.

By the class of the SQLSTATE: some are the fault of the statement's own caller, some pass when it is tried again, the
rest mean that the database cannot take it now.
"""

from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable

_OK = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

UNIQUE = "23505"
READ_ONLY = "25006"

_DEFECTS = ("0A", "21", "22", "23", "26", "42")
"""Classes of what no database can take: wrong values, broken constraints, wrong SQL."""

_PASSING = ("40001", "40P01")
"""Serialization failure, deadlock: all was undone, and trying again may do."""

_PASSING_BESIDE = (*_PASSING, "23503")
"""Of changes that take no turn also a foreign key: what they refer to was deleted while they were made."""


_UNDONE = ("23", "40")
"""Classes of a commit that was refused for what is in it."""


class DefectError(Exception):
    """A statement that no database can take: the fault of its caller, or of ours."""


ERRORS: tuple[type[Exception], ...] = (psycopg.Error, DefectError)
"""What comes out of here that `ports` does not know."""


def state(result: PGresult) -> str:
    """The SQLSTATE of an error, or ""."""
    return (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()


def said(result: PGresult) -> str:
    """What the server says of an error."""
    return (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message).decode(errors="replace")


def failed(result: PGresult) -> bool:
    """Whether the statement was not done."""
    return result.status not in _OK


def is_defect(result: PGresult) -> bool:
    """Whether no database could take the statement."""
    return state(result).startswith(_DEFECTS)


def passes(result: PGresult, *, turn: bool) -> bool:
    """Whether the whole transaction may succeed when it is tried again."""
    return state(result) in (_PASSING if turn else _PASSING_BESIDE)


def undone(result: PGresult) -> bool:
    """Whether a failed commit has certainly undone everything."""
    return state(result).startswith(_UNDONE)


def error(result: PGresult) -> Exception:
    """The exception for a failed statement."""
    return DefectError(said(result)) if is_defect(result) else StoreUnavailable(said(result))


def first(results: Sequence[PGresult]) -> PGresult | None:
    """The result that failed first."""
    return next((each for each in results if failed(each)), None)


def read_only(results: Sequence[PGresult]) -> bool:
    """Whether the server is a standby, or has become one."""
    found = first(results)
    return found is not None and state(found) == READ_ONLY


def good(results: Sequence[PGresult]) -> Sequence[PGresult]:
    """The results, when all statements were done. Raises DefectError, or StoreUnavailable."""
    found = first(results)
    if found is not None:
        raise error(found)
    return results
