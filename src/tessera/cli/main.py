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
from typing import Annotated

import typer

from tessera.cli import (
    apps,
    audit,
    backups,
    configuration,
    copy,
    customers,
    demo,
    doctor,
    events,
    explain,
    keys,
    loyalty,
    migrate,
    organizations,
    output,
    properties,
    resources,
    serve,
    token,
    webhooks,
)
from tessera.cli.options import group

app = group("OAuth 2 identity for servers, and the customer platform API it protects.")
CALLERS, DATA, TOKENS, SERVER = "Who may call", "Customers and events", "Tokens and refusals", "The server and its data"

app.add_typer(apps.app, name="apps", rich_help_panel=CALLERS)
app.add_typer(organizations.app, name="orgs", rich_help_panel=CALLERS)
app.add_typer(properties.app, name="properties", rich_help_panel=CALLERS)
app.add_typer(resources.app, name="resources", rich_help_panel=CALLERS)
app.add_typer(customers.app, name="customers", rich_help_panel=DATA)
app.add_typer(loyalty.app, name="loyalty", rich_help_panel=DATA)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=DATA)
app.add_typer(events.app, name="events", rich_help_panel=DATA)
app.add_typer(token.app, name="token", rich_help_panel=TOKENS)
app.add_typer(keys.app, name="keys", rich_help_panel=TOKENS)
app.add_typer(audit.app, name="audit", rich_help_panel=TOKENS)
app.command("explain", ids=("request_id",), wide=True, epilog=explain.EXAMPLES, rich_help_panel=TOKENS)(explain.explain)
app.command("serve", epilog=serve.EXAMPLES, rich_help_panel=SERVER)(serve.serve)
app.command("doctor", epilog=doctor.EXAMPLES, rich_help_panel=SERVER)(doctor.doctor)
app.command("settings", ids=("name",), epilog=configuration.EXAMPLES, rich_help_panel=SERVER)(configuration.show)
app.command("migrate", epilog=migrate.EXAMPLES, rich_help_panel=SERVER)(migrate.migrate)
app.command("backup", epilog=backups.BACKUP_EXAMPLES, rich_help_panel=SERVER)(backups.backup)
app.command("restore", epilog=backups.RESTORE_EXAMPLES, rich_help_panel=SERVER)(backups.restore)
app.command("copy", epilog=copy.EXAMPLES, rich_help_panel=SERVER)(copy.copy)
app.add_typer(demo.app, name="demo", rich_help_panel=SERVER)
app.command("version", epilog=configuration.VERSION_EXAMPLES, rich_help_panel=SERVER)(configuration.version)


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if wanted:
        configuration.version()
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done; 1 could not be done; 2 wrong usage; 3 done in part (an import with refused rows);"
    " 130 stopped by Ctrl-C."
)
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
        app(arguments, prog_name="tessera")
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

    if isinstance(error, (OperatorError, SettingsError, Unusable)):
        return str(error)
    if isinstance(error, Refusal):
        return error.public
    if isinstance(error, (StoreError, *engine_errors())):
        return f"The database does not do what was asked ({error}). `tessera doctor` tells what is wrong with it."
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}. Put that right, or name another folder with --data-dir."
    return None
