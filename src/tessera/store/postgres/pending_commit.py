"""One caller's commit, from its changes to its answer: the statements that make it, the outcome that they had."""

import asyncio
from collections.abc import Sequence

from psycopg.pq.abc import PGresult

from tessera.core.changes import Change, Notice
from tessera.ports import Conflict
from tessera.store import sql
from tessera.store.postgres import failures
from tessera.store.postgres.statements import (
    TEXT,
    BoundStatement,
    WriteStatement,
    encode,
    encode_fields,
    of_change,
    only_value,
    prepared,
)

WRITES: dict[type[Change], tuple[WriteStatement, ...]] = {kind: of_change(kind) for kind in sql.WRITES}

_NOTICE = prepared(sql.NOTICE, {"kind": TEXT, "key": TEXT})

Outcome = list[Notice] | Exception
"""The notices that the changes appended to the feed, or why they cannot be made."""


class PendingCommit:
    """One caller's changes.

    `statements` has those of the changes and then one for each notice; `facts`, for each of the former, its change and
    the fact that must hold ("" for none). `answer` is what the caller waits for. Raises what a value raises that no
    database can take.

    | state | |
    |---|---|
    | `committing` | COMMIT was sent: from now on it may be written |
    | `given_up` | the caller was told that nothing is written: it must not be committed any more |
    """

    def __init__(self, changes: Sequence[Change], loop: asyncio.AbstractEventLoop) -> None:
        self.began_at = loop.time()
        self.given_up = False
        self.committing = False
        self.answer: asyncio.Future[list[Notice]] = loop.create_future()
        self.outcome: Outcome = []
        self.notices = [notice for change in changes if (notice := change.notice()) is not None]
        self.statements: list[BoundStatement] = []
        self.facts: list[tuple[Change, str]] = []
        for change in changes:
            for write in WRITES[type(change)]:
                self.statements.append((write.statement, encode_fields(change, write.statement.names)))
                self.facts.append((change, write.fact))
        self.statements += [(_NOTICE, [encode(kind), encode(key)]) for kind, key in self.notices]

    def read_outcome(self, results: Sequence[PGresult]) -> Outcome:
        """Set `outcome` by the results of `statements`; those behind one that failed were skipped by the server."""
        self.outcome = self._outcome(results)
        return self.outcome

    def _outcome(self, results: Sequence[PGresult]) -> Outcome:
        for (change, fact), result in zip(self.facts, results, strict=False):
            if failures.failed(result):
                taken = fact and failures.sqlstate(result) == failures.UNIQUE_VIOLATION
                return Conflict(change, fact) if taken else failures.error(result)
            if fact and result.command_tuples != 1:
                return Conflict(change, fact)
        numbers = [only_value(result) for result in results[len(self.facts) :]]
        return [Notice(number, *notice) for number, notice in zip(numbers, self.notices, strict=True)]

    def resolve(self, outcome: Outcome) -> None:
        """Answer the caller, unless it has an answer or is gone."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)
