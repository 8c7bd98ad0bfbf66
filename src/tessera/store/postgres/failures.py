"""Errors of PostgreSQL, by their SQLSTATE, as the errors of `ports`.

| SQLSTATE | means | becomes |
|---|---|---|
| classes in `_DEFECTS` | no database can take the statement | DefectError, of the caller whose statement it is |
| `UNIQUE_VIOLATION` of a statement with a fact | the fact does not hold | Conflict, in `pending_commit.py` |
| in `_RETRYABLE` | rolled back for the sake of another transaction | another attempt, in `commit_queue.py` |
| all others | the server cannot take it now | StoreUnavailable |
"""

from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable

_OK = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

UNIQUE_VIOLATION = "23505"
READ_ONLY_TRANSACTION = "25006"
_FOREIGN_KEY_VIOLATION = "23503"

_DEFECTS = ("0A", "21", "22", "23", "26", "42")
"""Classes of errors of the statement itself: wrong values, violated constraints, wrong SQL."""

_RETRYABLE = ("40001", "40P01")
"""Serialization failure and deadlock."""

_RETRYABLE_WITHOUT_LOCK = (*_RETRYABLE, _FOREIGN_KEY_VIOLATION)
"""Without the write lock, the row that a change refers to may be deleted while the change is made."""

_ROLLED_BACK = ("23", "40")
"""Classes of errors of a COMMIT that is refused for the content of its transaction (a constraint, a conflict)."""


class DefectError(Exception):
    """A statement that no database can take: the fault of its caller, or of ours."""


ERRORS: tuple[type[Exception], ...] = (psycopg.Error, DefectError)
"""The exceptions of this package that `ports` does not have."""


def sqlstate(result: PGresult) -> str:
    """The SQLSTATE of an error, five characters, or ""."""
    return (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()


def message(result: PGresult) -> str:
    """The server's text of an error."""
    return (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message).decode(errors="replace")


def failed(result: PGresult) -> bool:
    """Whether the statement had no effect: it failed, or was skipped behind one that did."""
    return result.status not in _OK


def first_failure(results: Sequence[PGresult]) -> PGresult | None:
    """The result of the statement that failed; those behind it were skipped."""
    return next((result for result in results if failed(result)), None)


def is_defect(result: PGresult) -> bool:
    """Whether no database could take the statement."""
    return sqlstate(result).startswith(_DEFECTS)


def is_retryable(result: PGresult, *, serialized: bool) -> bool:
    """Whether the whole transaction may succeed at another attempt; `serialized` if it holds the write lock."""
    return sqlstate(result) in (_RETRYABLE if serialized else _RETRYABLE_WITHOUT_LOCK)


def is_rolled_back(result: PGresult) -> bool:
    """Whether a COMMIT that failed has certainly rolled everything back."""
    return sqlstate(result).startswith(_ROLLED_BACK)


def is_read_only(results: Sequence[PGresult]) -> bool:
    """Whether a statement failed because the server is a standby, or has become one."""
    failure = first_failure(results)
    return failure is not None and sqlstate(failure) == READ_ONLY_TRANSACTION


def error(result: PGresult) -> Exception:
    """The exception for a failed statement: DefectError or StoreUnavailable."""
    return DefectError(message(result)) if is_defect(result) else StoreUnavailable(message(result))


def require_success(results: Sequence[PGresult]) -> Sequence[PGresult]:
    """The results, when no statement failed. Raises DefectError or StoreUnavailable."""
    failure = first_failure(results)
    if failure is not None:
        raise error(failure)
    return results
