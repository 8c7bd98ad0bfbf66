"""The audit log: what another process has just added is no surprise to it."""

from pathlib import Path

from tessera import wiring
from tessera.app import audit_log, points
from tessera.core.changes import AddPointAccount
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import SPEND
from tests.support.house import settings_of
from tests.support.scene import Scene, play, status


def test_an_account_that_another_process_has_just_added(tmp_path: Path) -> None:
    """An entry in a point account unknown here is shown with its account: the program is read anew."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await scene.deposit(customer_id, status(1))
        async with wiring.open_house(settings_of(scene.folder), clock=scene.clock) as elsewhere:
            await elsewhere.commit(AddPointAccount(1, "account-new", "New", SPEND))
            order = [Deposit("account-new", 5)]
            await points.order(elsewhere, scene.caller, scene.retailer_id, customer_id, order)
        page = await audit_log.fetch(scene.house, scene.caller, scene.retailer_id, customer_id, 0, 10)
        names = {account.number: account.id for account in page.program.accounts}
        assert [names[entry.point_account] for entry in page.entries] == ["account-new", "account-tier"]

    play(tmp_path, scenario)
