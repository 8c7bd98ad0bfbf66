"""`tessera apps usage`: tokens against calls, by the hour and by the day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import output
from tessera.cli.advice import advised
from tessera.cli.opening import with_context
from tessera.cli.options import App, AsJSON, DataDir, examples

if TYPE_CHECKING:
    from tessera.app.clients.usage_report import Span, UsageReport
    from tessera.app.context import Context
    from tessera.core.clients.applications import ApplicationRecord

EXAMPLES = examples("apps usage Partner", "apps usage Partner --days 30 --json")

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "."


def usage(
    application: App,
    *,
    days: Annotated[int, typer.Option("--days", help="Number of days, including today.", min=1, max=3650)] = 14,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Show issued and valid tokens, the calls made with them, and refusals, by hour and by day."""
    from tessera.app.clients import applications, usage_report

    async def work(context: "Context") -> "tuple[ApplicationRecord, UsageReport]":
        found = await applications.find(context, application)
        return found, await usage_report.report(context, found, days)

    record, found = with_context(data_dir, work)
    if as_json:
        output.document(_document(record, found))
    else:
        _show(record.name, found)


def _document(record: "ApplicationRecord", found: "UsageReport") -> dict[str, Any]:
    spans = {
        member: [output.record(each, moments=("at",)) for each in getattr(found, member)]
        for member in ("by_hour", "by_day")
    }
    return {
        "application": record.name,
        "client_id": record.client_id,
        **msgspec.structs.asdict(found),
        **spans,
        "advice": None if found.advice is None else advised(found.advice),
        "calls_per_token": found.calls_per_token,
    }


def _show(name: str, found: "UsageReport") -> None:
    each = found.calls_per_token
    output.pairs(
        [
            ("application", name),
            ("days", found.days),
            ("tokens issued", found.tokens),
            ("of these elsewhere", found.elsewhere),
            ("tokens in life", found.tokens_in_life),
            ("calls", found.calls),
            ("calls per token", each),
            ("refused", found.refused),
            ("token reuse", "on" if found.token_reuse else "off"),
        ]
    )
    output.data()
    _lines("by the hour", found.by_hour)
    _lines("by the day", found.by_day)
    if found.advice is not None:
        output.message(advised(found.advice))


def _lines(title: str, spans: "Sequence[Span]") -> None:
    output.data(f"{title}, from {output.moment(spans[0].at)}")
    rows = [(what, [getattr(span, what) for span in spans]) for what in ("tokens", "calls", "refused")]
    for what, counts in rows:
        output.data(f"  {what:<9}{sparkline(counts)}  at most {max(counts)}")


def sparkline(counts: Sequence[int]) -> str:
    """Counts as bars, one character each; a point for none."""
    highest = max(counts, default=0)
    return "".join(_BARS[(count * 8 - 1) // highest] if count else _NONE for count in counts)
