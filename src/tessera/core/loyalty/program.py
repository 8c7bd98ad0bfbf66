"""The loyalty program of one organization: its point accounts and tier systems."""

import msgspec

from tessera.core.loyalty.points import PointAccount, PointSource
from tessera.core.loyalty.purchase_rules import PurchaseRule
from tessera.core.loyalty.tiers import TierSystem
from tessera.core.text import same_id


class Award(msgspec.Struct, frozen=True):
    """What an event earns: `amount` units in a point account (by number)."""

    point_account: int
    amount: int
    point_source_id: str | None = None


class EventRule(msgspec.Struct, frozen=True):
    """What happens when a partner tells of an event by its `lookup`."""

    number: int
    id: str
    lookup: str
    name: str
    awards: tuple[Award, ...] = ()
    retired: bool = False


class Program(msgspec.Struct, frozen=True, eq=False):
    """What an organization's customers can earn. `organization` is its number, `retailer_id` its name on the wire.

    Tier systems, levels, event rules and purchase rules that are retired are left out, unless it was read whole;
    `version` grows with every change of it.
    """

    organization: int
    retailer_id: str
    accounts: tuple[PointAccount, ...]
    systems: tuple[TierSystem, ...]
    sources: tuple[PointSource, ...] = ()
    event_rules: tuple[EventRule, ...] = ()
    version: int = 0
    purchase_rules: tuple[PurchaseRule, ...] = ()

    def account_with_id(self, account_id: str) -> PointAccount | None:
        """The point account with this id, or None."""
        return next((account for account in self.accounts if same_id(account.id, account_id)), None)

    def system_with_id(self, system_id: str) -> TierSystem | None:
        """The tier system with this id, or None."""
        return next((system for system in self.systems if same_id(system.id, system_id)), None)

    def account_numbered(self, number: int) -> PointAccount:
        """The point account with this number. Raises LookupError when it is not of this program."""
        for account in self.accounts:
            if account.number == number:
                return account
        raise LookupError(f"organization {self.organization} has no point account {number}")

    def event_rule(self, lookup: str) -> EventRule | None:
        """The rule of an event, or None when it is not known."""
        return next((rule for rule in self.event_rules if rule.lookup == lookup), None)

    def source_with_id(self, source_id: str) -> PointSource | None:
        """The point source with this id, or None."""
        return next((source for source in self.sources if same_id(source.id, source_id)), None)

    def system_numbered(self, number: int) -> TierSystem | None:
        """The tier system with this number; None for one that is retired."""
        return next((system for system in self.systems if system.number == number), None)
