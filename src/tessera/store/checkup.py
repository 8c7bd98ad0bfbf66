"""What can be told of a data folder by looking at it alone: nothing is made, changed or repaired."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import msgspec

from tessera.core.applications import FOREVER
from tessera.core.audit_chain import Entry
from tessera.core.keys import KeyPurpose, WrappedKey
from tessera.core.warnings import CALLS_EACH, GREEDY_TOKENS, Ending, Greedy, Owner, finished_hours
from tessera.ports import Unusable
from tessera.store import rows, sql
from tessera.store.folder import DataFolder
from tessera.store.migrate import SchemaState, read_only, sqlite_state

AUDIT_ENTRIES = 10_000
"""The newest entries of the audit that are looked at; `tessera audit verify` looks at all."""
LISTED_MAX = 1000
"""Credentials about to end that are looked at, the first first."""


class FileFacts(msgspec.Struct, frozen=True):
    """A file or folder: whether it is there, its permission bits, whether it belongs to this user."""

    path: Path
    exists: bool
    mode: int = 0
    own: bool = True


class DatabaseFacts(msgspec.Struct, frozen=True):
    """What a database says; `problem` is the sentence for which nothing more could be read."""

    problem: str | None = None
    state: SchemaState = SchemaState.EMPTY
    damage: list[str] = []
    keys: list[WrappedKey] = []
    newest_at: int | None = None
    ending: list[Ending] = []
    greedy: list[Greedy] = []
    warned: list[tuple[str, int]] = []
    audit: list[Entry] = []


class FolderFacts(msgspec.Struct, frozen=True):
    """A data folder; `free_bytes` is None where the disk cannot be asked."""

    folder: FileFacts
    database_file: FileFacts
    demo: FileFacts
    free_bytes: int | None
    database: DatabaseFacts
    sqlite_version: str


def file(path: Path) -> FileFacts:
    """Look at a file. Never raises: what cannot be looked at is not there."""
    try:
        found = path.stat()
    except OSError:
        return FileFacts(path, exists=False)
    return FileFacts(path, exists=True, mode=stat.S_IMODE(found.st_mode), own=found.st_uid == os.geteuid())


def look(path: Path, now: int, until: int, warn: int) -> FolderFacts:
    """Look at a data folder. Never raises.

    `until` bounds the credentials that end soon, `warn` is the number of the policy whose users are wanted.
    """
    folder = DataFolder(path)
    try:
        disk = os.statvfs(path)
        free = disk.f_bavail * disk.f_frsize
    except OSError:
        free = None
    return FolderFacts(
        file(path),
        file(folder.database),
        file(folder.demo),
        free,
        _database(folder.database, now, until, warn),
        sqlite3.sqlite_version,
    )


def _ending(now: int, until: int) -> dict[str, int]:
    return {"after": now, "after_number": FOREVER, "until": until, "limit": LISTED_MAX}


def _greedy(hour: int) -> dict[str, int]:
    return {"hour": hour, "tokens": GREEDY_TOKENS, "calls_each": CALLS_EACH}


def _database(path: Path, now: int, until: int, warn: int) -> DatabaseFacts:
    try:
        state = sqlite_state(path)
        if state is SchemaState.EMPTY:
            return DatabaseFacts()
        with closing(read_only(path)) as connection:
            damage = [str(row[0]) for row in connection.execute("pragma quick_check(5)") if row[0] != "ok"]
            if damage or state is not SchemaState.CURRENT:
                return DatabaseFacts(state=state, damage=damage)
            return DatabaseFacts(
                state=state,
                keys=[WrappedKey(KeyPurpose(row[0]), *row[1:]) for row in connection.execute(sql.identity.KEYS)],
                newest_at=connection.execute(sql.identity.NEWEST).fetchone()[0],
                ending=[rows.ending(row) for row in connection.execute(sql.rotation.ENDING, _ending(now, until))],
                greedy=[
                    Greedy(Owner(*row[:5]), *row[5:])
                    for hour in finished_hours(now)
                    for row in connection.execute(sql.usage.GREEDY, _greedy(hour))
                ],
                warned=connection.execute(sql.identity.WARNED, {"warn": warn}).fetchall(),
                audit=[Entry(*row) for row in connection.execute(sql.audit.ENTRIES_LAST, {"limit": AUDIT_ENTRIES})],
            )
    except Unusable as error:
        return DatabaseFacts(problem=str(error))
    except (sqlite3.OperationalError, OSError) as error:
        return DatabaseFacts(problem=f"{path} cannot be read now ({error}). Put that right and look again.")
    except (sqlite3.Error, ValueError) as error:
        return DatabaseFacts(state=SchemaState.CURRENT, damage=[str(error)])
