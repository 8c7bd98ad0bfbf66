"""Puts the club into a scene's database, by plain statements."""

from decimal import Decimal

from tests.loyalty.club import CLUB, Ladder
from tests.support import engines
from tests.support.engines import Reading
from tests.support.scene import Scene

UNITS = 10_000


def units(amount: Decimal) -> int:
    """A number of points in the units of the database."""
    return int(amount * UNITS)


def furnish(scene: Scene) -> None:
    """Add what the scene's program lacks: accounts that end or lend, two ladders, and events."""
    with engines.writing(scene.folder) as database:
        known = {row[0] for row in database.rows("select id from point_account")}
        for account in CLUB.accounts.values():
            if account.id not in known:
                group = "Tier" if account.id == "half" else "Spend"
                row = (account.id, account.id.title(), group, account.days, int(account.overdraw))
                database.rows(
                    "insert into point_account (id, organization, name, grouping_label, lifetime_days, overdraw)"
                    " values (?, 1, ?, ?, ?, ?)",
                    *row,
                )
        for ladder in CLUB.ladders[1:]:
            _ladder(database, ladder)
        for lookup, awards in CLUB.visits.items():
            database.rows(
                "insert into event_rule (id, organization, lookup, name) values (?, 1, ?, ?)", lookup, lookup, lookup
            )
            for account_id, amount in awards:
                database.rows(
                    "insert into event_award (event_rule, point_account, amount) select e.number, a.number,"
                    " cast(? as bigint)"
                    " from event_rule e, point_account a where e.lookup = ? and a.id = ?",
                    units(amount),
                    lookup,
                    account_id,
                )
    scene.context.directory.programs.drop(1)


def _ladder(database: Reading, ladder: Ladder) -> None:
    database.rows(
        "insert into tier_system (id, organization, name, maintenance_days) values (?, 1, ?, ?)",
        ladder.id,
        ladder.id.title(),
        ladder.days,
    )
    for rank, level in enumerate(ladder.levels):
        database.rows(
            "insert into tier_level (id, tier_system, rank, name)"
            " select cast(? as text), number, cast(? as bigint), cast(? as text) from tier_system where id = ?",
            level.id,
            rank,
            level.id.title(),
            ladder.id,
        )
        if not rank:
            continue
        keep = None if level.keep == level.target else units(level.keep)
        database.rows(
            "insert into tier_rule (id, tier_level, tree_id, root_id, constraint_id, target, keep_target)"
            " select cast(? as text), number, cast(? as text), cast(? as text), cast(? as text), cast(? as bigint),"
            " cast(? as bigint) from tier_level where id = ?",
            f"rule-{level.id}", *[f"{node}-{level.id}" for node in ("tree", "root", "at")], units(level.target), keep,
            level.id,
        )  # fmt: skip
        for account_id in ladder.accounts:
            database.rows(
                "insert into tier_rule_account (tier_rule, point_account) select r.number, a.number"
                " from tier_rule r, point_account a where r.id = ? and a.id = ?",
                f"rule-{level.id}",
                account_id,
            )
