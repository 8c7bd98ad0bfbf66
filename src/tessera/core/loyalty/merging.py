"""Two customers become one: what one of them has goes to the other, whose book it is.

The ledger of the one that goes follows that of the survivor, entry by entry; nothing of it is written anew, so what
was earned, and when, stays as it was. In each tier system the higher level stays.
"""

from tessera.core.changes import Change, LeaveTier
from tessera.core.loyalty import points
from tessera.core.loyalty.ledger_session import LedgerSession
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, Reason


def take_in(session: LedgerSession, merged: int, other: Standing, now: int) -> list[Change]:
    """Give the customer of a book what another one (by number) has; the changes that end its memberships.

    Raises Validation when a balance would be out of range, LookupError for a level that the program does not have.
    """
    for balance in other.balances:
        own = session.balances.get(balance.point_account)
        session.balances[balance.point_account] = balance if own is None else points.combined(own, balance)
    session.entries += other.entries
    session.restate()
    return [change for held in other.memberships for change in _membership(session, merged, held, now)]


def _membership(session: LedgerSession, merged: int, held: Membership, now: int) -> list[Change]:
    own = next((each for each in session.memberships if each.tier_system == held.tier_system), None)
    if own is None:
        session.memberships.append(held)
        return []
    system = session.program.system_numbered(held.tier_system)
    if system is None or system.level(held.tier_level).rank <= system.level(own.tier_level).rank:
        return [LeaveTier(merged, held.id, now)]
    session.memberships[session.memberships.index(own)] = held
    told = Membership(held.tier_system, held.tier_level, session.new_id(), now, None)
    session.tell_tier(system, system.level(own.tier_level), system.level(held.tier_level), told, Reason.MERGED)
    return [LeaveTier(session.owner.number, own.id, now)]
