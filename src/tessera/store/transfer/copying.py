"""A copy from one database to another: where it stopped stands in the target, in the transaction of the rows.

The target is marked as unfinished in the place of its schema's version, so that no server takes it for a database,
until every row was read back and compared.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import msgspec

from tessera.ports import Unusable
from tessera.store.migrate import COPYING, SchemaState, Unfinished
from tessera.store.migrations import HEAD
from tessera.store.sql.statement import Select
from tessera.store.transfer.digest import Digest, compared, counts, total
from tessera.store.transfer.endpoints import End, Moment, Row, Written
from tessera.store.transfer.tables import Table, quoted, shaped_alike

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how far something is: given what is counted and how many there are, what it gives is called with the count."""

TABLE = "create table copying (source text not null, counts text not null, name text, after_key text, done bigint)"


class MarkRow(msgspec.Struct, frozen=True):
    """The row of `MARK`: `counts` is the JSON of the rows by table, `after_key` that of a key."""

    source: str
    counts: str
    name: str | None
    after_key: str | None
    done: int


MARK = Select("select source, counts, name, after_key, done from copying", MarkRow)


class Wish(NamedTuple):
    """How to copy. `online`: servers may write, and what they write later is not copied. `restart`: begin again."""

    online: bool = False
    restart: bool = False


class Copied(msgspec.Struct, frozen=True):
    """What was copied; `resumed` rows of it were there already."""

    digest: Digest
    resumed: int


class _Mark(NamedTuple):
    """How far a copy is: the table, the key of its last row, and how many rows in all."""

    name: str | None
    after: Row | None
    done: int


def copy(
    source: End, target: End, wish: Wish, bar: Bar, now: int, at_end: Callable[[Written], None] = lambda _target: None
) -> Copied:
    """Copy everything, compare it, and only then let the target be used; `at_end` is done in the same transaction.

    Raises Unusable with what to do. An interrupted copy goes on when the same is asked again.
    """
    check_source(source)
    if source.text == target.text:
        raise Unusable(f"Both ends are {source.text}. Name another database to copy to.")
    begun = _is_begun(target)
    with source.moment(alone=not wish.online) as moment:
        if not wish.online:
            _check_quiet(moment, source, now)
        with target.written() as written:
            shaped_alike(moment.tables, written.tables, target.text)
            mark = _begin(moment, written, source, target) if not begun else _go_on(moment, written, source, wish)
            rows = total(moment)
            with bar("rows copied", rows) as told:
                _copy_rows(moment, written, mark, told)
            with bar("rows compared", rows) as told:
                digest = compared(moment, written, target.text, told)
            _finish(moment, written, at_end)
            return Copied(digest, mark.done)


def check_source(source: End) -> None:
    """Raises Unusable unless there is something of this version's schema to copy."""
    state = source.state()
    if state is SchemaState.OLDER:
        raise source.older()
    if state is SchemaState.EMPTY:
        raise Unusable(f"There is no data in {source.text}, so there is nothing to copy.")


def _is_begun(target: End) -> bool:
    """Whether the target is the beginning of a copy; made where there is nothing. Raises Unusable."""
    try:
        state = target.state()
    except Unfinished:
        return True
    if state is SchemaState.OLDER:
        raise target.older()
    if state is SchemaState.EMPTY:
        target.make()
    return False


def _check_quiet(moment: Moment, source: End, now: int) -> None:
    """Raises Unusable when a server holds a singleton task: it would write what is not copied."""
    if moment.values("select 1 from lease where ends_at > :now limit 1", {"now": now}):
        raise Unusable(
            f"Servers seem to run on {source.text}. Stop them (one that was killed counts for 15 seconds more), or say"
            " --online to copy this moment: what they write later is not copied."
        )


def _begin(moment: Moment, written: Written, source: End, target: End) -> _Mark:
    """Mark the target, which must be empty."""
    check_empty(written, target)
    with written.transaction():
        _write_mark(moment, written, source)
    return _Mark(None, None, 0)


def check_empty(moment: Moment, target: End) -> None:
    """Raises Unusable when there is a row in any table."""
    if any(moment.values(f"select 1 from {quoted(table.name)} limit 1") for table in moment.tables):
        raise Unusable(f"{target.text} holds data already. Name an empty database, or one that is not there.")


def _write_mark(moment: Moment, written: Written, source: End) -> None:
    written.do(TABLE)
    written.do(
        "insert into copying (source, counts, done) values (:source, :counts, 0)",
        {"source": source.text, "counts": _counts(moment)},
    )
    written.do("update alembic_version set version_num = :version", {"version": COPYING})


def _counts(moment: Moment) -> str:
    return msgspec.json.encode(counts(moment)).decode()


def _go_on(moment: Moment, written: Written, source: End, wish: Wish) -> _Mark:
    """Where an earlier copy stopped. That of a running source begins again: its moment is gone."""
    if wish.restart or wish.online:
        with written.transaction():
            written.clear()
            written.do("drop table copying")
            _write_mark(moment, written, source)
        return _Mark(None, None, 0)
    (row,) = written.rows(MARK)
    if row.source != source.text:
        raise Unusable(f"The target is the beginning of a copy of {row.source}. Go on with that, or say --restart.")
    if row.counts != _counts(moment):
        raise Unusable(f"{source.text} has changed since the copy was begun. Begin it again with --restart.")
    return _Mark(row.name, None if row.after_key is None else tuple(msgspec.json.decode(row.after_key)), row.done)


def _copy_rows(moment: Moment, written: Written, mark: _Mark, told: Callable[[int], None]) -> None:
    names = [table.name for table in moment.tables]
    first = 0 if mark.name is None else names.index(mark.name)
    done = mark.done
    for table in moment.tables[first:]:
        after = mark.after if table.name == mark.name else None
        for batch in moment.batches(table, after):
            with written.transaction():
                _note(written, table, batch, done)
                written.insert(table, batch)
            done += len(batch)
            told(done)


def _note(written: Written, table: Table, batch: list[Row], done: int) -> None:
    """Note in the target how far it is. Raises Unusable when another process copies there."""
    after = msgspec.json.encode(table.key_of(batch[-1])).decode()
    values = {"name": table.name, "after": after, "done": done + len(batch), "was": done}
    moved = written.do("update copying set name = :name, after_key = :after, done = :done where done = :was", values)
    if moved != 1:
        raise Unusable("Another process copies to the same database. Let it come to its end.")


def _finish(moment: Moment, written: Written, at_end: Callable[[Written], None]) -> None:
    """Let the target be used: numbers go on above every number that was ever given."""
    with written.transaction():
        for table in moment.tables:
            if table.number is not None:
                (highest,) = moment.values(f"select coalesce(max({quoted(table.number)}), 0) from {quoted(table.name)}")
                number = max(moment.last_number(table), highest)
                if number:
                    written.go_on_after(table, number)
        at_end(written)
        written.do("drop table copying")
        written.do("update alembic_version set version_num = :version", {"version": HEAD})
    written.finish()
