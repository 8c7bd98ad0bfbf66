"""The audit log: what another process has just added is no surprise to it, and any page tells the use of deposits."""

from pathlib import Path

from tessera import wiring
from tessera.api.platform.points_history import AUDIT_TYPES
from tessera.app.customers import merging
from tessera.app.customers.customers import CustomerRef
from tessera.app.loyalty import points, points_history
from tessera.app.loyalty.settlement import settle_due
from tessera.core.changes import AddPointAccount, SetPointAccount
from tessera.core.loyalty.entries import EntryKind
from tessera.core.loyalty.lots import NOTHING
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import SPEND, UNITS
from tests.support.scene import Scene, play, status
from tests.support.settings import settings_of

DAY_SECONDS = 86_400


def test_every_kind_of_entry_has_a_number_of_its_own() -> None:
    """The wire numbers the kinds of entries, each differently."""
    assert sorted(AUDIT_TYPES) == sorted(EntryKind)
    assert len(set(AUDIT_TYPES.values())) == len(EntryKind)


def test_an_account_that_another_process_has_just_added(tmp_path: Path) -> None:
    """An entry in a point account unknown here is shown with its account: the program is read anew."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await scene.deposit(customer_id, status(1))
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as elsewhere:
            await elsewhere.commit(AddPointAccount(1, "account-new", "New", SPEND))
            order = [Deposit("account-new", 5)]
            await points.order(elsewhere, scene.caller, scene.retailer_id, customer_id, order)
        page = await points_history.fetch(scene.context, scene.caller, scene.retailer_id, customer_id, 0, 10)
        names = {account.number: account.id for account in page.program.accounts}
        assert [names[entry.point_account] for entry in page.entries] == ["account-new", "account-tier"]

    play(tmp_path, scenario)


def test_a_page_tells_how_much_of_each_deposit_was_spent_and_expired(tmp_path: Path) -> None:
    """Points that end first are spent first, and what was left of them expires; other pages tell the same."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        await context.commit(SetPointAccount(1, "account-spend", "Beans", SPEND, 10, 0, None))
        ada = await scene.customer("card")
        await scene.deposit(ada, Deposit("account-spend", 70 * UNITS), status(7))
        await scene.deposit(ada, Deposit("account-spend", 30 * UNITS))
        scene.clock.step(DAY_SECONDS)
        await scene.deposit(ada, Deposit("account-spend", 40 * UNITS))
        spend = [Spend(("account-spend",), 60 * UNITS)]
        await points.order(context, scene.caller, scene.retailer_id, ada, spend)

        async def used(skip: int = 0, take: int = 50) -> dict[int, tuple[int, int]]:
            """The points of each deposit that were spent, and that expired; nothing of the others."""
            page = await points_history.fetch(context, scene.caller, scene.retailer_id, ada, skip, take)
            return {
                entry.number: (use.spent // UNITS, use.expired // UNITS)
                for entry, use in zip(page.entries, page.uses, strict=True)
                if use != NOTHING
            }

        assert await used() == {1: (60, 0)}
        scene.clock.step(10 * DAY_SECONDS)
        assert await settle_due(context) == 1
        assert await used() == {1: (60, 10), 3: (0, 30)}
        await points.order(context, scene.caller, scene.retailer_id, ada, [Spend(("account-spend",), 15 * UNITS)])
        whole = {1: (60, 10), 3: (0, 30), 4: (15, 0)}
        assert await used() == whole
        for take in (1, 2, 3):
            pages = [await used(skip, take) for skip in range(0, 7, take)]
            assert {number: use for page in pages for number, use in page.items()} == whole

    play(tmp_path, scenario)


def test_a_customer_with_merged_ones_is_shown_in_time_order(tmp_path: Path) -> None:
    """Entries of customers who were merged stand among the others by their time, on every page, with their use."""

    async def scenario(scene: Scene) -> None:
        ada, gone = await scene.customer("card"), await scene.customer("gone")
        for who, amount in ((gone, 1), (ada, 2), (gone, 3), (ada, 4)):
            scene.clock.step(60)
            await scene.deposit(who, Deposit("account-spend", amount * UNITS))
        await merging.merge(
            scene.context, scene.caller, scene.shop.api_key, CustomerRef(ada), merging.Merged(gone, None)
        )
        scene.clock.step(60)
        spend = [Spend(("account-spend",), 4 * UNITS)]
        await points.order(scene.context, scene.caller, scene.retailer_id, ada, spend)
        whole = await points_history.fetch(scene.context, scene.caller, scene.retailer_id, ada, 0, 50)
        assert [each.amount // UNITS for each in whole.entries] == [-4, 4, 3, 2, 1]
        assert sum(used.spent for used in whole.uses) == 4 * UNITS
        paged = []
        for skip in range(0, whole.total, 2):
            page = await points_history.fetch(scene.context, scene.caller, scene.retailer_id, ada, skip, 2)
            paged += list(zip(page.entries, page.uses, strict=True))
        assert paged == list(zip(whole.entries, whole.uses, strict=True))

    play(tmp_path, scenario)


def test_every_request_has_an_id_in_the_log(tmp_path: Path) -> None:
    """The entries of one request have one id, with and without idempotency ids; other requests have others."""

    async def scenario(scene: Scene) -> None:
        ada = await scene.customer("card")
        await scene.deposit(ada, status(1))
        await scene.deposit(ada, status(1))
        await scene.deposit(ada, status(1, "once"))
        await scene.deposit(ada, status(1, "once"))
        await scene.deposit(ada, status(1), Deposit("account-spend", UNITS))
        page = await points_history.fetch(scene.context, scene.caller, scene.retailer_id, ada, 0, 50)
        ids = [each.request for each in page.entries]
        assert None not in ids
        assert ids[0] == ids[1]
        assert len(set(ids)) == len(ids) - 1 == 4

    play(tmp_path, scenario)
