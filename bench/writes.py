"""Deposits and spends: each an entry of the ledger on the disk before it is answered, under 32 callers at once."""

import asyncio
from pathlib import Path
from statistics import median

from bench.folders import Folder
from bench.kinds import Kind, request, write
from bench.measure import Record, Subject, Turn, turn
from bench.processes import BenchError
from bench.results import Line
from bench.wrk import Requests
from tessera import wiring
from tessera.app.callers import Caller
from tessera.app.loyalty import ledger_check, points
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import SPEND, UNITS
from tessera.store import ledger_check as reading
from tessera.store.database import SQLiteDatabase
from tessera.store.folder import DATABASE

RATE_TARGET = 5000
P99_MILLISECONDS_TARGET = 50
SAVINGS_POINTS = 10_000_000
"""What each customer has beforehand, so that no spend is refused."""

UNIQUE = "#" * 26
"""Replaced by a number of its own in each request (see `load/walk.lua`)."""

DEPOSIT = Kind("deposit", "deposit, durable", 0)
SPENDING = Kind("spend", "spend, durable", 0)
KINDS = (DEPOSIT, SPENDING)


def requests(folder: Folder, token: str, account: str, kind: Kind, path: Path) -> Requests:
    """One request for each customer, with an idempotency id that is new each time."""
    path_and_detail = {
        DEPOSIT.name: ("deposit", f'"deposit_details":[{{"point_account_id":"{account}"'),
        SPENDING.name: ("spend_multiple", f'"spend_details":[{{"point_account_ids":["{account}"]'),
    }
    action, detail = path_and_detail[kind.name]
    return write(
        path,
        (
            request(
                f"POST /api/1.0/user_points/{action}",
                f'{{"retailer_id":"{folder.retailer_id}","user_id":"{customer}",{detail},"amount":0.5,'
                f'"reference_id":"order-{index}","idempotency_id":"{UNIQUE}"}}]}}',
                Authorization=f"Bearer {token}",
                Content_Type="application/json",
            )
            for index, customer in enumerate(folder.customer_ids)
        ),
    )


def savings(folder: Folder) -> str:
    """Give each customer points to spend; the id of the point account."""

    async def give() -> str:
        async with wiring.open_context(folder.settings) as context:
            program = await context.store.program(1)
            if program is None:
                raise BenchError("The folder has no loyalty program.")
            account = next(each.id for each in program.accounts if each.grouping_label == SPEND)
            caller = Caller(1, ("openid",))
            deposit = Deposit(account, SAVINGS_POINTS * UNITS)
            await asyncio.gather(
                *(
                    points.order(context, caller, folder.retailer_id, customer, [deposit])
                    for customer in folder.customer_ids
                )
            )
            return account

    return asyncio.run(give())


class Writes:
    """The rounds of deposits and spends."""

    def __init__(self, bare: Subject, subject: Subject, folder: Folder, length: Turn) -> None:
        self._bare = bare
        self._subject = subject
        self._folder = folder
        self._length = length
        self._records = {kind.name: Record() for kind in KINDS}

    def run(self, number: int) -> None:
        """One round: the bare handler, deposits, spends."""
        bare = turn(self._bare, Kind("token_query", "", 0), self._length, number)
        for kind in KINDS:
            self._records[kind.name].add(turn(self._subject, kind, self._length, number), bare.rate)

    def lines(self) -> list[Line]:
        """Rates and 99th percentiles, and the proof that the ledger holds what was answered."""
        found = []
        for kind in KINDS:
            record = self._records[kind.name]
            told = record.line(kind.name, kind.title, "of bare", None)
            rate = told.requests_per_second or 0.0
            found += [
                told,
                Line(f"{kind.name}_rate", f"  {kind.name}s a second", rate, "a second", RATE_TARGET),
                Line(
                    f"{kind.name}_p99",
                    "  99th percentile",
                    median(record.p99_ms),
                    "ms",
                    P99_MILLISECONDS_TARGET,
                    at_least=False,
                ),
            ]
        proof = ledger_check.prove(reading.records(SQLiteDatabase(self._folder.path / DATABASE)), lambda _proof: None)
        title = f"ledger of {proof.entries:,} entries: disagreements"
        return [*found, Line("ledger", title, proof.disagreements, "", 0, at_least=False)]
