"""One customer's book while something is done with it: the standing moves, and every move leaves its changes.

A book is opened on what was read, settled up to now, moved, and closed: then `changes` is everything that the store has
to write, in order. What raises a refusal has moved nothing. Amounts are in units, times in microseconds.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from tessera.core.changes import AddEntry, AddEvent, Change, JoinTier, LeaveTier, SetStanding
from tessera.core.errors import NotFound, Validation
from tessera.core.event_types import EventType, PointsMoved, TierMoved
from tessera.core.loyalty import points, tiers
from tessera.core.loyalty.entries import EntryKind
from tessera.core.loyalty.orders import Deposit, Order, Spend, fingerprint
from tessera.core.loyalty.points import Balance, PointAccount, number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, Reason, TierLevel, TierSystem

NEVER = 2**62
"""`due_at` of a customer to whom nothing happens by itself."""

_encode = msgspec.json.Encoder().encode

_EVENT_TYPES = {
    EntryKind.DEPOSIT: EventType.POINTS_EARNED,
    EntryKind.SPEND: EventType.POINTS_SPENT,
    EntryKind.RETURN: EventType.POINTS_SPENT,
    EntryKind.EXPIRE: EventType.POINTS_EXPIRED,
}


class Owner(NamedTuple):
    """Whose book it is; `version` is that of the standing that was read."""

    number: int
    id: str
    version: int


class AppliedAmount(NamedTuple):
    """What an order did to one point account: `amount` moved (negative when taken), `available` afterwards."""

    point_account: int
    amount: int
    available: int


class LedgerSession:
    """The book of one customer. `new_id` hands out ids; `request` is the fingerprint that entries are marked with."""

    def __init__(
        self,
        owner: Owner,
        standing: Standing,
        program: Program,
        new_id: Callable[[], str],
        request: str | None = None,
    ) -> None:
        self.program = program
        self.balances = {balance.point_account: balance for balance in standing.balances}
        self.memberships = list(standing.memberships)
        self.changes: list[Change] = []
        self.owner = owner
        self.entries = standing.entries
        self.new_id = new_id
        self._request = request
        self._moved = False

    def close(self) -> list[Change]:
        """The changes to write; none when nothing moved."""
        if self._moved:
            standing = self.standing()
            due = due_at(standing.balances, standing.memberships)
            self.changes.append(SetStanding(self.owner.number, _encode(standing).decode(), due, self.owner.version))
            self._moved = False
        return self.changes

    def standing(self) -> Standing:
        """Return the standing after all moves so far."""
        return Standing(list(self.balances.values()), list(self.memberships), self.entries)

    def restate(self) -> None:
        """Write the standing even if nothing moves: whoever else decided on the same one has to decide again."""
        self._moved = True

    def last_entry_id(self) -> str:
        """The id of the entry that was made last."""
        return next(each.id for each in reversed(self.changes) if isinstance(each, AddEntry))

    def settle(self, now: int) -> None:
        """Let happen what was due by itself up to now, in its order: points expire, then levels are looked at."""
        while True:
            due = due_at(self.balances.values(), self.memberships)
            if due > now:
                return
            self._expire(due)
            self._evaluate(due)

    def _expire(self, at: int) -> None:
        for balance in list(self.balances.values()):
            amount = sum(lot.remaining for lot in balance.lots if lot.expires_at <= at)
            if amount:
                account = self.program.account_numbered(balance.point_account)
                self.balances[account.number] = points.taken(balance, amount)
                self._enter(account, -amount, EntryKind.EXPIRE, at)

    def _evaluate(self, at: int) -> None:
        for place, held in enumerate(self.memberships):
            if held.next_maintenance_eval_at is None or held.next_maintenance_eval_at > at:
                continue
            system = self.program.system_numbered(held.tier_system)
            if system is None:  # retired since: its levels are looked at no more
                self.memberships[place] = msgspec.structs.replace(held, next_maintenance_eval_at=None)
                self._moved = True
                continue
            current = system.level(held.tier_level)
            level = tiers.kept_level(system, current, self.balances)
            if level is current:
                again = tiers.evaluation_after(system, at)
                self.memberships[place] = msgspec.structs.replace(held, next_maintenance_eval_at=again)
                self._moved = True
            else:
                self._enter_level(system, level, at, Reason.EARNED if level.rank > current.rank else Reason.DEMOTED)

    def check_deposit(self, order: Deposit) -> PointAccount:
        """The account of a deposit that can be made. Raises NotFound, Validation."""
        account = self.program.account_with_id(order.point_account_id)
        if account is None:
            raise NotFound("point_account_id names no point account of this retailer.", sent=order.point_account_id)
        if account.retired:
            raise Validation("point_account_id names a point account that is retired.", sent=order.point_account_id)
        source = order.point_source_id
        if source is not None and self.program.sources and self.program.source_with_id(source) is None:
            raise NotFound("point_source_id names no point source of this retailer.", sent=source)
        return account

    def deposit(self, order: Deposit, place: int, now: int) -> list[AppliedAmount]:
        """Make a deposit. Raises NotFound, Validation."""
        account = self.check_deposit(order)
        expires_at = points.expiry(account, now)
        before = self.balances.get(account.number) or Balance(account.number, self.new_id(), 0, 0)
        after = points.deposited(before, order.amount, expires_at)
        self.balances[account.number] = after
        self._enter(account, order.amount, EntryKind.DEPOSIT, now, order, place, expires_at=expires_at)
        return [AppliedAmount(account.number, order.amount, after.available)]

    def spend(self, order: Spend, place: int, now: int) -> list[AppliedAmount]:
        """Take points from the accounts in their order. Raises NotFound, Validation."""
        kind = EntryKind.RETURN if order.is_return else EntryKind.SPEND
        lines = []
        for first, (account, amount) in enumerate(self._shares(order)):
            before = self.balances.get(account.number) or Balance(account.number, self.new_id(), 0, 0)
            after = points.taken(before, amount, returned=order.is_return)
            self.balances[account.number] = after
            self._enter(account, -amount, kind, now, order, place, is_first=not first)
            lines.append(AppliedAmount(account.number, -amount, after.available))
        return lines

    def _shares(self, order: Spend) -> list[tuple[PointAccount, int]]:
        """How much each account gives."""
        if order.amount <= 0:
            raise Validation("amount must be more than 0.", sent=points.number(order.amount))
        accounts = []
        for account_id in dict.fromkeys(order.point_account_ids):
            account = self.program.account_with_id(account_id)
            if account is None:
                raise NotFound("point_account_ids names no point account of this retailer.", sent=account_id)
            accounts.append(account)
        shares = {account.number: min(order.amount, self._available(account)) for account in accounts}
        left = order.amount
        for account in accounts:
            shares[account.number] = given = min(left, max(0, shares[account.number]))
            left -= given
        if left:
            lender = next((account for account in accounts if account.overdraw), None) if order.force_spend else None
            if lender is None:
                raise Validation("There are not enough points.")
            shares[lender.number] += left
            if self._available(lender) - shares[lender.number] < -points.AMOUNT_MAX:
                raise Validation(f"The balance would pass -{points.AMOUNT_MAX // points.UNITS} points.")
        return [(account, shares[account.number]) for account in accounts if shares[account.number]]

    def _available(self, account: PointAccount) -> int:
        balance = self.balances.get(account.number)
        return 0 if balance is None else balance.available

    def promote(self, now: int) -> None:
        """Move up to the levels that the balances now earn, several at once if earned; never down."""
        for system in self.program.systems:
            held = self.membership(system)
            current = None if held is None else system.level(held.tier_level)
            earned = tiers.earned_level(system, current, self.balances)
            if earned is not current:
                self._enter_level(system, earned, now, Reason.JOINED if current is None else Reason.EARNED)

    def move(self, system: TierSystem, level: TierLevel, now: int) -> None:
        """Put the customer into a level, whatever its balances; staying in the same one changes nothing."""
        held = self.membership(system)
        if held is None or held.tier_level != level.number:
            self._enter_level(system, level, now, Reason.MOVED)

    def membership(self, system: TierSystem) -> Membership | None:
        """The place held in a tier system."""
        return next((each for each in self.memberships if each.tier_system == system.number), None)

    def _enter_level(self, system: TierSystem, level: TierLevel, at: int, reason: Reason) -> None:
        held = self.membership(system)
        entered = Membership(
            system.number, level.number, self.new_id(), at, tiers.evaluation_after(system, at)
        )  # fmt: skip
        if held is None:
            self.memberships.append(entered)
        else:
            self.memberships[self.memberships.index(held)] = entered
            self.changes.append(LeaveTier(self.owner.number, held.id, at))
        self.changes.append(
            JoinTier(
                customer_id=self.owner.id,
                id=entered.id,
                tier_system=system.number,
                tier_level=level.number,
                joined_at=at,
                reason=reason.value,
            )
        )
        self._moved = True
        former = None if held is None else system.level(held.tier_level)
        if former is not None or level.rank:
            self.tell_tier(system, former, level, entered, reason)

    def _enter(
        self, account: PointAccount, amount: int, kind: EntryKind, at: int, order: Order | None = None,
        place: int = 0, *, is_first: bool = True, expires_at: int | None = None,
    ) -> None:  # fmt: skip
        """One entry of the ledger; the idempotency id stands in the first that an order makes."""
        self.entries += 1
        self._moved = True
        idempotency_id = order.idempotency_id if order is not None and is_first else None
        entry = AddEntry(
            customer=self.owner.number,
            number=self.entries,
            id=self.new_id(),
            point_account=account.number,
            amount=amount,
            kind=kind.value,
            request=None if order is None else self._request,
            place=place,
            idempotency_id=idempotency_id,
            fingerprint=None if order is None or idempotency_id is None else fingerprint(order),
            reference_id=None if order is None else order.reference_id,
            reference_type=None if order is None else order.reference_type,
            point_source_id=order.point_source_id if isinstance(order, Deposit) else None,
            occurred_at=at,
            expires_at=expires_at,
        )
        self.changes.append(entry)
        self._tell_points(account, entry)

    def _tell_points(self, account: PointAccount, entry: AddEntry) -> None:
        source = entry.point_source_id and self.program.source_with_id(entry.point_source_id)
        told = PointsMoved(
            retailer_id=self.program.retailer_id,
            user_id=self.owner.id,
            entry_id=entry.id,
            point_account_id=account.id,
            account_name=account.name,
            amount=number(abs(entry.amount)),
            available_balance=number(self.balances[account.number].available),
            point_source_id=source.id if source else UNSET,
            is_return=True if entry.kind == EntryKind.RETURN else UNSET,
        )
        self._tell(_EVENT_TYPES[EntryKind(entry.kind)], told, entry.id, entry.occurred_at)

    def tell_tier(
        self, system: TierSystem, former: TierLevel | None, level: TierLevel, entered: Membership, reason: Reason
    ) -> None:
        """Tell of a level that was entered."""
        down = former is not None and level.rank < former.rank
        told = TierMoved(
            retailer_id=self.program.retailer_id,
            user_id=self.owner.id,
            tier_system_id=system.id,
            tier_system=system.name,
            tier_level_id=level.id,
            level=level.name,
            reason=reason.value,
            former_level=UNSET if former is None else former.name,
        )
        self._tell(EventType.TIER_DEMOTED if down else EventType.TIER_PROMOTED, told, entered.id, entered.joined_at)

    def _tell(self, kind: EventType, told: PointsMoved | TierMoved, event_id: str, at: int) -> None:
        """An event, by the id of what it tells of."""
        text = _encode(told).decode()
        event = AddEvent(
            id=event_id,
            organization=self.program.organization,
            kind=kind.value,
            data=text,
            occurred_at=at,
            user_id=self.owner.id,
        )
        self.changes.append(event)


def due_at(balances: Iterable[Balance], memberships: Iterable[Membership]) -> int:
    """When a standing changes by itself next."""
    due = NEVER
    for balance in balances:
        if balance.lots and balance.lots[0].expires_at < due:
            due = balance.lots[0].expires_at
    for held in memberships:
        if held.next_maintenance_eval_at is not None and held.next_maintenance_eval_at < due:
            due = held.next_maintenance_eval_at
    return due
