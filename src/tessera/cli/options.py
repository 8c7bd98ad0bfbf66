"""The options that many commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Data folder. Default: TESSERA_DATA_DIR, or ./var.",
        metavar="FOLDER",
        show_default=False,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Org = Annotated[
    str | None,
    typer.Option("--org", help="Organization, by name. Default: the only organization.", metavar="NAME"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
App = Annotated[str, typer.Argument(help="The application's name or client id.", metavar="APP", show_default=False)]
Property = Annotated[
    str, typer.Argument(help="The property's name or API key.", metavar="PROPERTY", show_default=False)
]
PropertyOrg = Annotated[
    str | None,
    typer.Option(
        "--org", help="Organization of the property, if several have a property with this name.", metavar="NAME"
    ),
]

Hook = Annotated[str, typer.Argument(help="The webhook's name.", metavar="NAME", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", help="Maximum number.", min=1, max=1000)]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the id.")]
Wide = Annotated[bool, typer.Option("--wide", help="Show every column in full, even on a narrow terminal.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="PostgreSQL database. Default: TESSERA_DATABASE, or SQLite in the data folder.",
        metavar="URL",
        show_default=False,
    ),
]


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
