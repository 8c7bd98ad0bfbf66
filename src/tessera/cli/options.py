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


class _Plain(TyperGroup):
    """A group whose usage errors, which repeat what was typed, do nothing to a terminal."""

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


class Group(typer.Typer):
    """Commands. One that has a data folder may be given a database too, by `--database`."""

    def command(self, name: str | None = None, **named: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        add = super().command(name, **named)

        def added(work: CommandFunctionType) -> CommandFunctionType:
            add(_with_database(work) if "data_dir" in signature(work).parameters else work)
            return work

        return added


def _with_database(work: Callable[..., Any]) -> Callable[..., Any]:
    """The command with one flag more, which counts for this process and those it starts, as the environment does."""

    @wraps(work)
    def flagged(*arguments: Any, database: str | None = None, **named: Any) -> Any:
        if database is not None:
            os.environ["TESSERA_DATABASE"] = database
        return work(*arguments, **named)

    own = signature(work, eval_str=True)
    parameters = list(own.parameters.values())
    place = list(own.parameters).index("data_dir") + 1
    flag = Parameter("database", Parameter.KEYWORD_ONLY, default=None, annotation=_URL)
    command: Any = flagged  # a function may say what its signature is (PEP 362), which its type does not know
    command.__signature__ = own.replace(parameters=[*parameters[:place], flag, *parameters[place:]])
    command.__annotations__ = {**work.__annotations__, "database": _URL}
    return flagged


def group(help: str) -> Group:
    """A group of commands."""
    return Group(cls=_Plain, help=help, no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
