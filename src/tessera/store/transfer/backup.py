"""A backup: one SQLite file of the current schema with a manifest in it, readable by this user only.

The file is marked in the place of its schema's version, so that no server takes it for a database, and sealed by a hash
over every byte of it: whatever becomes of it shows.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from tessera.core.keys.wrapping import WrappedKey
from tessera.files import NewFile, new_file
from tessera.ports import Unusable
from tessera.store import sql, sqlite
from tessera.store.migrate import BACKUP, compared, migrate_sqlite
from tessera.store.migrations import HEAD
from tessera.store.rows.identity import wrapped_key
from tessera.store.sql.statement import Select, only_column
from tessera.store.transfer import copying
from tessera.store.transfer.copying import Bar, Wish, check_source
from tessera.store.transfer.digest import Digest, digest, total
from tessera.store.transfer.endpoints import End, Moment
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd, SQLiteMoment, told

FORMAT = 1

TABLE = "create table backup (manifest text not null, seal text not null) strict"


class ManifestRow(msgspec.Struct, frozen=True):
    """The row of `MANIFEST`, both texts as they stand in the file."""

    manifest: str
    seal: str


MANIFEST = Select("select manifest, seal from backup", ManifestRow)
_UNSEALED = b"0" * 64
_PIECE = 1 << 20


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself.

    What was acknowledged until `taken_at` is in it. `master_key` is the fingerprint of the key that opens it, or None
    where that was not known.
    """

    format: int
    taken_at: int
    version: str
    schema: str
    engine: str
    source: str
    master_key: str | None
    digest: Digest


class _Head(msgspec.Struct, frozen=True):
    """What the manifest of every version has."""

    format: int
    schema: str


class Taken(msgspec.Struct, frozen=True):
    """What is known of the moment before the file is made."""

    at: int
    version: str
    engine: str
    master_key: str | None
    nonce: str
    """Random: nothing in the database can look like the seal."""


def keys_of(moment: Moment) -> list[WrappedKey]:
    """The keys in a database, wrapped."""
    return [wrapped_key(row) for row in moment.rows(sql.identity.KEYS)]


def write(source: End, file: Path, taken: Taken, bar: Bar, *, force: bool) -> Manifest:
    """Make a backup of a database that may be written meanwhile. Raises Unusable, leaving what was there as it was."""
    check_source(source)
    with new_file(file, replace=force) as made:
        if isinstance(source, SQLiteEnd):
            _copy_file(source, made.path)
        else:
            copying.copy(source, SQLiteEnd(made.path), Wish(online=True), bar, taken.at)
        return sealed(made.path, source.text, taken, bar)


def _copy_file(source: SQLiteEnd, partial: Path) -> None:
    """One moment of a SQLite database, without anything of what was deleted."""
    with (
        told(f"{source.text}, or {partial.parent.parent}, where the backup goes,"),
        closing(sqlite.connect(source.path)) as it,
    ):
        it.execute("pragma auto_vacuum = incremental")  # of the file that is made
        it.execute("vacuum into ?", (str(partial),))


def sealed(partial: Path, text: str, taken: Taken, bar: Bar) -> Manifest:
    """Put the manifest into the file and close it with its seal."""
    with told(f"The backup {partial.name}"), closing(opened(partial)) as connection:
        for setting in ("journal_mode = delete", "synchronous = off", "secure_delete = on"):
            connection.execute(f"pragma {setting}").fetchall()
        connection.execute("delete from lease")
        moment = SQLiteMoment(connection, str(partial))
        with bar("rows read", total(moment)) as rows:
            found = digest(moment, rows)
        (schema,) = moment.values(sql.identity.SCHEMA_VERSION)
        manifest = Manifest(
            format=FORMAT,
            taken_at=taken.at,
            version=taken.version,
            schema=schema,
            engine=taken.engine,
            source=text,
            master_key=taken.master_key,
            digest=found,
        )
        connection.execute("begin")
        connection.execute(TABLE)
        unsealed = f"sealed:{taken.nonce}:{_UNSEALED.decode()}"
        connection.execute("insert into backup values (?, ?)", (msgspec.json.encode(manifest).decode(), unsealed))
        connection.execute("update alembic_version set version_num = ?", (BACKUP,))
        connection.execute("commit")
    seal(partial, taken.nonce)
    return manifest


