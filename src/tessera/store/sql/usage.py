"""Counts by the hour."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

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

HOURS = (
    "select hour, tokens, calls, refused, elsewhere from usage_hour where application = :application and hour >= :first"
    " order by hour"
)
GREEDY = (
    "select a.client_id, a.name, a.organization, o.name, o.retailer_id, a.number, u.hour, u.tokens - u.elsewhere,"
    " u.calls"
    " from usage_hour u join application a on a.number = u.application join organization o on o.number = a.organization"
    " where u.hour = :hour and u.tokens >= :tokens and u.tokens - u.elsewhere >= :tokens"
    " and u.calls < (u.tokens - u.elsewhere) * :calls_each order by u.application"
)
