"""`tessera migrate`: bring an older database to the schema of this version."""

from tessera.cli import output
from tessera.cli.options import AsJSON, DataDir, examples

EXAMPLES = examples("migrate --data-dir ./var", "migrate --database postgresql://tessera@db.example.com/tessera")


def migrate(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Migrate an older database to the schema of this version, or set up an empty PostgreSQL database.

    Back up the database first. SQLite: stop its servers. PostgreSQL: servers of the previous version may keep running.
    """
    from tessera import bootstrap, settings
    from tessera.ports import Unusable
    from tessera.store.database import SQLiteDatabase
    from tessera.store.folder import DataFolder
    from tessera.store.migrate import SchemaState

    chosen = settings.load(data_dir=data_dir)
    folder = DataFolder(chosen.data_dir)
    database = bootstrap.database(chosen)
    state = database.state()
    if state is SchemaState.EMPTY and isinstance(database, SQLiteDatabase):
        raise Unusable(
            f"There is no data in the folder {folder.path}, so there is nothing to migrate. Name another with"
            " --data-dir."
        )
    if state is SchemaState.EMPTY:
        bootstrap.set_up(chosen)
    if state is SchemaState.OLDER:
        folder.make()
        with folder.setting_up():
            database.migrate()
    if as_json:
        output.document({"database": database.text, "migrated": state is not SchemaState.CURRENT})
    elif state is SchemaState.CURRENT:
        output.message(f"{database.text} has the schema of this version already: nothing to do.")
    else:
        output.message(f"{database.text} has the schema of this version now.")
