"""`tessera apps limit` and `tessera properties limit`: rate limits, quotas and the networks that are allowed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import output
from tessera.cli.opening import with_context
from tessera.cli.options import App, AsJSON, DataDir, Property, PropertyOrg, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.clients.limit_settings import LimitsReport
    from tessera.app.context import Context

EXAMPLES = examples(
    "apps limit Partner",
    'apps limit Partner --networks "10.0.0.0/8 2001:db8::/32" --requests-per-second 50',
    "apps limit Partner --tokens-per-hour 1000 --report-only tokens-hour",
    "apps limit Partner --none networks,requests",
)

PROPERTY_EXAMPLES = examples(
    'properties limit "Web shop"',
    'properties limit "Web shop" --networks "10.0.0.0/8 2001:db8::/32" --requests-per-second 50',
    'properties limit "Web shop" --enforce networks --none requests',
)

Networks = Annotated[
    str | None,
    typer.Option(
        "--networks", help="Networks from which it may send requests, separated by spaces.", metavar="NETWORKS"
    ),
]
Enforce = Annotated[
    str | None, typer.Option("--enforce", help="Enforce these limits: they refuse requests.", metavar="LIMITS")
]
Away = Annotated[str | None, typer.Option("--none", help="Remove these limits.", metavar="LIMITS")]


def limit(  # noqa: PLR0913  # typer makes a flag of each
    name: App,
    *,
    networks: Networks = None,
    requests_per_second: Annotated[
        int | None, typer.Option(help="Requests per second by the application and with its tokens.")
    ] = None,
    tokens_per_hour: Annotated[int | None, typer.Option(help="Tokens per hour.")] = None,
    tokens_per_day: Annotated[int | None, typer.Option(help="Tokens per day (UTC).")] = None,
    report_only: Annotated[
        str | None,
        typer.Option(
            help="Make these limits report-only: networks, requests, tokens-hour, tokens-day.", metavar="LIMITS"
        ),
    ] = None,
    enforce: Enforce = None,
    none: Away = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Show the limits of an application, or change the given limits. New limits are enforced at once."""
    from tessera.app.clients import limit_settings

    wanted = limit_settings.LimitChanges(
        networks=None if networks is None else _words(networks),
        requests_per_second=requests_per_second,
        tokens_per_hour=tokens_per_hour,
        tokens_per_day=tokens_per_day,
        report_only=_words(report_only),
        enforce=_words(enforce),
        none=_words(none),
    )

    async def work(context: "Context") -> "LimitsReport":
        if wanted == limit_settings.LimitChanges():
            return await limit_settings.show(context, name)
        return await limit_settings.change(context, name, wanted)

    _show(with_context(data_dir, work), TOLD, as_json=as_json)


def limit_property(
    name: Property,
    *,
    networks: Networks = None,
    requests_per_second: Annotated[int | None, typer.Option(help="Calls per second with its secrets.")] = None,
    report_only: Annotated[
        str | None,
        typer.Option(help="Make these limits report-only: networks, requests.", metavar="LIMITS"),
    ] = None,
    enforce: Enforce = None,
    none: Away = None,
    org: PropertyOrg = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Show the limits of a property, or change the given limits. They apply to calls with its secrets."""
    from tessera.app.clients import limit_settings, properties

    wanted = limit_settings.LimitChanges(
        None if networks is None else _words(networks),
        requests_per_second,
        report_only=_words(report_only),
        enforce=_words(enforce),
        none=_words(none),
    )

    async def work(context: "Context") -> "LimitsReport":
        found = await properties.find(context, name, org)
        if wanted == limit_settings.LimitChanges():
            return await limit_settings.show_property(context, found)
        return await limit_settings.change_property(context, found, wanted)

    _show(with_context(data_dir, work), TOLD[:2], as_json=as_json)


TOLD = ("networks", "requests", "tokens-hour", "tokens-day")
"""The limits in their order; a property has the first two."""


def _show(found: "LimitsReport", told: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        output.document(_document(found, told))
        return
    if not found.readable:
        output.message(f"{found.name}: The limits cannot be read, so everything is refused. Set them again.")
    rows = [row for row in _rows(found) if row[0] in told]
    output.table(("limit", Column("value", short=40), "mode", "used"), rows)
    if found.would_refuse_day:
        output.message(f"Today the report-only ones would have refused {found.would_refuse_day:,} requests.")


def _words(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(text.replace(",", " ").split())


def _mode(found: "LimitsReport", limit_name: str) -> str:
    return "report-only" if limit_name in found.limits.report_only else "enforce"


def _rows(found: "LimitsReport") -> list[tuple[object, ...]]:
    limits = found.limits
    shown = (
        ("networks", " ".join(limits.networks or ()), None),
        ("requests", limits.requests_per_second and f"{limits.requests_per_second:,} a second", None),
        ("tokens-hour", limits.tokens_per_hour and f"{limits.tokens_per_hour:,} an hour", found.tokens_hour),
        ("tokens-day", limits.tokens_per_day and f"{limits.tokens_per_day:,} a day", found.tokens_day),
    )
    return [
        (limit_name, value, _mode(found, limit_name) if value else None, used if value else None)
        for limit_name, value, used in shown
    ]


def _document(found: "LimitsReport", told: Sequence[str]) -> dict[str, Any]:
    limits = found.limits
    values = (limits.networks, limits.requests_per_second, limits.tokens_per_hour, limits.tokens_per_day)
    of_property = len(told) < len(TOLD)
    counted = {} if of_property else {"tokens_hour": found.tokens_hour, "tokens_day": found.tokens_day}
    return {
        "name": found.name,
        "api_key" if of_property else "client_id": found.client_id,
        "readable": found.readable,
        "limits": {
            name: {"limit": value, "mode": _mode(found, name)}
            for name, value in zip(TOLD, values, strict=True)
            if value is not None
        },
        "counted": {**counted, "would_refuse_day": found.would_refuse_day},
    }
