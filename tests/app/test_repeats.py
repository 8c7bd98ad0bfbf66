"""Requests that come again, in whole or in part, and what a spend leaves alone."""

from collections.abc import Sequence
from pathlib import Path

from tessera.app.loyalty import points, tiers
from tessera.app.loyalty.points import Answer
from tessera.core.errors import PlatformRefusal
from tessera.core.loyalty.ledger_session import AppliedAmount
from tessera.core.loyalty.orders import Deposit, Order, Spend
from tessera.core.loyalty.points import UNITS
from tests.support import invariants
from tests.support.scene import Scene, play, status


async def ask(scene: Scene, customer_id: str, *orders: Order, partial: bool = False) -> Answer:
    """Have orders made."""
    return await points.order(
        scene.context, scene.caller, scene.retailer_id, customer_id, orders, partial=partial
    )  # fmt: skip


def amounts(results: Sequence[list[AppliedAmount] | PlatformRefusal]) -> list[list[int] | None]:
    """What each order moved, in points; None for one that was refused."""
    return [[line.amount // UNITS for line in each] if isinstance(each, list) else None for each in results]


def spend(amount: int, *accounts: str, name: str | None = None) -> Spend:
    """A spend of so many points."""
    return Spend(accounts or ("account-spend",), amount * UNITS, name)


def test_a_repeated_request_is_made_once_though_its_id_came_from_another(tmp_path: Path) -> None:
    """A detail without an id is not made again when the only id of its request was known before it."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await ask(scene, customer_id, status(5, "known"))
        first = await ask(scene, customer_id, status(5, "known"), status(7))
        await ask(scene, customer_id, status(1))
        again = await ask(scene, customer_id, status(5, "known"), status(7))
        assert again == first
        assert invariants.row_counts(scene.folder)["ledger_entry"] == 3

    play(tmp_path, scenario)


def test_what_was_made_in_part_is_not_made_again(tmp_path: Path) -> None:
    """Of a request made in part, a repeat makes only what was refused, and only if it can be made now."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        request = (spend(50, name="later"), Deposit("account-spend", 20 * UNITS))
        for _ in range(3):
            assert amounts((await ask(scene, customer_id, *request, partial=True)).results) == [None, [20]]
        await ask(scene, customer_id, Deposit("account-spend", 40 * UNITS))
        for _ in range(2):
            assert amounts((await ask(scene, customer_id, *request, partial=True)).results) == [[-50], [20]]
        assert invariants.row_counts(scene.folder)["ledger_entry"] == 3
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_spend_from_many_accounts_is_answered_as_the_first_time(tmp_path: Path) -> None:
    """A repeated spend tells of every account it took from, and the balances of then, whatever happened since."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await ask(scene, customer_id, status(10), Deposit("account-spend", 10 * UNITS))
        order = spend(15, "account-tier", "account-spend", name="once")
        first = await ask(scene, customer_id, order)
        await ask(scene, customer_id, spend(5), status(500))
        assert amounts(first.results) == [[-10, -5]]
        assert [await ask(scene, customer_id, order), (await ask(scene, customer_id, order, status(1))).results[0]] == [
            first,
            first.results[0],
        ]

    play(tmp_path, scenario)


def test_only_a_deposit_promotes(tmp_path: Path) -> None:
    """A customer moved down by hand stays there when it spends or is refused a deposit, and rises with the next."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await ask(scene, customer_id, status(2_000))
        await tiers.move(
            scene.context, scene.caller, scene.retailer_id, customer_id, tiers.Place("club", "level-0")
        )  # fmt: skip
        await ask(scene, customer_id, spend(1, "account-tier"))
        await ask(scene, customer_id, status(0), partial=True)
        assert await _rank(scene, customer_id) == 0
        await ask(scene, customer_id, status(1))
        assert await _rank(scene, customer_id) == 2

    play(tmp_path, scenario)


async def _rank(scene: Scene, customer_id: str) -> int:
    shown = await tiers.status(scene.context, scene.caller, scene.retailer_id, customer_id, None)
    return shown.tier_levels[0].tier_overview.rank
