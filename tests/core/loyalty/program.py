"""A loyalty program as a value, and balances in it, for the tables of this floor."""

from tessera.core.loyalty.points import SPEND, TIER, UNITS, Balance, PointAccount
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem

SPEND_ACCOUNT, TIER_ACCOUNT, OTHER_ACCOUNT = 1, 2, 3
TARGETS = (0, 500, 2_000, 5_000)


def level(
    number: int, rank: int, name: str, target_points: int, accounts: tuple[int, ...] = (TIER_ACCOUNT,)
) -> TierLevel:
    """A level reached at this many points."""
    rule = Rule(f"tree{rank}", f"root{rank}", f"rule{rank}", f"constraint{rank}", target_points * UNITS, accounts)
    return TierLevel(number, f"level{rank}", rank, name, rule if rank else None)


SYSTEM = TierSystem(
    7, "club", "The Club", 365, tuple(level(70 + rank, rank, f"L{rank}", target) for rank, target in enumerate(TARGETS))
)
PROGRAM = Program(
    1,
    "retailer",
    (
        PointAccount(SPEND_ACCOUNT, "spend", "Beans", SPEND),
        PointAccount(TIER_ACCOUNT, "tier", "Status", TIER),
        PointAccount(OTHER_ACCOUNT, "other", "Charity", "Other"),
    ),
    (SYSTEM,),
)


def balances(**available: int) -> dict[int, Balance]:
    """Balances in units: `spend=`, `tier=`, `other=`; an account not named is untouched."""
    numbers = {account.id: account.number for account in PROGRAM.accounts}
    return {numbers[name]: Balance(numbers[name], f"mine-{name}", units, units) for name, units in available.items()}
