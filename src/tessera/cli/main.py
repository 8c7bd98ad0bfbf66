"""The `tessera` command: its groups, and how every failure ends (one sentence, a documented exit code).

| exit code | |
|---|---|
| 0 | done |
| 1 | it could not be done; standard error says why and what to do |
| 2 | the command was not understood |
| 3 | done in part: some rows of an import were refused |
| 130 | stopped by Ctrl-C |
"""

import signal
import sys
from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from tessera.cli import advice, output
from tessera.cli.advice import CommandError
from tessera.cli.groups import Group, Plain, Unloaded

CALLERS, DATA, TOKENS, SERVER = "Who may call", "Customers and events", "Tokens and refusals", "The server and its data"


class Listed(NamedTuple):
    """A noun or command as the help of `tessera` lists it; the rest is in its module.

    A noun is the `app` of its module; a command is the function `work` there, whose help ends with the text `epilog`.
    """

    sentence: str
    panel: str
    module: str
    work: str = ""
    epilog: str = "EXAMPLES"
    ids: tuple[str, ...] = ()
    wide: bool = False


LISTED = {
    "apps": Listed("OAuth applications: the clients with which partners get tokens.", CALLERS, "apps.apps"),
    "orgs": Listed(
        "Organizations: the owners of customers, applications and digital properties.",
        CALLERS,
        "organizations.organizations",
    ),
    "properties": Listed(
        "Digital properties: the API keys under which partners call the platform, and their secrets.",
        CALLERS,
        "organizations.properties",
    ),
    "resources": Listed("Resource servers: other APIs that accept tokens of this service.", CALLERS, "resources"),
    "customers": Listed("Customers of an organization.", DATA, "customers.customers"),
    "loyalty": Listed("Loyalty programs: point accounts and sources, tier systems, events.", DATA, "loyalty"),
    "webhooks": Listed("Webhooks: the receivers of events, and their progress.", DATA, "webhooks.webhooks"),
    "events": Listed("Events: list them, and replay them to a webhook.", DATA, "webhooks.events"),
    "token": Listed("Tokens: request one, inspect one, revoke one.", TOKENS, "token"),
    "keys": Listed("Keys that seal and sign tokens, with automatic rotation.", TOKENS, "keys"),
    "audit": Listed("Audit log: who did what, when and from where, tamper-evident.", TOKENS, "audit"),
    "explain": Listed(
        sentence="Show why a request was refused: the check that failed, the presented credentials, and the remedy.",
        panel=TOKENS,
        module="explain",
        work="explain",
        ids=("request_id",),
        wide=True,
    ),
    "serve": Listed(
        "Start the server. The first start sets up the data folder. Ctrl-C or SIGTERM stops it.",
        SERVER,
        "serve",
        "serve",
    ),
    "doctor": Listed(
        "Check folder, master key, database, disk, clock and secrets; change nothing. Exit code 1 if a check fails.",
        SERVER,
        "data.doctor",
        "doctor",
    ),
    "settings": Listed(
        "List every setting with its value, default and purpose.",
        SERVER,
        "configuration",
        "show",
        ids=("name",),
    ),
    "migrate": Listed(
        "Migrate an older database to the schema of this version, or set up an empty PostgreSQL database.",
        SERVER,
        "data.migrate",
        "migrate",
    ),
    "backup": Listed(
        "Write a consistent backup of all data into one file, while servers run.",
        SERVER,
        "data.backups",
        "backup",
        "BACKUP_EXAMPLES",
    ),
    "restore": Listed(
        "Verify a backup and restore it into an empty folder or database, of either engine.",
        SERVER,
        "data.backups",
        "restore",
        "RESTORE_EXAMPLES",
    ),
    "copy": Listed(
        "Copy all data to an empty database of either engine, and compare every row.", SERVER, "data.copy", "copy"
    ),
    "demo": Listed("Generated data for trials.", SERVER, "data.demo"),
    "version": Listed("Show the version.", SERVER, "configuration", "version", "VERSION_EXAMPLES"),
}
"""Everything below `tessera`, in the order of the help."""


def _load(name: str, listed: Listed) -> TyperCommand | TyperGroup:
    module = import_module(f"tessera.cli.{listed.module}")
    if not listed.work:
        noun: Group = module.app
        return noun.made(name)
    alone = Group("", ())
    epilog: str = getattr(module, listed.epilog)
    alone.command(name, ids=listed.ids, wide=listed.wide, epilog=epilog)(getattr(module, listed.work))
    return alone.entries[name].loaded()


class _Tessera(Plain):
    """The command itself, whose nouns are listed as they stand above."""

    first = ()


@cache
def tree() -> TyperGroup:
    """The command line as a tree; each part of it is loaded when it is called."""
    root = typer.Typer(cls=_Tessera, no_args_is_help=True, rich_markup_mode="rich")
    root.callback(
        epilog="Exit codes: 0 done; 1 could not be done; 2 wrong usage; 3 done in part (an import with refused rows);"
        " 130 stopped by Ctrl-C."
    )(tessera)
    root_group: Any = typer.main.get_command(root)
    for name, listed in LISTED.items():
        root_group.commands[name] = Unloaded(name, listed.sentence, listed.panel, partial(_load, name, listed))
    made: TyperGroup = root_group
    return made


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if wanted:
        from tessera.cli import configuration

        configuration.version()
        raise typer.Exit


def tessera(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """OAuth 2 identity for servers, and the customer platform API it protects."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; a failure is one sentence on standard error."""
    signal.signal(signal.SIGINT, _interrupt)
    output.prepare()
    try:
        tree().main(arguments, prog_name="tessera")
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        output.message(f"tessera: {sentence}")
        sys.exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    """Ctrl-C stops at once, also in the middle of reading a file: asyncio would wait for the reading to end."""
    raise KeyboardInterrupt


def _sentence(error: Exception) -> str | None:
    """What to tell an operator; None for a defect of ours, whose traceback is worth more than a sentence."""
    from tessera.app.operators import OperatorError
    from tessera.core.errors import Refusal
    from tessera.ports import StoreError, Unusable
    from tessera.settings import SettingsError
    from tessera.store.database import engine_errors

    if isinstance(error, OperatorError):
        return advice.told(error)
    if isinstance(error, (CommandError, SettingsError, Unusable)):
        return str(error)
    if isinstance(error, Refusal):
        return error.message
    if isinstance(error, (StoreError, *engine_errors())):
        return f"The database does not do what was asked ({error}). `tessera doctor` tells what is wrong with it."
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}. Put that right, or name another folder with --data-dir."
    return None
