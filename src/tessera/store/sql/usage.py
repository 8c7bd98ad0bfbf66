"""Counts by the hour."""

import msgspec

from tessera.core import changes
from tessera.ports.rotation import HourCount
from tessera.store.sql.statement import Select, Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.CountHour: (
        Statement(
            "insert into usage_hour (application, hour, tokens, elsewhere, calls, refused)"
            " select number, :hour, :tokens, :elsewhere, :calls, :refused from application where number = :application"
            " on conflict (application, hour) do update set tokens = usage_hour.tokens + excluded.tokens,"
            " elsewhere = usage_hour.elsewhere + excluded.elsewhere,"
            " calls = usage_hour.calls + excluded.calls, refused = usage_hour.refused + excluded.refused"
        ),
    ),
}


class GreedyRow(msgspec.Struct, frozen=True):
    """A row of `WASTEFUL_CLIENTS`: whose application it is, its number, and what it did in the hour."""

    client_id: str
    application: str
    organization: int
    organization_name: str
    retailer_id: str
    number: int
    hour: int
    tokens: int
    calls: int


HOURS = Select(
    "select hour, tokens, calls, refused, elsewhere from usage_hour where application = :application"
    " and hour >= :first order by hour",
    HourCount,
)
WASTEFUL_CLIENTS = Select(
    "select a.client_id, a.name as application, a.organization, o.name as organization_name, o.retailer_id, a.number,"
    " u.hour, u.tokens - u.elsewhere as tokens, u.calls"
    " from usage_hour u join application a on a.number = u.application join organization o on o.number = a.organization"
    " where u.hour = :hour and u.tokens >= :tokens and u.tokens - u.elsewhere >= :tokens"
    " and u.calls < (u.tokens - u.elsewhere) * :calls_each order by u.application",
    GreedyRow,
)
