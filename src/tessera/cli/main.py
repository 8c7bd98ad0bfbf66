"""The `tessera` command: its groups, and how every failure ends (one sentence, a documented exit code)."""

import sys

import typer

from tessera.app.operators import OperatorError
from tessera.cli import serve
from tessera.ports import StoreError
from tessera.settings import SettingsError

app = typer.Typer(name="tessera", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("serve")(serve.serve)


@app.callback()
def tessera() -> None:
    """OAuth 2 identity for servers, and the customer platform API it protects."""


def main() -> None:
    """Run the command line; a failure is one sentence on standard error."""
    try:
        app()
    except (OperatorError, SettingsError, StoreError) as error:
        print(f"tessera: {error}", file=sys.stderr)
        sys.exit(1)
