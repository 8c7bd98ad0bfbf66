"""One transaction on one connection: the changes of a batch of callers, committed together or not at all.

    begin, limits, lock            `write_lock.Beginning`
    each caller's statements       all in one exchange with what stands before and after them
    notify                         if there are notices: the server delivers it with the commit
    commit                         an exchange of its own, sent once every fact is seen to hold

    run -> exchange -> _read_outcomes -> _commit -> each caller's answer

There are no savepoints: when one caller's fact does not hold, all is rolled back, and who is at fault is returned. What
becomes of the others, and of a transaction that may be tried again, is decided in `commit_queue.py`.
"""

from collections.abc import Sequence

from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable, Unknown
from tessera.store.postgres import failures
from tessera.store.postgres.channel import NOTIFY
from tessera.store.postgres.pending_commit import PendingCommit
from tessera.store.postgres.pipeline import ConnectionLostError, PipelinedConnection
from tessera.store.postgres.statements import BoundStatement, prepared
from tessera.store.postgres.write_lock import Beginning

_COMMIT = prepared("commit")
_ROLLBACK = prepared("rollback")


class TryAgainError(Exception):
    """The server rolled the transaction back for the sake of another; the next attempt may succeed."""


async def run(
    connection: PipelinedConnection, beginning: Beginning, batch: Sequence[PendingCommit]
) -> list[PendingCommit]:
    """Commit the changes of a batch and answer its callers; or roll back, and return those at fault, unanswered.

    Those at fault have the error in `outcome`, or have been given up meanwhile. Nothing is written either when this
    raises TryAgainError, StoreUnavailable, or ConnectionLostError, which comes from before the COMMIT alone. Raises
    Unknown when it cannot be told whether it is.
    """
    results = await connection.exchange(_statements(beginning, batch))
    try:
        failure = failures.first_failure(results)
        if failure is not None and failures.is_retryable(failure, serialized=beginning.serialized):
            raise TryAgainError(failures.message(failure))
        at_fault = _read_outcomes(batch, results, len(beginning.statements))
    except (StoreUnavailable, TryAgainError):
        await connection.exchange([(_ROLLBACK, [])])
        if failures.is_read_only(results):
            # It was the primary once and is a standby now: the next connection looks for the primary.
            connection.close("the server takes no writes any more")
        raise
    # The deadline of some callers may have passed meanwhile. They were told that nothing is written; that must be true.
    at_fault += [pending for pending in batch if pending.given_up and pending not in at_fault]
    if at_fault:
        await connection.exchange([(_ROLLBACK, [])])
        return at_fault
    for pending in batch:
        pending.committing = True
    await _commit(connection)
    for pending in batch:
        pending.resolve(pending.outcome)
    return []


def _statements(beginning: Beginning, batch: Sequence[PendingCommit]) -> list[BoundStatement]:
    notify: list[BoundStatement] = [(NOTIFY, [])] if any(pending.notices for pending in batch) else []
    return [*beginning.statements, *(each for pending in batch for each in pending.statements), *notify]


async def _commit(connection: PipelinedConnection) -> None:
    """Commit the transaction; it is durable when this returns, on the synchronous standby as well if there is one.

    Raises StoreUnavailable when nothing was written, Unknown when that cannot be told. The outcome is unknown

    - when the connection is lost, or the answer is late: the server may have committed and not been able to say so;
    - when the server reports an error that is not about the content of the transaction: one that is shut down while it
      waits for its standby says that of a commit which it has made;
    - when it reports success with a warning: somebody cancelled the wait for the standby (`pg_cancel_backend`), and the
      commit is on one disk only, where a failover would lose it.
    """
    warnings_before = connection.warning_count
    try:
        results = await connection.exchange([(_COMMIT, [])])
    except ConnectionLostError as error:
        raise Unknown(str(error)) from error
    failure = failures.first_failure(results)
    if failure is not None:
        raise (StoreUnavailable if failures.is_rolled_back(failure) else Unknown)(failures.message(failure))
    if results[-1].command_status != b"COMMIT":
        raise StoreUnavailable("the transaction was rolled back")
    if connection.warning_count != warnings_before:
        raise Unknown(connection.last_warning)


def _read_outcomes(batch: Sequence[PendingCommit], results: Sequence[PGresult], start: int) -> list[PendingCommit]:
    """Set each caller's outcome; return those at fault. Their results begin at the index `start`.

    Raises StoreUnavailable for a failure of the server, which is no caller's fault.
    """
    failure = failures.first_failure(results)
    if failure is not None and not failures.is_defect(failure):
        raise failures.error(failure)
    at_fault = []
    for pending in batch:
        own = results[start : start + len(pending.statements)]
        start += len(pending.statements)
        if isinstance(pending.read_outcome(own), Exception):
            at_fault.append(pending)
            if failures.first_failure(own) is not None:
                break  # the server skipped the statements of the callers behind this one
    if failure is not None and not at_fault:
        raise failures.error(failure)
    return at_fault
