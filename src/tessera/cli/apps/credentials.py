"""`tessera apps keys` and `tessera apps certificates`: credentials of an application that hold nothing secret."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import durations, output
from tessera.cli.apps import secrets
from tessera.cli.groups import group
from tessera.cli.opening import with_context
from tessera.cli.options import App, AsJSON, DataDir, Yes, examples
from tessera.cli.tables import Column
from tessera.core.nearest import hint

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.clients.applications import AuthenticationMethod

keys = group("Public keys of an application, for authentication with a signed assertion (private_key_jwt).", "name")
certificates = group("Certificates of an application, for authentication with mutual TLS.", "name")

Name = Annotated[str | None, typer.Option("--name", help="Its name. Default: the next free number.", metavar="NAME")]
Ends = Annotated[
    str | None, typer.Option("--ends", help="When it expires: 90d, or 2030-01-31T12:00:00Z.", metavar="WHEN")
]
Named = Annotated[str, typer.Argument(help="Its name.", metavar="NAME", show_default=False)]
At = Annotated[
    str | None,
    typer.Option("--at", help="When it expires: 7d, or 2030-01-31T12:00:00Z. Default: now.", metavar="WHEN"),
]


def _file(flag: str, what: str) -> Any:
    """An option that names a file, which has to be there."""
    return typer.Option(flag, help=what, metavar="FILE", exists=True, dir_okay=False, readable=True)


def methods_named(text: str) -> "AuthenticationMethod":
    """The flags of these ways. Raises BadParameter."""
    from tessera.app.clients.credentials import METHODS
    from tessera.core.clients.applications import AuthenticationMethod

    found = AuthenticationMethod(0)
    for each in () if text == "any" else text.split(","):
        if each not in METHODS:
            raise typer.BadParameter(
                f"--methods is any, or some of {', '.join(METHODS)}, with commas between.{hint(each, METHODS)}"
            )
        found |= METHODS[each]
    return found


@keys.command(
    "add",
    wide=True,
    epilog=examples(
        "apps keys add Partner --pem partner.pub.pem",
        "apps keys add Partner --jwk partner.jwk --name 2030 --ends 365d",
        "apps keys add Partner --jwks-uri https://partner.example/jwks.json",
    ),
)
def add_key(
    application: App,
    *,
    jwk: Annotated[Path | None, _file("--jwk", "File of the public key as a JWK.")] = None,
    pem: Annotated[Path | None, _file("--pem", "File of the public key as PEM.")] = None,
    jwks_uri: Annotated[
        str | None, typer.Option("--jwks-uri", help="URL at which it publishes its keys.", metavar="URL")
    ] = None,
    name: Name = None,
    ends: Ends = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a public key, or the URL of a set of public keys."""
    from tessera.app.clients import credentials

    if sum(each is not None for each in (jwk, pem, jwks_uri)) != 1:
        raise typer.BadParameter("Say one of --jwk, --pem and --jwks-uri.")
    read = {each: each.read_bytes() for each in (jwk, pem) if each is not None}

    async def work(context: "Context", client_id: str, chosen: str, ends_at: int | None) -> None:
        if jwk is not None:
            await credentials.add_key(context, client_id, chosen, read[jwk], ends_at=ends_at)
        elif pem is not None:
            await credentials.add_pem_key(context, client_id, chosen, read[pem], ends_at=ends_at)
        elif jwks_uri is not None:
            await credentials.add_key_set(context, client_id, chosen, jwks_uri, ends_at=ends_at)

    _added(application, name, "key", ends, work, data_dir=data_dir, as_json=as_json)


