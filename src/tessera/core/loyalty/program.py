"""The loyalty program of one organization: its point accounts and tier systems."""

import msgspec

from tessera.core.loyalty.points import PointAccount
from tessera.core.loyalty.tiers import TierSystem


class Program(msgspec.Struct, frozen=True, eq=False):
    """What an organization's customers can earn. `organization` is its number, `retailer_id` its name on the wire."""

    organization: int
    retailer_id: str
    accounts: tuple[PointAccount, ...]
    systems: tuple[TierSystem, ...]

    def account_with_id(self, account_id: str) -> PointAccount | None:
        """The point account with this id, or None."""
        return next((account for account in self.accounts if account.id == account_id), None)

    def system_with_id(self, system_id: str) -> TierSystem | None:
        """The tier system with this id, or None."""
        return next((system for system in self.systems if system.id == system_id), None)
