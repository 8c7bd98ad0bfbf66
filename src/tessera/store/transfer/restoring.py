"""From a backup to a database of either engine."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tessera.files import is_there, new_file, scratch_file
from tessera.ports import Unusable
from tessera.store import sql
from tessera.store.migrate import SchemaState, Unfinished
from tessera.store.migrations import HEAD
from tessera.store.sqlite import LOGS
from tessera.store.transfer import backup, copying
from tessera.store.transfer.backup import Manifest
from tessera.store.transfer.copying import Bar, Wish
from tessera.store.transfer.endpoints import End, Moment, Written
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd, SQLiteMoment, told

AtEnd = Callable[[Written], None]

NAMED_BY_TOKENS = frozenset({"application", "credential", "organization", "resource"})
NUMBERS_LEFT_OUT = 10_000
"""Numbers that may have been given since the backup: a token that names one of them must not open what comes next."""


def check_target(target: End) -> None:
    """Raises Unusable unless the target is empty, or the beginning of a restore. Changes nothing."""
    if isinstance(target, SQLiteEnd):
        beside = [target.path.with_name(target.path.name + suffix) for suffix in ("", *LOGS)]
        found = next((path for path in beside if is_there(path)), None)
        if found is not None:
            raise Unusable(f"There is a database already: {found}. Restore into an empty folder.")
        return
    try:
        state = target.state()
    except Unfinished:
        return
    if state is SchemaState.OLDER:
        raise target.older()
    if state is SchemaState.CURRENT:
        with target.moment(alone=False) as moment:
            copying.check_empty(moment, target)


class CutOff(NamedTuple):
    """The moment at which all tokens are revoked, and how far the generations rise (`core/generations.jump`)."""

    at: int
    step: int


def restore(file: Path, manifest: Manifest, target: End, bar: Bar, now: int, cut_off: CutOff | None) -> None:
    """Put a checked backup into an empty database. Raises Unusable.

    With `cut_off` all tokens issued so far are dead before anybody can use the database.
    """
    check_target(target)
    at_end = partial(_make_safe, cut_off=cut_off)
    if isinstance(target, SQLiteEnd):
        _into_file(file, target.path, at_end)
        return
    with _current(file, manifest) as path:
        copying.copy(_BackupEnd(path, file), target, Wish(), bar, now, at_end)


def _make_safe(written: Written, cut_off: CutOff | None) -> None:
    """Have no token of the time since the backup mean somebody else now."""
    if cut_off is not None:
        written.do(sql.identity.CUT_OFF_EVERYBODY, cut_off._asdict())
    for table in written.tables:
        if table.name in NAMED_BY_TOKENS:
            written.go_on_after(table, written.last_number(table) + NUMBERS_LEFT_OUT)


def _into_file(file: Path, database: Path, at_end: AtEnd) -> None:
    """Make the database beside its place, and put it there when it is whole."""
    with new_file(database) as made:
        backup.opened_up(file, made)
        with SQLiteEnd(made.path).written() as written:
            with written.transaction():
                at_end(written)
            written.finish()


@contextmanager
def _current(file: Path, manifest: Manifest) -> Iterator[Path]:
    """The backup itself, or when its schema is older a copy of it that is brought up to date."""
    if manifest.schema == HEAD:
        yield file
        return
    with scratch_file(file) as made:
        backup.opened_up(file, made)
        yield made.path


class _BackupEnd(SQLiteEnd):
    """A backup, read as a database."""

    def __init__(self, path: Path, file: Path) -> None:
        super().__init__(path)
        self.text = f"the backup {file.absolute()}"

    def state(self) -> SchemaState:
        return SchemaState.CURRENT

    @contextmanager
    def moment(self, *, alone: bool) -> Iterator[Moment]:
        del alone  # nobody writes to a backup
        with told(self.text), closing(backup.opened(self.path, writes=False)) as connection:
            yield SQLiteMoment(connection, self.text)
