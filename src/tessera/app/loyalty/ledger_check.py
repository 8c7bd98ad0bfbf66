"""Proving the ledger: every balance is computed again from its entries and compared with the one that is kept."""

from collections.abc import Callable, Iterable

import msgspec

from tessera.core.administration.finding import Finding, Level
from tessera.core.loyalty.ledger_check import disagreements
from tessera.store.ledger_check import Record

SHOWN_MAX = 20
"""Disagreements that are told one by one; the others are only counted."""

REPORT_CUSTOMERS = 1000


class LedgerCheck(msgspec.Struct):
    """What was looked at so far, and what does not agree."""

    customers: int = 0
    entries: int = 0
    disagreements: int = 0
    shown: list[str] = []


def prove(records: Iterable[Record], report: Callable[[LedgerCheck], None]) -> LedgerCheck:
    """Look at every customer; `report` is called now and then with the proof so far. Raises as reading does."""
    proof = LedgerCheck()
    for record in records:
        proof.customers += 1
        proof.entries += sum(each.entries for each in record.sums)
        for text in disagreements(record.standing, record.due_at, record.sums, record.held):
            proof.disagreements += 1
            if len(proof.shown) < SHOWN_MAX:
                proof.shown.append(f"customer {record.customer_id}: {text}")
        if proof.customers % REPORT_CUSTOMERS == 0:
            report(proof)
    return proof


def findings(proof: LedgerCheck) -> list[Finding]:
    """What an operator is told of it."""
    looked_at = f"{proof.entries:,} entries of {proof.customers:,} customers"
    if not proof.disagreements:
        return [Finding(Level.OK, "ledger", f"{looked_at}: every balance is the sum of its entries.")]
    unshown = proof.disagreements - len(proof.shown)
    more = f", {unshown:,} more than shown" if unshown else ""
    return [
        *(Finding(Level.FAIL, "ledger", f"{text}.") for text in proof.shown),
        Finding(
            Level.FAIL,
            "ledger",
            f"{looked_at}: {proof.disagreements:,} disagreements{more}. Stop the server, keep a copy of the folder,"
            " and restore a backup from before.",
        ),
    ]
