"""Points: deposits sum exactly, promote, and are made once for each idempotency id."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tessera import wiring
from tessera.app.callers import Caller
from tessera.app.loyalty import points, tiers
from tessera.core.changes import AddTierLevel, AddTierRule, AddTierRuleAccount
from tessera.core.customers.customers import Customer
from tessera.core.errors import IdempotencyConflict, NotFound, UserNotFound, Validation
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import AMOUNT_MAX, UNITS
from tessera.core.loyalty.standing import Standing
from tessera.ports import Store
from tests.support import invariants
from tests.support.scene import Scene, play, status
from tests.support.settings import settings_of


async def standing(scene: Scene, customer_id: str) -> Standing:
    """Where a customer stands in the store."""
    known = await scene.context.store.customer(1, customer_id)
    assert known is not None
    return known.stands()


async def level(scene: Scene, customer_id: str) -> str:
    """The name of the level a customer holds."""
    shown = await tiers.status(scene.context, scene.caller, scene.retailer_id, customer_id, None)
    return shown.tier_levels[0].tier_overview.name


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([499], "L0"),
        ([500], "L1"),
        ([499, 1], "L1"),
        ([2_000], "L2"),
        ([5_000], "L3"),
        ([500, 4_500], "L3"),
        ([100] * 20, "L2"),
        ([9_999, 1], "L3"),
    ],
)
def test_deposits_promote(tmp_path: Path, steps: list[int], expected: str) -> None:
    """The level held is the one the sum earns, several levels at once when earned; the history has every step."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        assert await level(scene, customer_id) == "L0"
        for points_deposited in steps:
            scene.clock.step(1)
            await scene.deposit(customer_id, status(points_deposited))
        assert await level(scene, customer_id) == expected
        assert [each.available for each in (await standing(scene, customer_id)).balances] == [sum(steps) * UNITS]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_several_deposits_in_one_request_promote_together(tmp_path: Path) -> None:
    """Deposits of one request to several accounts are one commit, and promote once, past the levels between."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await scene.deposit(customer_id, status(400), Deposit("account-spend", 7), status(1_600))
        assert await level(scene, customer_id) == "L2"
        balances = {each.point_account: each.available for each in (await standing(scene, customer_id)).balances}
        assert sorted(balances.values()) == [7, 2_000 * UNITS]
        assert invariants.row_counts(scene.folder)["membership"] == 2
        assert invariants.row_counts(scene.folder)["ledger_entry"] == 3
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_an_idempotency_id_counts_once(tmp_path: Path) -> None:
    """A deposit with a known idempotency id is answered and not made again; a different one is refused."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        other = await scene.customer("card-2")
        for _ in range(3):
            await scene.deposit(customer_id, status(10, "once"))
        await scene.deposit(customer_id, status(10, "once"), status(5, "new"))
        await scene.deposit(other, status(99, "once"))
        for changed in (status(11, "once"), Deposit("account-spend", 10 * UNITS, "once")):
            with pytest.raises(IdempotencyConflict, match="used before, for something else"):
                await scene.deposit(customer_id, changed)
        with pytest.raises(Validation, match="stands twice"):
            await scene.deposit(customer_id, status(1, "same"), status(1, "same"))
        assert [each.available for each in (await standing(scene, customer_id)).balances] == [15 * UNITS]
        assert [each.available for each in (await standing(scene, other)).balances] == [99 * UNITS]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_deposits_at_once_sum_exactly(tmp_path: Path) -> None:
    """Many deposits for one customer at once are all made, once each, and promote as their sum earns."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        amounts = list(range(1, 41))
        await asyncio.gather(*(scene.deposit(customer_id, status(amount, f"id {amount}")) for amount in amounts))
        assert [each.available for each in (await standing(scene, customer_id)).balances] == [sum(amounts) * UNITS]
        assert await level(scene, customer_id) == "L1"
        assert invariants.row_counts(scene.folder)["ledger_entry"] == len(amounts)
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_the_same_deposit_at_once_is_made_once(tmp_path: Path) -> None:
    """The same idempotency id sent many times at once makes one entry, and every caller gets the same answer."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await asyncio.gather(*(scene.deposit(customer_id, status(10, "once")) for _ in range(20)))
        assert [each.available for each in (await standing(scene, customer_id)).balances] == [10 * UNITS]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("deposit", "refusal"),
    [
        (status(0), Validation),
        (status(-1), Validation),
        (Deposit("account-tier", AMOUNT_MAX), Validation),
        (Deposit("unknown", 1), NotFound),
    ],
)
def test_a_deposit_that_cannot_be_leaves_nothing(tmp_path: Path, deposit: Deposit, refusal: type[Exception]) -> None:
    """A refused deposit takes the whole request with it."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await scene.deposit(customer_id, status(1))
        before = invariants.contents(scene.folder)
        with pytest.raises(refusal):
            await scene.deposit(customer_id, status(600), deposit)
        assert invariants.contents(scene.folder) == before

    play(tmp_path, scenario)


def test_only_one_s_own_customers_get_points(tmp_path: Path) -> None:
    """An unknown customer, an unknown retailer, and those of another organization are not found."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        with pytest.raises(UserNotFound):
            await scene.deposit("unknown", status(1))
        with pytest.raises(NotFound):
            await points.order(scene.context, scene.caller, "unknown", customer_id, [status(1)])
        stranger = Caller(2, ("openid",))
        with pytest.raises(NotFound):
            await points.order(scene.context, stranger, scene.retailer_id, customer_id, [status(1)])

    play(tmp_path, scenario)