def seal(file: Path, nonce: str) -> None:
    """Close a file: its seal, still without a hash, gets that of all bytes."""
    place = _place(file, nonce)
    hashed = _hash(file, place)
    with file.open("r+b") as written:
        written.seek(place)
        written.write(hashed.encode())


def opened(path: Path, *, writes: bool = True) -> sqlite3.Connection:
    """A connection to a file that nobody else has open."""
    mode = "mode=rw" if writes else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def _place(path: Path, nonce: str) -> int:
    """Where in the file the hash of the seal stands; -1 where there is none."""
    sought = b"sealed:%b:" % nonce.encode()
    before = b""
    at = 0
    with path.open("rb") as read:
        while piece := read.read(_PIECE):
            found = (before + piece).find(sought)
            if found >= 0:
                return at - len(before) + found + len(sought)
            at += len(piece)
            before = (before + piece)[-len(sought) :]
    return -1


def _hash(path: Path, place: int) -> str:
    """The SHA-256 of the file as it was before it was sealed."""
    hashed = hashlib.sha256()
    with path.open("rb") as read:
        left = place
        while left:
            piece = read.read(min(left, _PIECE))
            if not piece:
                break
            hashed.update(piece)
            left -= len(piece)
        read.seek(place + len(_UNSEALED))
        hashed.update(_UNSEALED)
        while piece := read.read(_PIECE):
            hashed.update(piece)
    return hashed.hexdigest()


def check(file: Path, bar: Bar) -> Manifest:
    """What a backup says of itself, when every byte and every row of it is as it was written. Raises Unusable."""
    manifest = manifest_of(file)
    with told(str(file)), closing(opened(file, writes=False)) as connection:
        if connection.execute("pragma integrity_check(1)").fetchone() != ("ok",):
            raise damaged(file)
        moment = SQLiteMoment(connection, str(file))
        with bar("rows checked", manifest.digest.rows) as rows:
            if digest(moment, rows) != manifest.digest:
                raise damaged(file)
    return manifest


def manifest_of(file: Path) -> Manifest:
    """What a backup says of itself, when every byte of it is as it was written. Raises Unusable."""
    try:
        with file.open("rb") as read:
            begins = read.read(16)
    except OSError as error:
        raise Unusable(
            f"{file} cannot be read ({error.strerror}). Name a backup, and see that you may read it."
        ) from None
    if begins != b"SQLite format 3\0":
        raise Unusable(f"{file} is no backup of Tessera, or is damaged. Name a file that `tessera backup` made.")
    try:
        with closing(opened(file, writes=False)) as connection:
            tables = only_column(connection.execute("select name from sqlite_master"))
            if "backup" not in tables:
                raise Unusable(f"{file} is no backup of Tessera. Name a file that `tessera backup` made.")
            (row,) = MANIFEST.rows(connection.execute(MANIFEST.sql))
            _, nonce, hashed = row.seal.split(":")
            place = _place(file, nonce)
            if place < 0 or _hash(file, place) != hashed:
                raise damaged(file)
            head = msgspec.json.decode(row.manifest, type=_Head)
            compared(head.schema if head.format == FORMAT else f"{head.schema} (format {head.format})", str(file))
            return msgspec.json.decode(row.manifest, type=Manifest)
    except (sqlite3.Error, ValueError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise damaged(file) from error


def damaged(file: Path) -> Unusable:
    """The refusal of a file that is not as it was written."""
    return Unusable(f"{file} is damaged: it is not as it was written. Use another backup, or another copy of this one.")


def keys_in(file: Path) -> list[WrappedKey]:
    """The wrapped keys in a backup."""
    with told(str(file)), closing(opened(file, writes=False)) as connection:
        return keys_of(SQLiteMoment(connection, str(file)))


def opened_up(file: Path, made: NewFile) -> None:
    """A copy of a checked backup as a database of this version. Raises Unusable when it is not the same."""
    with told(str(made.path)):
        with file.open("rb") as read:
            while piece := read.read(_PIECE):
                made.file.write(piece)
        made.file.flush()
        manifest = manifest_of(made.path)
        with closing(opened(made.path)) as connection:
            connection.execute("pragma secure_delete = on")
            connection.execute("begin")
            connection.execute("drop table backup")
            connection.execute("update alembic_version set version_num = ?", (manifest.schema,))
            connection.execute("commit")
        if manifest.schema != HEAD:
            migrate_sqlite(made.path)
