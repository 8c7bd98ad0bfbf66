"""What falls due happens by itself, once, whichever process does it, and goes on when that process dies."""

import asyncio
import os
import signal
import time
from pathlib import Path

from tessera import wiring
from tessera.app.callers import Caller
from tessera.app.customers import customers
from tessera.app.demo import demo
from tessera.app.loyalty import points
from tessera.app.organizations import organizations
from tessera.core.customers.customers import NewCustomer
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import TIER, UNITS
from tessera.core.times import DAY, SECOND
from tests.support import engines, invariants
from tests.support.clock import StepClock
from tests.support.processes import children
from tests.support.server import running
from tests.support.settings import settings_of

SETTLED_SECONDS = 90.0
"""A lease of 15 s may have to end first; the rest is for a busy machine."""


def overdue(folder: Path, name: str) -> str:
    """A customer who earned a level 400 days ago and no longer has the points for it; the id."""
    clock = StepClock(int(time.time()) * SECOND - 400 * DAY)

    async def made() -> str:
        async with wiring.open_context(settings_of(folder), clock=clock) as context:
            organization = await organizations.find(context, demo.ORGANIZATION)
            program = await context.store.program(organization.number)
            assert program is not None
            caller = Caller(organization.number, ("openid",))
            customer_id = context.new_uuid()
            new = NewCustomer(external_id=name)
            await context.commit(*customers.creation(context, organization.number, program, customer_id, new))
            account = next(each.id for each in program.accounts if each.grouping_label == TIER)
            for order in (Deposit(account, 600 * UNITS), Spend((account,), 200 * UNITS, is_return=True)):
                await points.order(context, caller, organization.retailer_id, customer_id, [order])
            return customer_id

    return asyncio.run(made())


def history(folder: Path, customer_id: str) -> list[str]:
    """Why the customer entered each of its levels, in order."""
    statement = (
        "select m.reason from membership m join customer c on c.number = m.customer where c.id = ? order by m.number"
    )
    with engines.reading(folder) as database:
        return [row[0] for row in database.rows(statement, customer_id)]


def settled(folder: Path, customer_id: str, seconds: float) -> list[str]:
    """The history once the customer was settled, or when the time is over."""
    deadline = time.monotonic() + seconds
    while (found := history(folder, customer_id))[-1] != "demoted" and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_a_level_is_lost_by_itself_once_and_also_when_the_settling_process_has_died(tmp_path: Path) -> None:
    """Of two workers one settles whoever is due; when it is killed the other goes on, and nothing happens twice."""
    folder = tmp_path / "data"
    with running(folder, "--workers", "2") as server:
        first = overdue(folder, "first")
        assert history(folder, first) == ["joined", "earned"]
        assert settled(folder, first, SETTLED_SECONDS) == ["joined", "earned", "demoted"]
        for worker in children(server.process.pid):
            os.kill(worker, signal.SIGKILL)
        second = overdue(folder, "second")
        assert settled(folder, second, SETTLED_SECONDS) == ["joined", "earned", "demoted"]
        time.sleep(3 * 2.0)
        assert [history(folder, each)[2:] for each in (first, second)] == [["demoted"], ["demoted"]]
    invariants.check(folder)
