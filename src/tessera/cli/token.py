"""`tessera token`: ask for one anywhere, look at one, revoke one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output
from tessera.cli.advice import CommandError
from tessera.cli.groups import group
from tessera.cli.opening import secret_from_stdin, with_context
from tessera.cli.options import AsJSON, DataDir, Way, examples

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.tokens.inspection import Inspection
    from tessera.cli.token_request import Answer, Asked
    from tessera.core.tokens.access_tokens import Claims

app = group("Tokens: request one, inspect one, revoke one.")

Token = Annotated[
    str, typer.Argument(help="The token; - reads it from standard input.", metavar="TOKEN", show_default=False)
]


@app.command(
    "request",
    epilog=examples(
        "token request --demo", "token request --url https://id.example --client-id ID --client-secret-env SECRET"
    ),
)
def request(  # noqa: PLR0913  # one a flag
    *,
    url: Annotated[
        str | None, typer.Option("--url", help="Identity service; /oauth/token is added when there is no path.")
    ] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="Client id.")] = None,
    client_secret_stdin: Annotated[
        bool, typer.Option("--client-secret-stdin", help="Read the secret from standard input.")
    ] = False,
    client_secret_env: Annotated[
        str | None, typer.Option("--client-secret-env", help="Environment variable with the secret.", metavar="NAME")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Scopes to request.")] = None,
    via: Annotated[Way, typer.Option("--via", help="Where to send the client id and secret.")] = Way.QUERY,
    demo: Annotated[
        bool, typer.Option("--demo", help="Take the client id and secret from demo.json in the data folder.")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the answer.", min=0.1)] = 30.0,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Request a token from any URL with the client_credentials grant, and show the result."""
    from tessera.cli import token_request

    if demo:
        url, client_id, secret = _from_demo(data_dir, url)
    else:
        if url is None or client_id is None:
            raise typer.BadParameter("Say --url and --client-id, or --demo.")
        secret = _secret(client_secret_env, stdin=client_secret_stdin)
    asked: Asked = token_request.Asked(
        url=url, client_id=client_id, client_secret=secret, via=via.value, scope=scope, timeout_seconds=timeout
    )
    answer = token_request.send(asked)
    _show(answer, as_json=as_json)
    if answer.problem is not None:
        output.message(f"tessera: {answer.problem}")
        raise typer.Exit(1)


def _secret(environment: str | None, *, stdin: bool) -> str:
    import os

    if (environment is not None) == stdin:
        raise typer.BadParameter("Say --client-secret-stdin or --client-secret-env NAME: one of them.")
    if environment is None:
        return secret_from_stdin()
    if environment not in os.environ:
        raise typer.BadParameter(f"The environment has no variable {environment}.")
    return os.environ[environment]


def _from_demo(data_dir: Path | None, url: str | None) -> tuple[str, str, str]:
    import msgspec

    from tessera import settings
    from tessera.app.demo.demo import Demo
    from tessera.store.folder import DataFolder

    chosen = settings.load(data_dir=data_dir)
    file = DataFolder(chosen.data_dir).demo
    try:
        demo = msgspec.json.decode(file.read_bytes(), type=Demo)
    except (OSError, msgspec.MsgspecError):
        raise CommandError(
            f"{file} is not there or cannot be read. `tessera serve --demo` makes it on its first start."
        ) from None
    return url or f"http://{chosen.host}:{chosen.port}", demo.client_id, demo.client_secret


def _show(answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        output.document({"status": answer.status, "reply": answer.reply, "problem": answer.problem})
        return
    if answer.status is not None:
        output.message(f"{answer.status} {answer.phrase} in {answer.milliseconds:.0f} ms")
    if answer.reply is not None:
        output.document(answer.reply)


@app.command("inspect", epilog=examples("token inspect 01c0ffee...", "token inspect - < token.txt"))
def inspect(token: Token, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show whether a token is valid, whose it is, and why it is inactive."""
    from tessera.app.tokens import inspection

    text = _token(token)

    async def work(context: "Context") -> "Inspection":
        return await inspection.inspect(context, text)

    found = with_context(data_dir, work)
    if as_json:
        output.document(output.record(found, moments=("issued_at", "expires_at")))
        return
    rows: list[tuple[str, object]] = [("state", "live" if found.live else "dead")]
    rows += [("because", reason) for reason in found.reasons]
    if found.issued_at is not None:
        rows += [
            ("application", found.name),
            ("client id", found.client_id),
            ("issued", output.moment(found.issued_at)),
            ("expires", output.moment(found.expires_at)),
            ("scope", found.scope),
            ("for", found.resource or "the platform"),
        ]
    output.pairs(rows)


@app.command("revoke", epilog=examples("token revoke 01c0ffee...", "token revoke - < token.txt"))
def revoke(token: Token, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Revoke a token for good."""
    from tessera.app.tokens import revocation

    text = _token(token)

    async def work(context: "Context") -> "tuple[Claims, bool]":
        claims = await revocation.revoke(context, text)
        if claims is None:
            raise CommandError("That is not a token of this database, so it cannot be revoked here.")
        return claims, claims.expires_at <= context.clock.now()

    claims, expired = with_context(data_dir, work)
    if as_json:
        from tessera.core import times

        output.document({"revoked": True, "expired": expired, "expires_at": times.incentives_time(claims.expires_at)})
    elif expired:
        output.message("It had expired already, by the clock of this machine. It is revoked as well.")
    else:
        output.message("Revoked, durably. Running servers refuse it within 250 ms.")


def _token(argument: str) -> str:
    return (sys.stdin.readline() if argument == "-" else argument).strip()