@certificates.command(
    "add",
    wide=True,
    epilog=examples(
        "apps certificates add Partner --pem partner.crt",
        "apps certificates add Partner --subject san_dns:app.partner.example",
        'apps certificates add Partner --subject "subject:CN=app,O=Partner" --name 2030 --ends 365d',
    ),
)
def add_certificate(
    application: App,
    *,
    pem: Annotated[Path | None, _file("--pem", "File of the certificate as PEM.")] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            help="What a certificate of our authorities is to say: subject, san_dns, san_uri, san_ip or san_email, a"
            " colon, and the name.",
            metavar="NAME",
        ),
    ] = None,
    name: Name = None,
    ends: Ends = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a certificate, or the subject of certificates that a CA in `mtls_ca_file` signs."""
    from tessera.app.clients import credentials

    if (pem is None) == (subject is None):
        raise typer.BadParameter("Say one of --pem and --subject.")
    read = b"" if pem is None else pem.read_bytes()

    async def work(context: "Context", client_id: str, chosen: str, ends_at: int | None) -> None:
        if subject is not None:
            await credentials.add_subject(context, client_id, chosen, subject, ends_at=ends_at)
        else:
            await credentials.add_certificate(context, client_id, chosen, read, ends_at=ends_at)

    _added(application, name, "certificate", ends, work, data_dir=data_dir, as_json=as_json)


def _added(
    application: str,
    name: str | None,
    kind: str,
    ends: str | None,
    add: Callable[["Context", str, str, int | None], Awaitable[None]],
    *,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Add a credential under a free name, and show it."""
    from tessera.app.clients import applications

    if ends is not None:
        durations.moment(ends, 0)

    async def work(context: "Context") -> dict[str, Any]:
        client_id = (await applications.find(context, application)).client_id
        ends_at = None if ends is None else durations.moment(ends, context.clock.now())
        chosen = name if name is not None else await applications.free_credential_name(context, client_id, kind)
        await add(context, client_id, chosen, ends_at)
        found = secrets.listed(await context.store.secrets(client_id), context.clock.now())
        return next(each for each in found if each["name"] == chosen)

    made = with_context(data_dir, work)
    if as_json:
        output.document(made)
    else:
        output.message(f"Added {made['name']}. Running servers accept it within 250 ms.")
        show_table([made])


def show_table(found: list[dict[str, Any]]) -> None:
    """A table of credentials; the last four characters are those of the thumbprint."""
    columns = ("name", "kind", "last_four", "named", "state", "created_at", "ends_at", "last_used_at", "last_used_from")
    titles = (
        Column("name", short=24),
        Column("kind", drop=3),
        Column("last four", drop=1),
        Column("names", short=32),
        "state",
        Column("created", drop=5),
        "ends",
        Column("last used", drop=2),
        Column("from", drop=4),
    )
    output.table(titles, [[each[column] for column in columns] for each in found])


@keys.command("list", epilog=examples("apps keys list Partner"))
def list_keys(application: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List the public keys of an application, and the URLs of its key sets."""
    _list(application, "KEY_KINDS", data_dir=data_dir, as_json=as_json)


@certificates.command("list", epilog=examples("apps certificates list Partner"))
def list_certificates(application: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List the certificates and the subjects of an application."""
    _list(application, "CERTIFICATE_KINDS", data_dir=data_dir, as_json=as_json)


def _list(application: str, kinds: str, *, data_dir: Path | None, as_json: bool) -> None:
    from tessera.app.clients import applications, credentials

    async def work(context: "Context") -> list[dict[str, Any]]:
        client_id = (await applications.find(context, application)).client_id
        found = await credentials.of_kind(context, client_id, getattr(credentials, kinds))
        return secrets.listed(found, context.clock.now())

    found = with_context(data_dir, work)
    if as_json:
        output.document(found)
    else:
        show_table(found)


@keys.command("expire", epilog=examples("apps keys expire Partner key-1", "apps keys expire Partner key-1 --at 7d"))
def expire_key(
    application: App, name: Named, *, at: At = None, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False
) -> None:
    """End a key, now or at a given time. After the last credential, all tokens become inactive."""
    secrets.end(application, "key", name, at, yes=yes, data_dir=data_dir, as_json=as_json)


@certificates.command(
    "expire",
    epilog=examples("apps certificates expire Partner certificate-1"),
)
def expire_certificate(
    application: App, name: Named, *, at: At = None, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False
) -> None:
    """End a certificate, now or at a given time. After the last credential, all tokens become inactive."""
    secrets.end(application, "certificate", name, at, yes=yes, data_dir=data_dir, as_json=as_json)
