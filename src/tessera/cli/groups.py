"""Commands in groups: what each noun has, and when it is loaded.

A command is run by hand and in scripts, so it starts at once: of every other command only the name, the sentence and
the panel are known. Its module is imported, and its flags are read, when it is called (decision 38).
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter, cleandoc, signature
from typing import Any, ClassVar, TypeVar

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from tessera.cli import output
from tessera.cli.options import Database, Quiet, Wide
from tessera.core.escaping import escaped
from tessera.core.nearest import hint

Work = TypeVar("Work", bound=Callable[..., Any])

VERBS = ("create", "add", "list", "show", "set", "disable", "enable", "delete", "expire")
"""Verbs that nouns share, in the order of the help."""

_TABLES = frozenset({"list", "who", "deliveries", "limit"})
"""Commands that draw a table, which may be wider than the terminal; others say `wide` when they are added."""


_NO_CHOICE = re.compile(r"'(?P<value>.*)' is not one of (?P<choices>'.*')\.", re.DOTALL)


class Plain(TyperGroup):
    """A group whose usage errors, which repeat what was typed, do nothing to a terminal.

    Its help lists the names of `first` first, in that order, and the others as they were added.
    """

    first: ClassVar[tuple[str, ...]] = VERBS

    def list_commands(self, ctx: Any) -> list[str]:
        order = {name: place for place, name in enumerate(self.first)}
        return sorted(super().list_commands(ctx), key=lambda name: order.get(name, len(order)))

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _escaping():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        with _escaping():
            return super().invoke(ctx)


@contextmanager
def _escaping() -> Iterator[None]:
    try:
        yield
    except TyperException as error:
        message = getattr(error, "message", None)
        if isinstance(message, str):
            error.message = escaped(_with_nearest(message.removeprefix("Value error, ")))
        raise


def _with_nearest(message: str) -> str:
    """What typer says of a value that is none of a flag's choices, with the one that was most likely meant."""
    found = _NO_CHOICE.fullmatch(message)
    return message if found is None else message + hint(found["value"], re.findall(r"'([^']*)'", found["choices"]))


class Unloaded(TyperCommand):
    """A command, or a group of them, that is loaded when it is called or looked into."""

    def __init__(
        self, name: str, sentence: str, panel: str | None, load: Callable[[], TyperCommand | TyperGroup]
    ) -> None:
        super().__init__(name, help=cleandoc(sentence), rich_help_panel=panel, rich_markup_mode="rich")
        self._load = load
        self._loaded: TyperCommand | TyperGroup | None = None

    def loaded(self) -> TyperCommand | TyperGroup:
        """The command or the group itself."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """The context of what was loaded, which goes on from here by itself."""
        return self.loaded().make_context(*arguments, **named)


class Group:
    """Commands of one noun, whose `ids` are the members by which `--json` names one; the first that is there counts.

    A command that has a data folder may be given a database too, by `--database`; one that shows the noun prints the
    id alone by `-q`, and one that draws a table shows all of it by `--wide`.
    """

    def __init__(self, help: str, ids: tuple[str, ...]) -> None:
        self.help = help
        self.entries: dict[str, Unloaded] = {}
        self._ids = ids

    def command(
        self,
        name: str,
        *,
        ids: tuple[str, ...] | None = None,
        wide: bool = False,
        help: str | None = None,
        epilog: str | None = None,
        rich_help_panel: str | None = None,
    ) -> Callable[[Work], Work]:
        """Add a function as a command."""
        shown = ids if ids is not None else self._ids if name in VERBS else ()

        def added(work: Work) -> Work:
            def load() -> TyperCommand:
                flagged = _flagged(work, shown, wide=wide or name in _TABLES)
                single = typer.Typer(add_completion=False, rich_markup_mode="rich")
                single.command(name, help=help, epilog=epilog)(flagged)
                made: Any = typer.main.get_command(single)
                loaded: TyperCommand = made
                return loaded

            self.entries[name] = Unloaded(name, help or work.__doc__ or "", rich_help_panel, load)
            return work

        return added

    def add(self, below: "Group", *, name: str, rich_help_panel: str | None = None) -> None:
        """Add a group of commands below this one."""
        self.entries[name] = Unloaded(name, below.help, rich_help_panel, lambda: below.made(name))

    def made(self, name: str) -> Plain:
        """The group as the command line has it."""
        return Plain(
            name=name, commands=dict(self.entries), help=self.help, no_args_is_help=True, rich_markup_mode="rich"
        )


def group(help: str, *ids: str) -> Group:
    """A group of commands for a noun that these members of its JSON name; for none where `-q` has no meaning."""
    return Group(help, ids)


def _flagged(work: Callable[..., Any], ids: tuple[str, ...], *, wide: bool) -> Callable[..., Any]:
    """The command with the flags that it shares with others."""
    if "data_dir" in signature(work).parameters:
        work = _with_database(work)
    if ids:
        work = _with_quiet(work, ids)
    return _with_wide(work) if wide else work


def _with_database(work: Callable[..., Any]) -> Callable[..., Any]:
    """The command with one flag more, which counts for this process and those it starts, as the environment does."""

    @wraps(work)
    def flagged(*arguments: Any, database: str | None = None, **named: Any) -> Any:
        if database is not None:
            os.environ["TESSERA_DATABASE"] = database
        return work(*arguments, **named)

    return _with_flag(flagged, work, Parameter("database", Parameter.KEYWORD_ONLY, default=None, annotation=Database))


def _with_quiet(work: Callable[..., Any], ids: tuple[str, ...]) -> Callable[..., Any]:
    """The command with `-q`, by which it prints of its JSON document the id alone, one a line."""

    @wraps(work)
    def flagged(*arguments: Any, quiet: bool = False, as_json: bool = False, **named: Any) -> Any:
        if not quiet:
            return work(*arguments, as_json=as_json, **named)
        if as_json:
            raise typer.BadParameter("Say --json or --quiet: one of them.")
        with output.only(ids):
            return work(*arguments, as_json=True, **named)

    return _with_flag(flagged, work, Parameter("quiet", Parameter.KEYWORD_ONLY, default=False, annotation=Quiet))


def _with_wide(work: Callable[..., Any]) -> Callable[..., Any]:
    """The command with `--wide`, by which its tables are as wide as they need to be."""

    @wraps(work)
    def flagged(*arguments: Any, wide: bool = False, **named: Any) -> Any:
        with output.any_width(wide=wide):
            return work(*arguments, **named)

    return _with_flag(flagged, work, Parameter("wide", Parameter.KEYWORD_ONLY, default=False, annotation=Wide))


def _with_flag(command: Any, work: Callable[..., Any], flag: Parameter) -> Callable[..., Any]:
    """Tell typer of a flag beside those that the command has (PEP 362): at the end, or after the data folder."""
    own = signature(work, eval_str=True)
    parameters = list(own.parameters.values())
    names = list(own.parameters)
    place = names.index("data_dir") + 1 if flag.name == "database" else len(names)
    command.__signature__ = own.replace(parameters=[*parameters[:place], flag, *parameters[place:]])
    command.__annotations__ = {**work.__annotations__, flag.name: flag.annotation}
    flagged: Callable[..., Any] = command
    return flagged
