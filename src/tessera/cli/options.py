"""The options that many commands share, and how a command's help is put together."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.models import CommandFunctionType

from tessera.cli import output
from tessera.core.escaping import escaped

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Data folder; ./var, or TESSERA_DATA_DIR, when left out.",
        metavar="FOLDER",
        show_default=False,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Org = Annotated[
    str | None,
    typer.Option("--org", help="Organization, by name; the only one there is when left out.", metavar="NAME"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
App = Annotated[str, typer.Argument(help="The application's name or client id.", metavar="APP", show_default=False)]
Property = Annotated[
    str, typer.Argument(help="The property's name or API key.", metavar="PROPERTY", show_default=False)
]
PropertyOrg = Annotated[
    str | None,
    typer.Option("--org", help="Organization of the property, where several have one of this name.", metavar="NAME"),
]

Hook = Annotated[str, typer.Argument(help="The webhook's name.", metavar="NAME", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1000)]


class Policy(StrEnum):
    """`--query-credentials`: what an application may do with credentials in a URL."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


class Permission(StrEnum):
    """`--json-requests`: whether an application may do a thing."""

    ALLOW = "allow"
    DENY = "deny"


class Form(StrEnum):
    """`--token-format`: what an application's tokens look like."""

    OPAQUE = "opaque"
    EDDSA = "eddsa"
    ES256 = "es256"
    RS256 = "rs256"


class Binding(StrEnum):
    """`--token-binding`: what the tokens that an application asks for have to be bound to."""

    NONE = "none"
    DPOP = "dpop"
    TLS = "tls"


class Profile(StrEnum):
    """`--profile`: the security profile that an application is held to."""

    NONE = "none"
    FAPI2 = "fapi2"


class Audience(StrEnum):
    """`--assertion-audience`: whom an application's assertions may name."""

    DEFAULT = "default"
    ISSUER = "issuer"
    ISSUER_OR_ENDPOINT = "issuer_or_endpoint"


class Switch(StrEnum):
    """An option that is on or off."""

    ON = "on"
    OFF = "off"


class Way(StrEnum):
    """`--via`: where the credentials of a token request stand."""

    QUERY = "query"
    FORM = "form"
    BASIC = "basic"


def examples(*commands: str) -> str:
    """The end of a command's help: how it is called."""
    lines = "\n\n".join(f"  tessera {command}" for command in commands)
    return f"Example:\n\n{lines}"


_URL = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="PostgreSQL database; SQLite in the data folder, or TESSERA_DATABASE, when left out.",
        metavar="URL",
        show_default=False,
    ),
]


_ORDER = {
    name: place
    for place, name in enumerate(("create", "add", "list", "show", "set", "disable", "enable", "delete", "expire"))
}
"""Where the verbs that nouns share stand in the help."""


_NOUNS = {
    name: place
    for place, name in enumerate(
        (
            "apps",
            "orgs",
            "properties",
            "resources",
            "customers",
            "loyalty",
            "webhooks",
            "events",
            "token",
            "keys",
            "audit",
        )
    )
}
"""Where the nouns stand in the help of `tessera` itself, before everything else."""


class _Plain(TyperGroup):
    """A group whose usage errors, which repeat what was typed, do nothing to a terminal.

    Its help lists the verbs that every noun has first, in one order, and the others as they were added.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        order = _NOUNS if ctx.parent is None else _ORDER
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
            error.message = escaped(message)
        raise


_TABLES = frozenset({"list", "who", "deliveries", "limit"})
"""Commands that draw a table, which may be wider than the terminal; others say `wide` when they are added."""

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the id alone.")]
_WIDE = Annotated[bool, typer.Option("--wide", help="Show every column whole, however narrow the terminal is.")]


class Group(typer.Typer):
    """Commands of one noun, whose `ids` are the members by which `--json` names one; the first that is there counts.

    A command that has a data folder may be given a database too, by `--database`; one that shows the noun prints the
    id alone by `-q`, and one that draws a table shows all of it by `--wide`.
    """

    ids: tuple[str, ...] = ()

    def command(
        self, name: str | None = None, *, ids: tuple[str, ...] | None = None, wide: bool = False, **named: Any
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        add = super().command(name, **named)
        shown = ids if ids is not None else self.ids if name in _ORDER else ()

        def added(work: CommandFunctionType) -> CommandFunctionType:
            flagged: Any = work
            if "data_dir" in signature(work).parameters:
                flagged = _with_database(flagged)
            if shown:
                flagged = _with_quiet(flagged, shown)
            if wide or name in _TABLES:
                flagged = _with_wide(flagged)
            add(flagged)
            return work

        return added


def _with_database(work: Callable[..., Any]) -> Callable[..., Any]:
    """The command with one flag more, which counts for this process and those it starts, as the environment does."""

    @wraps(work)
    def flagged(*arguments: Any, database: str | None = None, **named: Any) -> Any:
        if database is not None:
            os.environ["TESSERA_DATABASE"] = database
        return work(*arguments, **named)

    return _flagged(flagged, work, Parameter("database", Parameter.KEYWORD_ONLY, default=None, annotation=_URL))


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

    return _flagged(flagged, work, Parameter("quiet", Parameter.KEYWORD_ONLY, default=False, annotation=Quiet))


def _with_wide(work: Callable[..., Any]) -> Callable[..., Any]:
    """The command with `--wide`, by which its tables are as wide as they need to be."""

    @wraps(work)
    def flagged(*arguments: Any, wide: bool = False, **named: Any) -> Any:
        with output.any_width(wide=wide):
            return work(*arguments, **named)

    return _flagged(flagged, work, Parameter("wide", Parameter.KEYWORD_ONLY, default=False, annotation=_WIDE))


def _flagged(command: Any, work: Callable[..., Any], flag: Parameter) -> Callable[..., Any]:
    """Tell typer of a flag beside those that the command has (PEP 362): at the end, or after the data folder."""
    own = signature(work, eval_str=True)
    parameters = list(own.parameters.values())
    names = list(own.parameters)
    place = names.index("data_dir") + 1 if flag.name == "database" else len(names)
    command.__signature__ = own.replace(parameters=[*parameters[:place], flag, *parameters[place:]])
    command.__annotations__ = {**work.__annotations__, flag.name: flag.annotation}
    flagged: Callable[..., Any] = command
    return flagged


def group(help: str, *ids: str) -> Group:
    """A group of commands for a noun that these members of its JSON name; for none where `-q` has no meaning."""
    made = Group(cls=_Plain, help=help, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
    made.ids = ids
    return made
