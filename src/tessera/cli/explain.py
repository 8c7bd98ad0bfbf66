"""`tessera explain`: why a request was refused, and how to put it right."""

from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output, refusal_advice
from tessera.cli.opening import with_context
from tessera.cli.options import AsJSON, DataDir, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.administration.explain import Explained
    from tessera.app.context import Context
    from tessera.core.administration.explanations import Explanation

EXAMPLES = examples("explain 5b2f0c9d8e7a46139c0d1e2f3a4b5c6d", "explain --about card-000057")


def explain(
    request_id: Annotated[
        str | None,
        typer.Argument(help="The X-Request-Id of the answer.", metavar="REQUEST_ID", show_default=False),
    ] = None,
    *,
    about: Annotated[
        str | None,
        typer.Option("--about", help="List the refusals of requests with this id in the URL.", metavar="ID"),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Show why a request was refused: the check that failed, the presented credentials, and the remedy."""
    from tessera.app.administration import explain as operation

    if (request_id is None) == (about is None):
        raise typer.BadParameter("Name a request by its X-Request-Id, or an id with --about.")
    if about is not None:
        _list(about, data_dir, as_json=as_json)
        return
    wanted = request_id or ""

    async def work(context: "Context") -> "Explained":
        return await operation.explain(context, wanted)

    found = with_context(data_dir, work)
    advice = found.advice or refusal_advice.advice_for(found.refusal.check, found.refusal.code)
    if as_json:
        told = {"failed": found.failed, "advice": advice}
        output.document({**output.record(found.refusal, moments=("at",)), **told})
        return
    refusal = found.refusal
    request = f"{refusal.method} {refusal.route}" if refusal.method else "not read"
    lines = [
        ("what failed", found.failed),
        ("put it right", advice),
        ("check", refusal.check),
        ("reason", refusal.detail),
        ("the caller was told", f"{refusal.status} {refusal.code}: {refusal.public}"),
        ("request", request),
        ("when", output.moment(refusal.at)),
        ("from", refusal.source),
        *_presented(refusal),
    ]
    output.pairs(lines)


def _list(id: str, data_dir: DataDir, *, as_json: bool) -> None:
    from tessera.app.administration import explain as operation

    async def work(context: "Context") -> "list[Explanation]":
        return await operation.about(context, id)

    found = with_context(data_dir, work)
    if as_json:
        output.document([output.record(each, moments=("at",)) for each in found])
    elif not found:
        output.message("No refusal of a request with this id in its address is kept.")
    else:
        output.table(
            (
                "when",
                Column("request id", short=13, id=True),
                Column("request", short=24),
                Column("status", drop=1),
                Column("check", short=16),
            ),
            [
                (output.moment(each.at), each.request_id, f"{each.method} {each.route}", each.status, each.check)
                for each in found
            ],
        )


def _presented(refusal: "Explanation") -> list[tuple[str, str]]:
    """What the request had in it, by name."""
    known = "which exists" if refusal.known else "which is not known here, and is not shown whole"
    lines = [
        ("client", refusal.client and f"{refusal.client}, {known}"),
        ("Authorization", refusal.scheme),
        ("token (fingerprint)", refusal.token),
        ("in the address", ", ".join(refusal.query)),
        ("in the body", ", ".join(refusal.body)),
        ("headers", ", ".join(refusal.headers)),
        *((f"{name} (pseudonym)", digest) for name, digest in refusal.ids.items()),
    ]
    return [(label, value) for label, value in lines if value]
