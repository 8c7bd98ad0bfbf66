"""`tessera migrate`: bring an older database to the schema of this version."""

from tessera.cli import output
from tessera.cli.options import AsJSON, DataDir, examples

EXAMPLES = examples("migrate --data-dir ./var")


def migrate(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Bring an older database to the schema of this version. Back it up first, and stop its servers."""
    from tessera import settings
    from tessera.ports import Unusable
    from tessera.store.folder import DataFolder
    from tessera.store.migrate import SchemaState, migrate_sqlite, sqlite_state

    folder = DataFolder(settings.load(data_dir=data_dir).data_dir)
    state = sqlite_state(folder.database)
    if state is SchemaState.EMPTY:
        raise Unusable(
            f"There is no data in the folder {folder.path}, so there is nothing to migrate. Name another with"
            " --data-dir."
        )
    if state is SchemaState.OLDER:
        folder.make()
        with folder.setting_up():
            migrate_sqlite(folder.database)
    if as_json:
        output.document({"database": str(folder.database), "migrated": state is SchemaState.OLDER})
    elif state is SchemaState.OLDER:
        output.message(f"{folder.database} has the schema of this version now.")
    else:
        output.message(f"{folder.database} has the schema of this version already: nothing to do.")
