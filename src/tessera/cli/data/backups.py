"""`tessera backup` and `tessera restore`: one file of everything, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output, progress
from tessera.cli.advice import CommandError
from tessera.cli.options import AsJSON, DataDir, examples

if TYPE_CHECKING:
    from tessera.app.administration.backups import Restored
    from tessera.core.keys.wrapping import MasterKey
    from tessera.settings import Settings
    from tessera.store.transfer.backup import Manifest
    from tessera.store.transfer.endpoints import End

BACKUP_EXAMPLES = examples(
    "backup /srv/backup/tessera-today.db --data-dir /srv/tessera",
    "backup tessera-today.db --database postgresql://tessera@db.example.com/tessera",
)
RESTORE_EXAMPLES = examples(
    "restore tessera-today.db --check",
    "restore tessera-today.db --data-dir /srv/restored",
    "restore tessera-today.db --database postgresql://tessera@db.example.com/empty",
)

File = Annotated[Path, typer.Argument(help="The backup.", metavar="FILE", show_default=False)]


def backup(
    file: File,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Write a consistent backup of all data into one file, while servers run.

    The backup contains the keys, wrapped by the master key, but not the master key itself. Keep a copy of the master
    key elsewhere: nobody can restore the backup without it.
    """
    from tessera import settings
    from tessera.app.administration import backups
    from tessera.ops.clock import SystemClock
    from tessera.ops.entropy import SystemEntropy

    chosen = settings.load(data_dir=data_dir)
    key = _master_key(chosen)
    made = backups.take(_end(chosen), file, key, SystemClock(), SystemEntropy(), progress.counted, force=force)
    _show(file, made, as_json=as_json)
    if as_json:
        return
    if made.master_key is None:
        output.message("There is no master key here, so the backup cannot name it. Without it nobody can restore.")
    else:
        output.message("The master key is not in it: keep that elsewhere. Without it nobody can restore.")


def restore(
    file: File,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only verify the file; restore nothing.")] = False,
    keep_tokens: Annotated[
        bool, typer.Option("--keep-tokens", help="Keep tokens valid, including those revoked since the backup.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Verify a backup and restore it into an empty folder or database, of either engine.

    The master key must be in place. All tokens become inactive, because some may have been revoked since the backup.
    """
    from tessera import settings
    from tessera.app.administration import backups
    from tessera.ops.clock import SystemClock
    from tessera.ops.entropy import SystemEntropy
    from tessera.store.folder import DataFolder
    from tessera.store.transfer.restoring import check_target

    chosen = settings.load(data_dir=data_dir)
    folder, target = DataFolder(chosen.data_dir), _end(chosen)
    if not check:
        check_target(target)
        folder.check()
    manifest = backups.check(file, progress.counted)
    key = _master_key(chosen)
    if check:
        opened = None if key is None else backups.is_opened_by(file, manifest, key)
        _show(file, manifest, opened=opened, as_json=as_json)
        return
    if key is None:
        raise CommandError(
            f"{backups.needed(manifest)}. Put it into {folder.master_key}, or set TESSERA_MASTER_KEY_FILE or"
            " TESSERA_MASTER_KEY."
        )
    folder.make()
    with folder.setting_up():
        done = backups.restore(
            file,
            manifest,
            target,
            key,
            SystemClock(),
            progress.counted,
            entropy=SystemEntropy(),
            keep_tokens=keep_tokens,
        )
    _record(chosen, file, done)
    _show_restored(target.text, done, as_json=as_json)


def _end(chosen: "Settings") -> "End":
    """The database of the settings, as one end of a copy."""
    from tessera.store.folder import DataFolder
    from tessera.store.transfer import places
    from tessera.store.transfer.sqlite_endpoint import SQLiteEnd

    url = chosen.database_in_force
    return SQLiteEnd(DataFolder(chosen.data_dir).database) if url is None else places.end(url)


def _master_key(chosen: "Settings") -> "MasterKey | None":
    """The master key; None where there is none. Raises Unusable for one that is no key."""
    from tessera import bootstrap
    from tessera.store.folder import DataFolder

    folder = DataFolder(chosen.data_dir)
    path = chosen.master_key_file or folder.master_key
    if chosen.master_key is None and not path.exists():
        return None
    return bootstrap.read_master_key(chosen, folder, create=False)


def _record(chosen: "Settings", file: Path, done: "Restored") -> None:
    """Open what was restored, and say in its audit that it was."""
    from tessera.cli.opening import with_context

    told = {"taken_at": done.manifest.taken_at, "tokens_invalid_before": done.tokens_invalid_before}
    with_context(chosen.data_dir, lambda context: context.record("backup.restore", file.name, told))


def _facts(file: Path, made: "Manifest") -> dict[str, object]:
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "taken_at": output.timed({"at": made.taken_at}, ["at"])["at"],
        "version": made.version,
        "schema": made.schema,
        "engine": made.engine,
        "source": made.source,
        "rows": made.digest.rows,
        "hash": made.digest.hash,
        "master_key": made.master_key,
    }


def _show(file: Path, made: "Manifest", *, as_json: bool, opened: bool | None = None) -> None:
    facts = _facts(file, made)
    if as_json:
        output.document({**facts, "tables": made.digest.tables, "master_key_here_opens_it": opened})
        return
    output.pairs([(name.replace("_", " "), value) for name, value in facts.items()])
    if opened is not None:
        output.message(f"The master key here {'opens it' if opened else 'is another one, and does not open it'}.")


def _show_restored(target: str, done: "Restored", *, as_json: bool) -> None:
    until = output.moment(done.manifest.taken_at)
    dead = done.tokens_invalid_before
    if as_json:
        told = {"restored": target, "until": done.manifest.taken_at, "tokens_invalid_before": dead}
        output.document({**output.timed(told, ["until", "tokens_invalid_before"]), "rows": done.manifest.digest.rows})
        return
    output.message(f"Restored {done.manifest.digest.rows:,} rows into {target}: everything until {until}.")
    if dead is None:
        output.message("Tokens and secrets that were revoked or ended since then are valid again.")
    else:
        output.message("All tokens are inactive. Secrets that were ended since then are valid again: end them again.")
