"""What nodes have counted, for each other."""

from tessera.core import changes
from tessera.ports.nodes import NodeCount
from tessera.store.sql.statement import Select, Statement


def _later(window: str, count: str) -> str:
    """The count that stands after an upsert: the greater one of the same window, or the new window's."""
    kept = f"node_count.{window} = excluded.{window} and node_count.{count} > excluded.{count}"
    return f"{count} = case when {kept} then node_count.{count} else excluded.{count} end"


WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.PublishCounts: (
        Statement(
            "insert into node_count (application, node, at, hour, hour_tokens, day, day_tokens, watched, asked)"
            " values (:application, :node, :at, :hour, :hour_tokens, :day, :day_tokens, :watched, :asked)"
            " on conflict (application, node) do update set at = excluded.at, hour = excluded.hour, day = excluded.day,"
            f" asked = excluded.asked, {_later('hour', 'hour_tokens')}, {_later('day', 'day_tokens')},"
            f" {_later('day', 'watched')}"
        ),
    ),
}


def _sum(count: str, condition: str) -> str:
    return f"coalesce(sum(case when {condition} then {count} else 0 end), 0)"


OTHERS = Select(
    f"select {_sum('hour_tokens', 'hour = :hour')} as hour_tokens, {_sum('day_tokens', 'day = :day')} as day_tokens,"
    f" {_sum('watched', 'day = :day')} as watched, {_sum('asked', 'at >= :since')} as asked"
    " from node_count where application = :application and node <> :node",
    NodeCount,
)
