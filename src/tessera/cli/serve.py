"""`tessera serve`: the server, and with `--demo` the demonstration: made on the first start, shown on every one."""

import asyncio
import socket
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import advice, output, panel
from tessera.cli.advice import CommandError
from tessera.cli.opening import check_folder
from tessera.cli.options import DataDir, examples

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.demo.demo import Demo
    from tessera.settings import Settings

EXAMPLES = examples(
    "serve --demo", "serve --host 0.0.0.0 --port 8000 --behind-tls-proxy --issuer https://id.example.com"
)

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what is written here is read, not listened on


class Level(StrEnum):
    """`--log-level`."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Format(StrEnum):
    """`--log-format`."""

    AUTO = "auto"
    PRETTY = "pretty"
    JSON = "json"


def serve(  # noqa: PLR0913  # typer makes a flag of each
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default: 8000; 0 takes a free port.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of server processes. Default: 1.")] = None,
    management_port: Annotated[
        str | None, typer.Option(help="Port of /livez, /readyz and /metrics. Default: 9090; 0 any, `off` none.")
    ] = None,
    tls_certificate_file: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate. Reloaded when it changes.")
    ] = None,
    tls_key_file: Annotated[Path | None, typer.Option(help="PEM file of its private key.")] = None,
    data_dir: DataDir = None,
    demo: Annotated[
        bool | None, typer.Option("--demo", help="Create demonstration data once; show its credentials each time.")
    ] = None,
    behind_tls_proxy: Annotated[
        bool | None, typer.Option("--behind-tls-proxy", help="A trusted proxy in front terminates TLS.")
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option(
            help="URL at which callers reach the service, for example https://id.example.com. Required beyond loopback."
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            help="Address or network of a proxy in front that is trusted to forward client addresses. Repeatable.",
            metavar="ADDRESS",
        ),
    ] = None,
    log_level: Annotated[
        Level | None, typer.Option(case_sensitive=False, help="Lowest level of events to log. Default: info.")
    ] = None,
    log_format: Annotated[
        Format | None,
        typer.Option(case_sensitive=False, help="Format of the log. Default: auto, pretty on a terminal, else JSON."),
    ] = None,
) -> None:
    """Start the server. The first start sets up the data folder. Ctrl-C or SIGTERM stops it."""
    from tessera import server, settings

    chosen = settings.load(
        host=host,
        port=port,
        workers=workers,
        management_port=management_port,
        tls_certificate_file=tls_certificate_file,
        tls_key_file=tls_key_file,
        data_dir=data_dir,
        demo=demo,
        behind_tls_proxy=behind_tls_proxy,
        issuer=issuer,
        trusted_proxies=tuple(trusted_proxy) if trusted_proxy else None,
        log_level=log_level,
        log_format=log_format,
    )
    server.check_traces(chosen)
    check_folder(chosen, make=True)
    with server.listen(chosen) as listener:
        address = _address(listener, "http" if chosen.tls_certificate_file is None else "https")
        chosen = chosen.model_copy(update={"port": listener.getsockname()[1]})
        asyncio.run(_prepare(chosen, address))
        management = server.listen_for_management(chosen)
        with nullcontext() if management is None else management:
            server.run(chosen, listener, management, lambda: _say(address, management))


def _say(address: str, management: socket.socket | None) -> None:
    if management is not None:
        output.data(f"Health and metrics on {_address(management, 'http')}: /livez, /readyz, /metrics.")
    output.data(f"Listening on {address} — Ctrl-C stops.", flush=True)


def _address(listener: socket.socket, scheme: str) -> str:
    host, port = listener.getsockname()[:2]
    host = _EVERYWHERE.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


async def _prepare(chosen: "Settings", address: str) -> None:
    """Open the context once, so that what is wrong with it is told in one sentence; with `--demo` show the panel."""
    from tessera import wiring
    from tessera.app.operators import OperatorError

    async with wiring.open_context(chosen) as context:
        if not chosen.demo:
            return
        try:
            demo = await _demonstration(context, chosen.data_dir)
        except OperatorError as error:
            output.message(f"tessera: {advice.told(error)}")
            return
        except CommandError as error:
            output.message(f"tessera: {error}")
            return
        panel.show(demo, address, await _token(context, demo))


async def _demonstration(context: "Context", path: Path) -> "Demo":
    """The demonstration of `demo.json`; made when there is none. Raises CommandError when it cannot be shown."""
    import msgspec

    from tessera import files
    from tessera.app.demo import demo
    from tessera.app.organizations import organizations
    from tessera.store.folder import DataFolder

    file = DataFolder(path).demo
    if file.exists():
        try:
            return msgspec.json.decode(file.read_bytes(), type=demo.Demo)
        except msgspec.MsgspecError as error:
            raise CommandError(
                f"{file} cannot be read ({error}), so the demonstration is not shown: restore it, or begin with another"
                " --data-dir."
            ) from None
    if any(each.name == demo.ORGANIZATION for each in await organizations.every(context)):
        if await context.store.application_record(demo.APPLICATION) is None:
            raise CommandError(
                "The demonstration was not finished when it was made, so it is not shown: begin with another"
                " --data-dir, or make an application of your own with `tessera apps create NAME`."
            )
        raise CommandError(
            f"The demonstration is there but {file} is missing, and its secret cannot be shown again: make a new"
            f' one with `tessera apps secrets add "{demo.APPLICATION}"`, or begin with another --data-dir.'
        )
    made = await demo.create(context)
    files.write(file, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    return made


async def _token(context: "Context", demo: "Demo") -> str | None:
    """A token for the lines that need one; None, and why, when the demonstration's application gets none."""
    from tessera.app.clients import authentication
    from tessera.app.grants import token_endpoint
    from tessera.core.errors import Refusal
    from tessera.core.presented import NOTHING
    from tessera.core.wire import Params

    asked = Params(
        {},
        {
            "grant_type": "client_credentials",
            "client_id": demo.client_id,
            "client_secret": demo.client_secret,
        },
    )
    try:
        grant = token_endpoint.named(context, token_endpoint.GRANTS, asked.get("grant_type"))
        client = await authentication.authenticate(context, asked, NOTHING)
        issued = await token_endpoint.issue(context, grant, client, asked, NOTHING)
    except Refusal as refusal:
        output.message(
            f"tessera: The demonstration's application gets no token now ({refusal.public}) See `tessera apps show"
            f" {demo.client_id}`."
        )
        return None
    return issued.reply.access_token
