"""Setting up a data folder, and opening what the commands and the server stand on."""

import asyncio
from contextlib import suppress

from tessera import files
from tessera.app.keys import creation
from tessera.app.runtime import purge_clock, readiness
from tessera.core.clients.certificates import Authorities, NotUsable
from tessera.core.keys.wrapping import MasterKey
from tessera.ops.clock import SystemClock
from tessera.ops.entropy import SystemEntropy
from tessera.ports import Conflict, Unusable
from tessera.settings import Settings
from tessera.store.database import Database, PostgresDatabase, SQLiteDatabase
from tessera.store.folder import DataFolder
from tessera.store.migrate import SchemaState
from tessera.store.store import SQLStore


def database(settings: Settings) -> Database:
    """The database that the settings name. Raises Unusable, SettingsError."""
    url = settings.database_in_force
    if url is None:
        return SQLiteDatabase(DataFolder(settings.data_dir).database)
    return PostgresDatabase(url, settings.database_direct, settings.database_timeout_seconds)


def set_up(settings: Settings) -> None:
    """Bring folder and database to where a process can open them: made, with a master key, a schema and keys.

    What exists is only looked at. Raises Unusable with what to do, having changed nothing.
    """
    folder = DataFolder(settings.data_dir)
    folder.make()
    found = database(settings)
    with folder.setting_up():
        state = found.state()
        if state is SchemaState.OLDER:
            raise found.older()
        key_there = folder.master_key.exists()
        master_key = read_master_key(settings, folder, create=state is SchemaState.EMPTY)
        try:
            if state is SchemaState.EMPTY:
                found.migrate()
            asyncio.run(_first_keys(found, master_key, folder, begun=state is SchemaState.EMPTY))
        except Unusable:
            if not key_there:  # it opens nothing
                folder.master_key.unlink(missing_ok=True)
            raise


async def _first_keys(found: Database, master_key: MasterKey, folder: DataFolder, *, begun: bool) -> None:
    """The first keys of a database that is still without anything, and those that an older one lacks.

    One that holds something and no keys is damaged, and is left as it is. When it was empty as we `begun` and now has
    keys, another node was first; Unusable when these are not ours.
    """
    store = SQLStore(found.driver(readiness.away))
    try:
        there = await store.keys()
        if not there and not await store.organizations():
            with suppress(Conflict):  # another node is first
                await creation.create_first(store, master_key, SystemClock(), SystemEntropy())
                await purge_clock.begin(store, SystemClock())
            there = await store.keys()
        if begun and any(master_key.unwrap(each) is None for each in there):
            raise Unusable(
                f"The database {found.text} was set up by another node at the same moment, with another master key."
                f" Copy that node's to {folder.master_key}, or give all nodes the same by TESSERA_MASTER_KEY_FILE."
            )
        if there:
            await creation.add_missing(store, master_key, SystemClock(), SystemEntropy())
    finally:
        await store.close()


def read_master_key(settings: Settings, folder: DataFolder, *, create: bool) -> MasterKey:
    """The master key from the setting or the file; made, mode 0600, when `create` and there is none.

    Raises Unusable when it is missing beside an existing database, or is not a key.
    """
    text, source = settings.master_key, "TESSERA_MASTER_KEY"
    if text is None:
        path = settings.master_key_file or folder.master_key
        source = str(path)
        if create and settings.master_key_file is None and not path.exists():
            files.write(path, SystemEntropy().random_bytes(32).hex().encode() + b"\n")
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Unusable(
                f"The master key {path} cannot be read. The database cannot be opened without it:"
                " restore the file from a backup, or set TESSERA_MASTER_KEY or TESSERA_MASTER_KEY_FILE."
            ) from error
    try:
        return MasterKey(text.strip())
    except ValueError as error:
        raise Unusable(f"{source} does not hold a master key: {error}. Restore it from a backup.") from None


def authorities(settings: Settings) -> Authorities | None:
    """The authorities of the setting `mtls_ca_file`, or None when it is not set. Raises Unusable."""
    path = settings.mtls_ca_file
    if path is None:
        return None
    try:
        return Authorities(path.read_bytes())
    except (OSError, NotUsable) as error:
        raise Unusable(f"The file {path} of the setting mtls_ca_file cannot be used: {error}") from None
