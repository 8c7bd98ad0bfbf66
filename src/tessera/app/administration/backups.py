"""Backups as an operator has them made and put back: the master key is checked before anything is touched."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

import tessera
from tessera.app.operators import OperatorError
from tessera.core import generations
from tessera.core.keys.wrapping import MasterKey, WrappedKey
from tessera.ports import Clock, Entropy
from tessera.store.transfer import backup, restoring
from tessera.store.transfer.backup import Manifest, Taken
from tessera.store.transfer.copying import Bar, check_source
from tessera.store.transfer.endpoints import End
from tessera.store.transfer.restoring import CutOff
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd

NONCE_BYTES = 16


class Restored(msgspec.Struct, frozen=True):
    """A finished restore: its backup, and when all tokens were revoked (None when they were kept)."""

    manifest: Manifest
    tokens_invalid_before: int | None


def take(
    source: End, file: Path, master_key: MasterKey | None, clock: Clock, entropy: Entropy, bar: Bar, *, force: bool
) -> Manifest:
    """Make a backup. Without a master key it cannot say which one opens it. Raises OperatorError, Unusable."""
    if master_key is not None:
        check_source(source)
        with source.moment(alone=False) as moment:
            if not opens(master_key, backup.keys_of(moment)):
                raise OperatorError("master_key_does_not_open", database=source.text)
    engine = "sqlite" if isinstance(source, SQLiteEnd) else "postgresql"
    fingerprint = None if master_key is None else master_key.fingerprint
    taken = Taken(clock.now(), tessera.__version__, engine, fingerprint, entropy.random_bytes(NONCE_BYTES).hex())
    return backup.write(source, file, taken, bar, force=force)


def opens(master_key: MasterKey, keys: Iterable[WrappedKey]) -> bool:
    """Whether a master key opens every one of these keys."""
    return all(master_key.unwrap(key) is not None for key in keys)


def check(file: Path, bar: Bar) -> Manifest:
    """What a backup says of itself, when it is whole. Raises Unusable."""
    return backup.check(file, bar)


def is_opened_by(file: Path, manifest: Manifest, master_key: MasterKey) -> bool:
    """Whether this is the master key of a backup that is whole."""
    return manifest.master_key in {None, master_key.fingerprint} and opens(master_key, backup.keys_in(file))


def restore(
    file: Path,
    manifest: Manifest,
    target: End,
    master_key: MasterKey,
    clock: Clock,
    bar: Bar,
    *,
    entropy: Entropy,
    keep_tokens: bool,
) -> Restored:
    """Put a backup that is whole into an empty database. Raises OperatorError, Unusable, having changed nothing."""
    if not is_opened_by(file, manifest, master_key):
        raise OperatorError(
            "backup_not_opened" if manifest.master_key is None else "backup_key_differs",
            needed=manifest.master_key,
            fingerprint=master_key.fingerprint,
        )
    now = clock.now()
    cut_off = None if keep_tokens else CutOff(now, generations.jump(entropy.random_bytes(generations.RANDOM_BYTES)))
    restoring.restore(file, manifest, target, bar, now, cut_off)
    return Restored(manifest, None if keep_tokens else now)


def needed(manifest: Manifest) -> str:
    """The beginning of a sentence: which master key a backup needs."""
    if manifest.master_key is None:
        return "This backup needs the master key of the servers that it was taken from"
    return f"This backup needs the master key with the fingerprint {manifest.master_key}"