class _Overtaken:
    """A store in which somebody else is done as soon as a customer was read."""

    def __init__(self, store: Store, operation: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._audit_entry: Callable[[], Awaitable[None]] | None = operation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        """As the store, and then the operation, once."""
        found = await self._store.customer(organization, customer_id)
        operation, self._audit_entry = self._audit_entry, None
        if operation is not None:
            await operation()
        return found


def test_a_deposit_made_elsewhere_since_the_customer_was_read(tmp_path: Path) -> None:
    """It is answered as made, although its account was unknown when the customer was read."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as elsewhere:

            async def overtake() -> None:
                await points.order(elsewhere, scene.caller, scene.retailer_id, customer_id, [status(10, "once")])

            scene.context.store = cast("Store", _Overtaken(scene.context.store, overtake))
            await scene.deposit(customer_id, status(10, "once"))
        assert [each.available for each in (await standing(scene, customer_id)).balances] == [10 * UNITS]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_level_that_another_process_has_just_added(tmp_path: Path) -> None:
    """A customer promoted elsewhere to a level unknown here is served at once: the program is read anew."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        assert await level(scene, customer_id) == "L0"
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as elsewhere:
            await elsewhere.commit(
                AddTierLevel(1, "level-4", "club", 4, "L4"),
                AddTierRule(1, "rule-4", "level-4", "tree-4", "root-4", "constraint-4", 9_000 * UNITS),
                AddTierRuleAccount(1, "rule-4", "account-tier"),
            )
            await points.order(elsewhere, scene.caller, scene.retailer_id, customer_id, [status(9_000)])
        assert await level(scene, customer_id) == "L4"

    play(tmp_path, scenario)


def test_a_deposit_for_a_level_that_another_process_has_just_added(tmp_path: Path) -> None:
    """A deposit for a customer whose level is unknown here is decided on the program read anew, and made once."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await scene.deposit(customer_id, status(1))
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as elsewhere:
            await elsewhere.commit(
                AddTierLevel(1, "level-4", "club", 4, "L4"),
                AddTierRule(1, "rule-4", "level-4", "tree-4", "root-4", "constraint-4", 9_000 * UNITS),
                AddTierRuleAccount(1, "rule-4", "account-tier"),
            )
            await points.order(elsewhere, scene.caller, scene.retailer_id, customer_id, [status(9_000)])
        await scene.deposit(customer_id, status(5))
        known = await points.balances(scene.context, scene.caller, scene.retailer_id, customer_id)
        assert known.summary.total_points == 9_006
        assert await level(scene, customer_id) == "L4"

    play(tmp_path, scenario)
