"""What can be told of a data folder and its database by looking: nothing is made, changed or repaired."""

import os
import sqlite3
import stat
from pathlib import Path

import msgspec

from tessera.core.administration.audit_chain import Checkpoint, Entry
from tessera.core.clients.applications import FOREVER, CredentialKind, TokenBinding
from tessera.core.clients.expiry_warnings import CALLS_EACH, WASTEFUL_TOKENS_MIN, Ending, WastefulClient, finished_hours
from tessera.core.keys.wrapping import WrappedKey
from tessera.ports import StoreUnavailable, Unusable
from tessera.store import sql
from tessera.store.database import Database, SQLiteDatabase
from tessera.store.folder import DataFolder
from tessera.store.inspection import Inspection
from tessera.store.migrate import SchemaState
from tessera.store.rows import warnings
from tessera.store.rows.identity import wrapped_key
from tessera.store.server_facts import ServerFacts

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
    wasteful_clients: list[WastefulClient] = []
    warned: list[tuple[str, int]] = []
    by_certificate: list[str] = []
    audit: list[Entry] = []
    checkpoints: list[Checkpoint] = []
    noted_at: int | None = None


class FolderFacts(msgspec.Struct, frozen=True):
    """A data folder; `free_bytes` is None where the disk cannot be asked.

    `database_file` and `sqlite_version` are None where the database is a server's, whose facts are in `server` when it
    can be reached.
    """

    folder: FileFacts
    database_file: FileFacts | None
    demo: FileFacts
    free_bytes: int | None
    database: DatabaseFacts
    sqlite_version: str | None
    server: ServerFacts | None = None


def file(path: Path) -> FileFacts:
    """Look at a file. Never raises: what cannot be looked at is not there."""
    try:
        found = path.stat()
    except OSError:
        return FileFacts(path, exists=False)
    return FileFacts(path, exists=True, mode=stat.S_IMODE(found.st_mode), own=found.st_uid == os.geteuid())


def look(path: Path, database: Database, now: int, until: int, warn: int) -> FolderFacts:
    """Look at a data folder and its database. Never raises.

    `until` bounds the credentials that end soon, `warn` is the number of the policy whose users are wanted.
    """
    folder = DataFolder(path)
    try:
        disk = os.statvfs(path)
        free = disk.f_bavail * disk.f_frsize
    except OSError:
        free = None
    in_folder = isinstance(database, SQLiteDatabase)
    return FolderFacts(
        folder=file(path),
        database_file=file(folder.database) if in_folder else None,
        demo=file(folder.demo),
        free_bytes=free,
        database=_database(database, now, until, warn),
        sqlite_version=sqlite3.sqlite_version if in_folder else None,
        server=database.server(),
    )


def _ending(now: int, until: int) -> dict[str, int]:
    return {"after": now, "after_number": FOREVER, "until": until, "limit": LISTED_MAX}


def _wasteful_clients(hour: int) -> dict[str, int]:
    return {"hour": hour, "tokens": WASTEFUL_TOKENS_MIN, "calls_each": CALLS_EACH}


def by_certificate(look: Inspection, now: int) -> list[str]:
    """The names of applications that prove themselves by a certificate, or whose tokens are bound to one."""
    wanted = {
        "bound": int(TokenBinding.TLS),
        "certificate": int(CredentialKind.CERTIFICATE),
        "subject": int(CredentialKind.TLS_SUBJECT),
        "now": now,
        "limit": LISTED_MAX,
    }
    return look.values(sql.applications.BY_CERTIFICATE, wanted)


def _database(database: Database, now: int, until: int, warn: int) -> DatabaseFacts:
    try:
        state = database.state()
        if state is SchemaState.EMPTY:
            return DatabaseFacts()
        damage = database.damage()
        if damage or state is not SchemaState.CURRENT:
            return DatabaseFacts(state=state, damage=damage)
        with database.look() as look:
            audit = look.rows(sql.audit.ENTRIES_LAST, {"limit": AUDIT_ENTRIES})
            first = audit[0].number if len(audit) == AUDIT_ENTRIES else 0
            return DatabaseFacts(
                state=state,
                keys=[wrapped_key(row) for row in look.rows(sql.identity.KEYS)],
                newest_at=look.values(sql.identity.NEWEST)[0],
                ending=[
                    *(warnings.ending(row) for row in look.rows(sql.rotation.ENDING, _ending(now, until))),
                    *(warnings.property_ending(row) for row in look.rows(sql.properties.ENDING, _ending(now, until))),
                ],
                wasteful_clients=[
                    warnings.wasteful_clients(row)
                    for hour in finished_hours(now)
                    for row in look.rows(sql.usage.WASTEFUL_CLIENTS, _wasteful_clients(hour))
                ],
                warned=[
                    (row.name, row.query_credentials_used) for row in look.rows(sql.applications.WARNED, {"warn": warn})
                ],
                by_certificate=by_certificate(look, now),
                audit=audit,
                checkpoints=look.rows(sql.audit.CHECKPOINTS, {"first": first}),
                noted_at=next(iter(look.values(sql.purges.NOTED)), None),
            )
    except Unusable as error:
        return DatabaseFacts(problem=str(error))
    except (sqlite3.OperationalError, StoreUnavailable, OSError) as error:
        return DatabaseFacts(problem=f"{database.text} cannot be read now ({error}). Put that right and look again.")
    except (sqlite3.Error, ValueError) as error:
        return DatabaseFacts(state=SchemaState.CURRENT, damage=[str(error)])
