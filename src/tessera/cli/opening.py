"""From a data folder to a context that a command may use, or one sentence that says why not."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from tessera.cli import output
from tessera.cli.advice import CommandError

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.administration.audit import Actor
    from tessera.settings import Settings

T = TypeVar("T")


def with_context(data_dir: Path | None, work: "Callable[[Context], Awaitable[T]]", *, make: bool = False) -> T:
    """What `work` answers, given the context over the data folder; the folder is set up first when `make`.

    Raises SettingsError, Unusable, OperatorError and whatever `work` raises.
    """
    from tessera import settings

    chosen = settings.load(data_dir=data_dir)
    check_folder(chosen, make=make)
    return asyncio.run(_work(chosen, work))


async def _work(chosen: "Settings", work: "Callable[[Context], Awaitable[T]]") -> T:
    from tessera import wiring

    async with wiring.open_context(chosen) as context:
        context.actor = operator()
        return await work(context)


def operator() -> "Actor":
    """Who gives this command, as the audit records it: TESSERA_OPERATOR, or the name at login; and from where.

    The source is the other end of the session by which he is here (`SSH_CONNECTION`). Raises OperatorError for a name
    that cannot be.
    """
    import getpass

    from tessera.app.operators import check_text
    from tessera.core.administration import audit

    name = os.environ.get("TESSERA_OPERATOR") or os.environ.get("SUDO_USER")
    if not name:
        try:
            name = getpass.getuser()
        except (OSError, KeyError):  # a user of the machine that has no name
            name = f"user {os.getuid()}"
    check_text("TESSERA_OPERATOR", name)
    source = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    return audit.operator(name, source if source.isascii() and source.isprintable() and source else None)


def check_folder(chosen: "Settings", *, make: bool) -> None:
    """Look at the folder before anything is opened for writing, and set it up when `make`. Raises Unusable."""
    from tessera import bootstrap
    from tessera.store.migrate import SchemaState

    database = bootstrap.database(chosen)
    state = database.state()
    if state is SchemaState.OLDER:
        raise database.older()
    if state is SchemaState.EMPTY and not make:
        raise database.empty()
    if make:
        bootstrap.set_up(chosen)


def confirm(question: str, refusal: str, *, yes: bool) -> None:
    """Ask at a terminal, unless `--yes` was said. Raises CommandError with `refusal` where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(refusal)
    try:
        agreed = output.confirmed(question)
    except typer.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        agreed = False
    if not agreed:
        raise CommandError("Nothing was done.")


def typed_name(warning: str, refusal: str) -> str:
    """The name that somebody at a terminal types after a warning. Raises CommandError with `refusal` elsewhere."""
    if not sys.stdin.isatty():
        raise CommandError(refusal)
    output.message(warning)
    try:
        return output.asked("Type the name to go on")
    except typer.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise CommandError("Nothing was done.") from None


def secret_from_stdin() -> str:
    """A secret from standard input, its final line end left out; asked for, unseen, at a terminal."""
    if sys.stdin.isatty():
        return output.asked_unseen("Secret")
    return sys.stdin.readline().rstrip("\r\n")
