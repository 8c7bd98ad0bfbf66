"""Where a customer stands: what the ledger and the membership history sum up to, kept beside them."""

import msgspec

from tessera.core.loyalty.points import Balance
from tessera.core.loyalty.tiers import Membership


class Standing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The balances and current memberships of one moment.

    `entries` is how many the ledger has of this customer, which is the number of the latest.
    """

    balances: list[Balance]
    memberships: list[Membership]
    entries: int = 0
